// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// The ids that a user may map into a user namespace, as `/etc/subuid` and `/etc/subgid` grant them.
public struct SubordinateIDs: Hashable, Sendable {
    /// Consecutive ids.
    public struct Range: Hashable, Sendable {
        /// The lowest id outside the namespace.
        public let first: UInt32
        /// How many there are.
        public let count: UInt32
    }

    /// Ids of users.
    public let users: Range
    /// Ids of groups.
    public let groups: Range
    /// The set-uid program that maps users.
    public let userMapper: String
    /// The set-uid program that maps groups.
    public let groupMapper: String

    /// The lowest number of ids that is of use: those of the system's accounts.
    private static let leastCount: UInt32 = 1_000
    /// Nobody has a larger file of grants.
    private static let fileLimit = 1 << 20

    /// What the present user has, or nil.
    public static func ofPresentUser(searchPath: String) -> SubordinateIDs? {
        guard let users = range(in: "/etc/subuid"), let groups = range(in: "/etc/subgid"),
            let userMapper = program("newuidmap", in: searchPath),
            let groupMapper = program("newgidmap", in: searchPath)
        else { return nil }
        return SubordinateIDs(users: users, groups: groups, userMapper: userMapper, groupMapper: groupMapper)
    }

    private static func range(in file: String) -> Range? {
        guard let bytes = try? HostFile.read(file, limit: fileLimit) else { return nil }
        return range(in: String(decoding: bytes, as: UTF8.self), uid: getuid(), name: presentUserName())
    }

    /// The largest range that a file grants to a user by number or name.
    static func range(in text: String, uid: UInt32, name: String?) -> Range? {
        let ranges = text.split(separator: "\n").compactMap { line -> Range? in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == "\(uid)" || (name.map { fields[0] == $0 } ?? false),
                let first = UInt32(fields[1]), let count = UInt32(fields[2]), count >= leastCount
            else { return nil }
            return Range(first: first, count: count)
        }
        return ranges.max { $0.count < $1.count }
    }

    private static func presentUserName() -> String? {
        guard let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name else { return nil }
        return unsafe String(cString: name)
    }

    private static func program(_ name: String, in searchPath: String) -> String? {
        let places = searchPath.split(separator: ":").map { "\($0)/\(name)" } + ["/usr/bin/\(name)"]
        return places.first { unsafe access($0, X_OK) == 0 }
    }
}
