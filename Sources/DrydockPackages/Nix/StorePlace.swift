// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockNix

/// A file or directory of a package in a store, by the path that the store gives it.
struct StorePlace: Hashable {
    /// The package that it was found in.
    let package: StorePath
    /// The absolute path, wherever the store is on this host.
    let path: String

    /// An entry of this directory; nil if its name is not UTF-8.
    func below(_ name: ByteString) -> StorePlace? {
        name.utf8Text.map { StorePlace(package: package, path: "\(path)/\($0)") }
    }

    /// What it is, links not followed.
    func kind(in store: StoreLocation) throws(SystemError) -> FileStatus.Kind {
        try FileStatus(of: store.physicalPath(of: path), followingLinks: false).kind
    }

    /// The directory that it is or leads to; nil if it leads to something else.
    func directory(in store: StoreLocation) throws -> StorePlace? {
        guard let end = try store.end(of: path) else { return nil }
        let place = StorePlace(package: package, path: end)
        return try place.kind(in: store) == .directory ? place : nil
    }

    /// The target of a link, as it is written.
    func linkTarget(in store: StoreLocation) throws(SystemError) -> ByteString {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        let parent = try HostDirectory(store.physicalPath(of: String(path[..<slash])))
        return try parent.linkTarget(of: ByteString(Array(path.utf8[slash...].dropFirst())))
    }
}

extension StoreLocation {
    /// As many links as Linux follows (path_resolution(7)).
    private static let maximumLinks = 40

    /// Where a path of the store is on this host.
    func physicalPath(of path: String) -> String { physicalDirectory + path.dropFirst(storeDirectory.count) }

    /// The path of the store that a path leads to once all links are followed; nil if it leads nowhere or elsewhere.
    ///
    /// Links of a chroot store name paths of the store, not of this host; therefore the kernel cannot follow them.
    func end(of path: String) throws(SystemError) -> String? {
        var current = path
        for _ in 0...Self.maximumLinks {
            guard current.hasPrefix(storeDirectory + "/") else { return nil }
            switch try step(current) {
            case .arrived: return current
            case .nowhere: return nil
            case .link(let next): current = next
            }
        }
        return nil
    }

    private enum Step {
        case arrived
        case nowhere
        case link(String)
    }

    /// Follows the first link on the way.
    private func step(_ path: String) throws(SystemError) -> Step {
        let names = path.dropFirst(storeDirectory.count).split(separator: "/")
        var walked = storeDirectory
        for (position, name) in names.enumerated() {
            let place = "\(walked)/\(name)"
            guard let status = try? FileStatus(of: physicalPath(of: place), followingLinks: false) else {
                return .nowhere
            }
            if status.kind == .symlink {
                let target = try HostDirectory(physicalPath(of: walked)).linkTarget(of: ByteString(String(name)))
                guard let text = target.utf8Text else { return .nowhere }
                let rest = names[(position + 1)...].map { "/" + $0 }.joined()
                return .link(Self.normalized((text.hasPrefix("/") ? text : "\(walked)/\(text)") + rest))
            }
            walked = place
        }
        return .arrived
    }

    /// The path without `.` and `..`.
    private static func normalized(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }
}
