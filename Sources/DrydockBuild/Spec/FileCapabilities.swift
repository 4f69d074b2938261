// SPDX-License-Identifier: Apache-2.0

/// The capabilities of an executable file, read from their text form.
///
/// The value of `security.capability` is `struct vfs_cap_data` of `linux/capability.h`, revision 2, little-endian:
///
/// | offset | width | field |
/// |---|---|---|
/// | 0 | 4 | revision `0x02000000`, and bit 0: the permitted set becomes effective |
/// | 4 | 4 | permitted, capabilities 0 to 31 |
/// | 8 | 4 | inheritable, capabilities 0 to 31 |
/// | 12 | 4 | permitted, capabilities 32 to 63 |
/// | 16 | 4 | inheritable, capabilities 32 to 63 |
///
/// [capabilities(7)](https://man7.org/linux/man-pages/man7/capabilities.7.html), file capabilities.
struct FileCapabilities: Hashable, Sendable {
    /// Why a text is not a set of capabilities.
    enum ParsingFailure: Error, Equatable {
        case malformed
        case unknownName(String)
        /// A file has one effective bit for all of its capabilities.
        case partlyEffective
    }

    private(set) var permitted: UInt64 = 0
    private(set) var inheritable: UInt64 = 0
    private(set) var isEffective = false

    /// The names in the order of their numbers.
    static let names = [
        "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
        "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
        "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
        "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
        "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
        "checkpoint_restore",
    ].map { "cap_" + $0 }

    /// Reads `cap_net_bind_service,cap_net_raw=ep`, or several of these with spaces between.
    ///
    /// Of the notation of cap_from_text(3), `=` and `+` are supported with the flags `e`, `i` and `p`.
    init(_ text: String) throws(ParsingFailure) {
        var effective: UInt64 = 0
        for clause in text.split(separator: " ", omittingEmptySubsequences: false) {
            let parts = clause.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "=" || $0 == "+" }
            guard parts.count == 2 else { throw .malformed }
            let set = try Self.set(parts[0])
            let flags = parts[1]
            guard !flags.isEmpty, flags.utf8.allSatisfy({ "eip".utf8.contains($0) }) else { throw .malformed }
            if flags.contains("p") { permitted |= set }
            if flags.contains("i") { inheritable |= set }
            if flags.contains("e") { effective |= set }
        }
        guard effective == 0 || effective == permitted | inheritable else { throw .partlyEffective }
        isEffective = effective != 0
    }

    private static func set(_ list: Substring) throws(ParsingFailure) -> UInt64 {
        var set: UInt64 = 0
        for name in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = names.firstIndex(of: String(name)) else { throw .unknownName(String(name)) }
            set |= 1 << UInt64(number)
        }
        return set
    }

    /// The value of the extended attribute.
    var encoded: [UInt8] {
        let revision: UInt32 = 0x0200_0000 | (isEffective ? 1 : 0)
        let words = [
            revision, UInt32(truncatingIfNeeded: permitted), UInt32(truncatingIfNeeded: inheritable),
            UInt32(truncatingIfNeeded: permitted >> 32), UInt32(truncatingIfNeeded: inheritable >> 32),
        ]
        return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } }
    }

    /// Whether bytes have the length of revision 2, or of revision 3, which names a user namespace's root.
    static func isEncoded(_ bytes: [UInt8]) -> Bool {
        bytes.count == 20 || bytes.count == 24
    }
}

extension SpecRule {
    /// The text form of ``FileCapabilities``.
    static let capabilities = SpecRule { FileCapabilities.problem(with: $0) }
}

extension FileCapabilities {
    fileprivate static func problem(with text: String) -> SpecProblem? {
        let quoted = SpecProblem.quoted(text)
        do throws(ParsingFailure) {
            _ = try FileCapabilities(text)
            return nil
        } catch {
            switch error {
            case .malformed:
                return SpecProblem(
                    "\(quoted) is not a set of capabilities",
                    hint: "write it like \"cap_net_bind_service=ep\""
                )
            case .unknownName(let name): return problem(unknown: name)
            case .partlyEffective:
                return SpecProblem(
                    "\(quoted) makes only a part of the capabilities effective; a file has one bit for all",
                    hint: "give every capability the flag 'e', or none"
                )
            }
        }
    }

    private static func problem(unknown name: String) -> SpecProblem {
        let quoted = SpecProblem.quoted(name)
        let nearest = EditDistance.nearest(to: name, in: names)
        return SpecProblem("\(quoted) is not a capability" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
    }
}
