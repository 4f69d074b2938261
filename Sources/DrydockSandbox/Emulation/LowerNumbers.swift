// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import Glibc
import Synchronization

/// The inode numbers of files in the lower directories of an overlay.
///
/// They are listed once somebody has asked often enough: for a few questions that would take longer than it saves.
final class LowerNumbers: Sendable {
    private enum State: Sendable {
        case asked(times: Int)
        /// Nil if the directories could not be listed.
        case listed(Set<UInt64>?)
    }

    /// How many questions are answered without a list.
    private static let patience = 64
    /// As deep as the sandbox itself walks.
    private static let depthLimit = 400

    private let directories: [String]
    private let state = Mutex(State.asked(times: 0))

    init(_ directories: [String]) { self.directories = directories }

    /// Whether a file of a lower directory may have a number.
    func mayHave(_ number: UInt64) -> Bool {
        state.withLock { state in
            if case .asked(let times) = state {
                state = times < Self.patience ? .asked(times: times + 1) : .listed(try? numbers())
            }
            guard case .listed(let numbers?) = state else { return true }
            return numbers.contains(number)
        }
    }

    private func numbers() throws -> Set<UInt64> {
        var numbers: Set<UInt64> = []
        for path in directories {
            let directory = try HostDirectory(path)
            numbers.insert(try directory.status().identity.inode)
            try Self.list(directory, depth: 0, into: &numbers)
        }
        return numbers
    }

    private static func list(_ directory: borrowing HostDirectory, depth: Int, into numbers: inout Set<UInt64>) throws {
        guard depth < depthLimit else { throw SystemError("read", directory.path, errorNumber: ELOOP) }
        for name in try directory.names() {
            let status = try directory.status(of: name, followingLinks: false)
            numbers.insert(status.identity.inode)
            guard status.kind == .directory else { continue }
            try list(HostDirectory(name, in: directory, followingLinks: false), depth: depth + 1, into: &numbers)
        }
    }
}
