// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles

/// A walk along a path, component by component, as Linux resolves one (path_resolution(7)).
///
/// `..` leads out of the directory that was really reached, not of the link that led there. Whoever walks decides which places
/// may be links and where they are on this host: the kernel does not know the paths of a chroot store.
struct LinkWalk {
    /// As many links as Linux follows in one path.
    static let linkLimit = 40

    /// The place that was reached, without a slash at its end; empty for the root.
    private(set) var place = ""
    /// What is still to be gone, the next component last.
    private var rest: [Substring] = []
    private var linkCount = 0

    /// A walk along an absolute path.
    init(_ path: String) { add(path) }

    /// The whole path from here; nil while it goes back up, so that what it means depends on links.
    var path: String? {
        guard !rest.contains("..") else { return nil }
        return place + rest.reversed().map { "/" + $0 }.joined()
    }

    /// Goes on by one component; false if there is none.
    mutating func advance() -> Bool {
        guard let component = rest.popLast() else { return false }
        if component == ".." {
            place = parent
        } else {
            place += "/" + component
        }
        return true
    }

    /// Goes on along the target of the link that was reached; false if there were too many links.
    mutating func follow(_ target: String) -> Bool {
        linkCount += 1
        place = target.utf8.first == UInt8(ascii: "/") ? "" : parent
        add(target)
        return linkCount <= Self.linkLimit
    }

    /// What a link on this host leads to, as it is written.
    static func target(of link: String) throws(SystemError) -> ByteString {
        let slash = link.utf8.lastIndex(of: UInt8(ascii: "/")) ?? link.startIndex
        let parent = try HostDirectory(slash == link.startIndex ? "/" : String(link[..<slash]))
        return try parent.linkTarget(of: ByteString(Array(link.utf8[slash...].dropFirst())))
    }

    private var parent: String { place.lastIndex(of: "/").map { String(place[..<$0]) } ?? "" }

    private mutating func add(_ path: String) {
        rest += path.split(separator: "/").filter { $0 != "." }.reversed()
    }
}
