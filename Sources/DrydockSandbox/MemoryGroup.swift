// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// A control group with a limit of memory, see cgroups(7): below the one of this process, or beside it.
final class MemoryGroup {
    /// The two generations of control groups, and their names for the same things.
    private enum Generation {
        case first
        case second

        var limit: String { self == .first ? "memory.limit_in_bytes" : "memory.max" }
        var swapLimit: String { self == .first ? "memory.memsw.limit_in_bytes" : "memory.swap.max" }
        var events: String { self == .first ? "memory.oom_control" : "memory.events" }
    }

    private let path: String
    private let generation: Generation

    private static let fileLimit = 1 << 20

    /// Makes one.
    ///
    /// - Throws: ``SandboxFailure`` where this process may make none.
    init(limit: Int64) throws(SandboxFailure) {
        var errorNumber = ENOENT
        for (directory, generation) in Self.places {
            let path = "\(directory)/drydock-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
            guard unsafe mkdir(path, 0o755) == 0 else {
                errorNumber = errno
                continue
            }
            if Self.write("\(limit)", to: "\(path)/\(generation.limit)") {
                // Without swap the limit is what it says; not every kernel counts swap.
                _ = Self.write(generation == .first ? "\(limit)" : "0", to: "\(path)/\(generation.swapLimit)")
                (self.path, self.generation) = (path, generation)
                return
            }
            errorNumber = errno
            _ = unsafe rmdir(path)
        }
        throw SandboxFailure(.noMemoryLimit(errorNumber: errorNumber))
    }

    deinit { _ = unsafe rmdir(path) }

    /// Puts a process into it, and with it all that it will start.
    ///
    /// - Throws: ``SandboxFailure``.
    func add(_ process: Int32) throws(SandboxFailure) {
        guard Self.write("\(process)", to: "\(path)/cgroup.procs") else {
            throw SandboxFailure(.noMemoryLimit(errorNumber: errno))
        }
    }

    /// Whether the kernel has ended a process in it, for it had too much memory.
    var hasEndedProcess: Bool {
        let lines = Self.text(of: "\(path)/\(generation.events)").split(separator: "\n")
        let count = lines.first { $0.hasPrefix("oom_kill ") }?.dropFirst("oom_kill ".count)
        return count.flatMap { Int($0) } ?? 0 > 0
    }

    /// Directories of control groups in which one could be made.
    private static var places: [(directory: String, generation: Generation)] {
        let mounts = text(of: "/proc/self/mountinfo").split(separator: "\n").map { $0.split(separator: " ") }
        let groups = text(of: "/proc/self/cgroup").split(separator: "\n").map { $0.split(separator: ":", maxSplits: 2) }
        return groups.flatMap { group -> [(String, Generation)] in
            // Of the second generation the middle is empty, and so is left out.
            let isSecond = group.count == 2
            guard let own = group.last, isSecond || group[1].split(separator: ",").contains("memory"),
                let top = mounts.first(where: { Self.isMount($0, ofSecond: isSecond) })?[4]
            else { return [] }
            let path = own == "/" ? "\(top)" : "\(top)\(own)"
            let above = path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
            return (own == "/" ? [path] : [path, above]).map { ($0, isSecond ? .second : .first) }
        }
    }

    private static func isMount(_ fields: [Substring], ofSecond isSecond: Bool) -> Bool {
        guard fields.count > 8, let dash = fields.firstIndex(of: "-"), fields.count > dash + 3 else { return false }
        if isSecond { return fields[dash + 1] == "cgroup2" }
        return fields[dash + 1] == "cgroup" && fields[dash + 3].split(separator: ",").contains("memory")
    }

    private static func text(of path: String) -> String {
        String(decoding: (try? HostFile.read(path, limit: fileLimit)) ?? [], as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) -> Bool {
        guard let file = try? OwnedDescriptor(opening: path, flags: O_WRONLY) else { return false }
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) } == bytes.count
    }
}
