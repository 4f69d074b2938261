// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc

/// The programs of this host as a script beside a layer sees them: read-only, without anything that is private.
enum HostView {
    /// Places of programs and their libraries, and what these need to start.
    private static let places = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/opt", "/gnu", "/etc/alternatives",
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf",
    ]

    private enum Place {
        case link(String, target: String)
        case tree(String, slot: Int32, isDirectory: Bool)
    }

    private static func present(from first: Int32) -> [Place] {
        places.enumerated().compactMap { index, path in
            guard let status = try? FileStatus(of: path, followingLinks: false) else { return nil }
            if status.kind == .symlink { return target(of: path).map { .link(path, target: $0) } }
            return .tree(path, slot: first + Int32(index), isDirectory: status.kind == .directory)
        }
    }

    private static func target(of path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe readlink(path, &target, target.count)
        return length < 0 ? nil : String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Steps before the root changes.
    static func taking(from first: Int32) -> [SandboxStep] {
        present(from: first).flatMap { place -> [SandboxStep] in
            guard case .tree(let path, let slot, _) = place else { return [] }
            return [.takeTree(path, slot: slot), .sealTree(path, slot: slot)]
        }
    }

    /// Steps in the new root.
    static func placing(from first: Int32) -> [SandboxStep] {
        let own: [SandboxStep] = [
            .directory("/etc"), .directory("/tmp", mode: 0o1777), .directory("/var"),
            .directory("/var/tmp", mode: 0o1777), .directory("/root", mode: 0o700),
        ]
        return own
            + present(from: first).flatMap { place -> [SandboxStep] in
                switch place {
                case .link(let path, let target): [.link(path, to: target)]
                case .tree(let path, let slot, let isDirectory):
                    [isDirectory ? .directory(path) : .emptyFile(path), .placeTree(slot: slot, on: path)]
                }
            }
    }
}

/// The version of the running kernel.
struct KernelVersion: Hashable, Comparable {
    let major: Int
    let minor: Int

    static let present: KernelVersion = {
        var names = utsname()
        guard unsafe uname(&names) == 0 else { return KernelVersion("") }
        return unsafe withUnsafeBytes(of: &names.release) { bytes in
            unsafe KernelVersion(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        }
    }()

    init(major: Int, minor: Int) { (self.major, self.minor) = (major, minor) }

    static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    init(_ text: String) {
        let numbers = text.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
        major = numbers.first ?? 0
        minor = numbers.count > 1 ? numbers[1] : 0
    }

    /// Since Linux 6.14 `pid_max` belongs to the process namespace; before, it is that of the machine.
    var countsProcessesByNamespace: Bool { self >= KernelVersion(major: 6, minor: 14) }
}
