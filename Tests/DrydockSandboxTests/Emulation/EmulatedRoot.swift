// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// A root file system for scripts under emulated ownership, which a user without privileges starts.
///
/// Programs are the host's: `/usr` is mounted there. `ownership-harness` makes the namespaces.
struct EmulatedRoot {
    /// What a script wrote and how it ended.
    struct Result {
        let status: Int32
        let lines: [String]
        let errorText: String
        /// The number of records at the end.
        let records: Int?
        /// The program that was ended because its code is foreign.
        let foreign: String?
    }

    /// `nobody`, in place of root when root runs the tests.
    private static let user = 65_534
    private let directory: String

    /// The directory that is `/` for the script.
    var path: String { directory + "/root" }

    static func with<Value>(_ body: (EmulatedRoot) async throws -> Value) async throws -> Value {
        try await withTemporaryDirectory { directory in
            let root = EmulatedRoot(directory: directory)
            let harness = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let program = URL(fileURLWithPath: harness).deletingLastPathComponent().path + "/ownership-harness"
            try await Command.check(["sh", "-c", setup, "sh", directory, program])
            if Tools.isRoot { try await Command.check(["chown", "-R", "\(user):\(user)", root.path]) }
            return try await body(root)
        }
    }

    private static let setup = """
        set -e
        cp "$2" "$1/harness"
        chmod 755 "$1" "$1/harness"
        mkdir -p "$1/root"
        cd "$1/root"
        mkdir -p etc/default home root tmp var/log var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers
        chmod 1777 tmp
        for name in bin sbin lib lib64; do [ ! -e "/$name" ] || ln -s "usr/$name" "$name"; done
        : > var/lib/dpkg/status
        for name in login.defs nsswitch.conf pam.d security ld.so.cache ld.so.conf ld.so.conf.d alternatives; do
            [ ! -e "/etc/$name" ] || cp -RLp "/etc/$name" etc/ 2> /dev/null || :
        done
        printf 'root:x:0:0:root:/root:/bin/sh\\nnobody:x:65534:65534::/:/bin/sh\\n' > etc/passwd
        printf 'root:x:0:\\nshadow:x:42:\\nnogroup:x:65534:\\n' > etc/group
        printf 'root:*:19000:0:99999:7:::\\n' > etc/shadow
        printf 'root:*::\\n' > etc/gshadow
        chmod 640 etc/shadow etc/gshadow
        """

    /// Whether this machine lets users make user namespaces.
    static func isAllowed() async throws -> Bool {
        try await Command.run(asUser(["unshare", "--user", "--map-root-user", "--mount", "true"])).status == 0
    }

    /// The command line that runs a program as a user without privileges.
    static func asUser(_ arguments: [String]) -> [String] {
        guard Tools.isRoot else { return arguments }
        return ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--no-new-privs"] + arguments
    }

    /// Runs a script of `sh` in `/tmp` there.
    func run(_ script: String) async throws -> Result {
        let text = "cd /tmp\numask 022\n" + script + "\n"
        let arguments = [directory + "/harness", path, "sh", "-c", text]
        let output = try await Command.run(Self.asUser(arguments), environment: ["HOME": "/root"], in: "/")
        let errors = output.errorText.split(separator: "\n")
        let summary = errors.last { $0.hasPrefix("records: ") }?.split(separator: " ") ?? []
        return Result(
            status: output.status,
            lines: output.text.split(separator: "\n").map(String.init),
            errorText: output.errorText,
            records: summary.count == 4 ? Int(summary[1]) : nil,
            foreign: summary.count == 4 && summary[3] != "none" ? String(summary[3]) : nil
        )
    }

    /// Runs a script that must succeed, and gives the lines that it wrote.
    static func lines(of script: String) async throws -> [String] {
        try await with { root in
            let result = try await root.run("set -e\n" + script)
            try #require(result.status == 0, "status \(result.status): \(result.errorText)\n\(result.lines)")
            return result.lines
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the tests where users may make user namespaces.
    static var requiresUserNamespaces: Self {
        .enabled("needs user namespaces without privileges") { try await EmulatedRoot.isAllowed() }
    }
}
