// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// The thread whose call waits for an answer: its memory, and the files that it sees.
struct CallerThread: Sendable {
    /// Its number in this process's `/proc`.
    let number: Int32
    /// By which its descriptors are copied.
    let handles: ThreadHandles

    /// Opens `/proc/THREAD/NAME` only as a place.
    func place(_ name: String) throws(CallFailure) -> OwnedDescriptor {
        OwnedDescriptor(adopting: try succeeded(unsafe drydock_open_of_thread(number, name, pathOnlyFlag)))
    }

    /// The root directory of its names.
    func root() throws(CallFailure) -> OwnedDescriptor { try place("root") }

    /// What one of its descriptors stands for, or its working directory.
    func file(_ descriptor: Int32) throws(CallFailure) -> OwnedDescriptor {
        if descriptor == AT_FDCWD { return try place("cwd") }
        do {
            return try place("fd/\(descriptor)")
        } catch {
            throw CallFailure(error.errorNumber == ENOENT ? EBADF : error.errorNumber)
        }
    }

    /// What one of its descriptors stands for, or its working directory, for looking from there: only a copy that is closed
    /// soon, since a pipe has no end and a lock no owner any more as long as somebody has it open.
    func start(_ descriptor: Int32) throws(CallFailure) -> OwnedDescriptor {
        if descriptor >= 0, let copy = handles.copy(of: descriptor, of: number) { return copy }
        return try file(descriptor)
    }

    /// Copies a part of its memory.
    ///
    /// - Throws: `EFAULT` unless all of it is there.
    func memory(at address: UInt64, count: Int) throws(CallFailure) -> [UInt8] {
        guard count > 0 else { return [] }
        var bytes: [UInt8] = []
        // One call of C copies a bounded number of pages.
        while bytes.count < count {
            let step = min(count - bytes.count, Self.copiedAtOnce)
            let part = try available(at: address &+ UInt64(bytes.count), count: step)
            guard part.count == step else { throw CallFailure(EFAULT) }
            bytes += part
        }
        return bytes
    }

    /// Copies what is there of a part of its memory.
    private func available(at address: UInt64, count: Int) throws(CallFailure) -> [UInt8] {
        var length = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let base = buffer.baseAddress {
                length = unsafe drydock_read_memory(number, address, base, count)
            }
            initialized = max(0, length)
        }
        guard length > 0 else { throw CallFailure(EFAULT) }
        return bytes
    }

    /// A text that ends with a NUL, without it.
    ///
    /// It is copied once, and only the copy is looked at: another thread may change the caller's memory at any time.
    /// - Throws: `EFAULT`, and the given error if there is no NUL within `limit` bytes.
    func text(at address: UInt64, limit: Int, tooLong: Int32) throws(CallFailure) -> [UInt8] {
        var text: [UInt8] = []
        while text.count < limit {
            // Most texts are short and on one page.
            let wanted = text.isEmpty ? 256 : Self.copiedAtOnce
            let part = try piece(of: address &+ UInt64(text.count), count: min(wanted, limit - text.count))
            text = text.isEmpty ? part.bytes : text + part.bytes
            if part.isLast { return text }
        }
        throw CallFailure(tooLong)
    }

    /// Copies what is there of a text, up to its end.
    private func piece(of address: UInt64, count: Int) throws(CallFailure) -> (bytes: [UInt8], isLast: Bool) {
        var (length, ends) = (0, Int32(0))
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let base = buffer.baseAddress {
                length = unsafe drydock_read_text(number, address, base, count, &ends)
            }
            initialized = max(0, length)
        }
        guard length > 0 || ends != 0 else { throw CallFailure(EFAULT) }
        return (bytes, ends != 0)
    }

    /// A path, as long as Linux allows.
    func path(at address: UInt64) throws(CallFailure) -> [UInt8] {
        try text(at: address, limit: Int(PATH_MAX), tooLong: ENAMETOOLONG)
    }

    /// The whole of a file below `/proc/THREAD`; empty if it cannot be read.
    private func contents(_ name: String) -> [UInt8] {
        let descriptor = unsafe drydock_open_of_thread(number, name, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { _ = close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe drydock_read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return contents }
            contents += buffer[..<count]
        }
    }

    /// The numbers of the mounts that it sees, proc_pid_mountinfo(5).
    var mounts: Set<UInt64> {
        let lines = contents("mountinfo").split(separator: UInt8(ascii: "\n"))
        return Set(lines.compactMap { UInt64(String(decoding: $0.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)) })
    }

    /// A line of `/proc/THREAD/status`, without its name.
    func statusLine(_ name: String) -> String? {
        let line = contents("status").split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "\(name):\t".utf8) }
        return line.map { String(decoding: $0.dropFirst(name.utf8.count + 2), as: UTF8.self) }
    }

    /// The permission bits that new files of it do not get.
    var umask: UInt32 { statusLine("Umask").flatMap { UInt32($0, radix: 8) } ?? 0o022 }

    /// The number of its process, and its own, as it sees them.
    var ownNumbers: (process: String, thread: String)? {
        guard let process = statusLine("NStgid")?.split(separator: "\t").last,
            let thread = statusLine("NSpid")?.split(separator: "\t").last
        else { return nil }
        return (String(process), String(thread))
    }

    /// What its program is called.
    var programName: String {
        let name = contents("comm").prefix { $0 != UInt8(ascii: "\n") }
        return name.isEmpty ? "?" : String(decoding: name, as: UTF8.self)
    }

    private static let copiedAtOnce = 4096
}

/// `O_PATH`, which the C library shows only with GNU extensions.
let pathOnlyFlag: Int32 = 0o10000000

/// Turns the negated errno of a call of `CDrydockHost` into the failure that the caller sees.
func succeeded<Result: SignedInteger>(_ result: Result) throws(CallFailure) -> Result {
    guard result < 0 else { return result }
    throw CallFailure(Int32(-result))
}
