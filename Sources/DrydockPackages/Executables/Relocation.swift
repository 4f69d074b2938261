// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The way into the image of an executable that leaves its directory, and of what it finds relative to that directory.
struct Relocation: Hashable {
    /// Where the executable is on the host, without links.
    let executable: ByteString
    /// Where it is in the image.
    let place: ByteString

    /// Where a file ends up that is found through `$ORIGIN`.
    ///
    /// The path is walked twice at once, on the host and in the image: both ways take the same steps from the
    /// executable's directory. A relative link is kept, at its place in the image. An absolute one would lead out of
    /// what moves, so that its place is taken by what it leads to.
    ///
    /// - Parameters:
    ///   - path: The path at which the file was found; it begins with the executable's directory.
    ///   - resolution: What the path led to.
    /// - Returns: The place in the image, and the links that lead to it there.
    /// - Throws: ``ExecutableFailure`` if `..` leads out of the image's root.
    func placement(
        of path: ByteString,
        _ resolution: HostRoot.Resolution
    ) throws(ExecutableFailure) -> ClosureCollection.Placement {
        let directory = executable.parent
        var walk = ParallelWalk(
            host: Self.components(directory),
            image: Self.components(place.parent),
            links: resolution.links[...]
        )
        walk.follow(Self.components(ByteString(path.bytes.dropFirst(directory.count))), isParallel: true)
        guard !walk.leavesRoot else { throw ExecutableFailure(.leavesRoot(from: place), path: path) }
        return ClosureCollection.Placement(
            source: resolution.path,
            place: ParallelWalk.path(walk.image),
            links: walk.kept
        )
    }

    fileprivate static func components(_ path: ByteString) -> [ArraySlice<UInt8>] {
        path.bytes.split(separator: UInt8(ascii: "/"))
    }
}

/// A walk that was made on the host, made again in the image; it needs no file.
private struct ParallelWalk {
    var host: [ArraySlice<UInt8>]
    var image: [ArraySlice<UInt8>]
    /// The links that are still to be met, in order.
    var links: ArraySlice<ExecutableClosure.Link>
    private(set) var kept: [ClosureCollection.PlacedLink] = []
    private(set) var leavesRoot = false

    init(host: [ArraySlice<UInt8>], image: [ArraySlice<UInt8>], links: ArraySlice<ExecutableClosure.Link>) {
        self.host = host
        self.image = image
        self.links = links
    }

    /// Takes some steps on the host, and in the image too if the walk is parallel.
    mutating func follow(_ components: [ArraySlice<UInt8>], isParallel: Bool) {
        for component in components where !component.elementsEqual(".".utf8) {
            if component.elementsEqual("..".utf8) {
                leave(isParallel: isParallel)
            } else if let link = links.first, link.path == Self.path(host + [component]) {
                links.removeFirst()
                follow(link, named: component, isParallel: isParallel)
            } else {
                host.append(component)
                if isParallel { image.append(component) }
            }
        }
    }

    private mutating func follow(_ link: ExecutableClosure.Link, named name: ArraySlice<UInt8>, isParallel: Bool) {
        let isAbsolute = link.target.bytes.first == UInt8(ascii: "/")
        if isAbsolute { host = [] }
        if isParallel, !isAbsolute {
            let copy = ExecutableClosure.Link(path: Self.path(image + [name]), target: link.target)
            kept.append(ClosureCollection.PlacedLink(source: link.path, link: copy))
        }
        follow(Relocation.components(link.target), isParallel: isParallel && !isAbsolute)
        if isParallel, isAbsolute { image.append(name) }
    }

    private mutating func leave(isParallel: Bool) {
        // The root is its own parent, on the host as in a container.
        _ = host.popLast()
        if isParallel, image.popLast() == nil { leavesRoot = true }
    }

    static func path(_ components: [ArraySlice<UInt8>]) -> ByteString {
        ByteString(components.flatMap { [UInt8(ascii: "/")] + $0 })
    }
}
