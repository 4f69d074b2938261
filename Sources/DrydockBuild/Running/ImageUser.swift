// SPDX-License-Identifier: Apache-2.0

public import DrydockSandbox

/// Who runs an image's command: `USER[:GROUP]`, by names or numbers, as a configuration's `User` has it.
///
/// [Image specification, Properties](https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties).
public struct ImageUser: Hashable, Sendable {
    /// The numbers.
    public let user: SandboxUser
    /// The home directory, if the image tells one.
    public let home: String?

    private struct Account {
        let name: String
        let uid: UInt32
        let gid: UInt32
        let home: String
    }

    /// Looks somebody up.
    ///
    /// - Parameters:
    ///   - text: `USER[:GROUP]`; empty is root.
    ///   - passwd: What the image's `/etc/passwd` holds; lines that are none are passed over.
    ///   - group: What its `/etc/group` holds.
    /// - Throws: ``ImageRunFailure`` for a name that is not there.
    public init(_ text: String, passwd: String, group: String) throws(ImageRunFailure) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let wanted = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let account = Self.account(wanted, passwd)
        guard let uid = account?.uid ?? UInt32(wanted) else { throw .unknownUser(wanted) }
        home = account?.home
        if parts.count == 2, !parts[1].isEmpty {
            // Whoever names a group is in that one alone.
            let number = Self.fields(group).first { $0[0] == parts[1] }.flatMap { UInt32($0[2]) }
            guard let gid = number ?? UInt32(parts[1]) else { throw .unknownGroup(parts[1]) }
            user = SandboxUser(uid: uid, gid: gid)
        } else {
            let groups = account.map { Self.groups(of: $0.name, group) } ?? []
            user = SandboxUser(uid: uid, gid: account?.gid ?? 0, groups: groups)
        }
    }

    private static func account(_ wanted: String, _ passwd: String) -> Account? {
        let accounts = fields(passwd).compactMap { fields -> Account? in
            guard fields.count >= 6, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return Account(name: fields[0], uid: uid, gid: gid, home: fields[5])
        }
        return accounts.first { $0.name == wanted }
            ?? UInt32(wanted).flatMap { uid in accounts.first { $0.uid == uid } }
    }

    private static func groups(of name: String, _ group: String) -> [UInt32] {
        fields(group).compactMap { fields in
            guard fields.count >= 4, fields[3].split(separator: ",").contains(Substring(name)) else { return nil }
            return UInt32(fields[2])
        }
    }

    private static func fields(_ text: String) -> [[String]] {
        text.split(separator: "\n").map { line in
            line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }.filter { $0.count >= 3 }
    }
}

/// Why an image's command cannot be run.
public enum ImageRunFailure: Error, Equatable, CustomStringConvertible, Sendable {
    /// A name is not in the image's `/etc/passwd`.
    case unknownUser(String)
    /// A name is not in the image's `/etc/group`.
    case unknownGroup(String)
    /// Neither the image nor the person names a command.
    case noCommand
    /// More files of this host are asked for than fit.
    case tooManyVolumes(limit: Int)

    /// One sentence for the person, and what to do.
    public var description: String {
        switch self {
        case .unknownUser(let name): "Cannot run as '\(name)': the image's /etc/passwd has no such user"
        case .unknownGroup(let name): "Cannot run with the group '\(name)': the image's /etc/group has no such group"
        case .noCommand:
            "Cannot run the image: it has neither Entrypoint nor Cmd\nhint: write a command behind '--'"
        case .tooManyVolumes(let limit): "Cannot run the image: more than \(limit) volumes are asked for"
        }
    }
}
