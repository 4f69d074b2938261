// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Packages of Debian that scripts install with dpkg and apt-get, from a repository in the image.
///
/// The base is made of packages that this machine has installed, so that nothing is fetched.
@Suite(
    .requiresRoot,
    .requires("apt-get", "dpkg-deb", "python3", "setpriv", "unshare", "newuidmap", "newgidmap", "adduser", "setcap")
)
struct DebianScriptTests {
    private static let packages = [
        "adduser", "apt", "base-files", "base-passwd", "bash", "coreutils", "dash", "debconf", "debianutils",
        "diffutils",
        "dpkg", "findutils", "grep", "gzip", "hostname", "init-system-helpers", "libc-bin", "libcap2-bin", "login",
        "mawk",
        "passwd", "perl-base", "sed", "tar", "util-linux",
    ]

    /// apt becomes its user `_apt` before it reads a repository; what tells the time is removed at the end.
    private static let spec = """
        name: debian
        tag: v
        contents:
          - { archive: base.tar }
          - { directory: repository, at: /repository }
        files:
          - { path: /etc/apt/sources.list, text: "deb [trusted=yes] file:/repository ./\\n" }
        runAsRoot: |
          export DEBIAN_FRONTEND=noninteractive
          cp /usr/share/base-passwd/passwd.master /etc/passwd; cp /usr/share/base-passwd/group.master /etc/group
          install -m 640 -g shadow /dev/null /etc/shadow; install -m 640 -g shadow /dev/null /etc/gshadow
          pwconv; grpconv
          grep -q ^_apt: /etc/passwd || useradd -r -M -d /nonexistent -s /usr/sbin/nologin -g nogroup _apt
          apt-get update >&2
          apt-get install --yes tool >&2
          dpkg --remove tool >&2
          dpkg --install /repository/tool.deb >&2
          dpkg-query --show --showformat '${Package} ${db:Status-Status}\\n' service tool
          stat -c '%U:%G %a %n' /var/lib/apt/lists/partial /usr/bin/service-tool /usr/share/tool /usr/share/tool/text \\
            /var/lib/service /var/lib/service/state /var/lib/service/watch /var/lib/service/watch/seen
          getcap /usr/bin/service-net
          rm -rf /var/log/* /var/cache/apt/* /var/cache/ldconfig /var/lib/apt/lists/*
        """

    private static let expected = [
        "service installed", "tool installed", "_apt:root 700 /var/lib/apt/lists/partial",
        "root:service 2750 /usr/bin/service-tool", "service:service 755 /usr/share/tool",
        "www-data:www-data 644 /usr/share/tool/text", "service:service 755 /var/lib/service",
        "service:service 644 /var/lib/service/state", "watcher:service 2770 /var/lib/service/watch",
        "watcher:service 644 /var/lib/service/watch/seen", "/usr/bin/service-net cap_net_bind_service=ep",
    ]

    private static func prepare(_ directory: String) async throws {
        let fixtures = DrydockProgram.fixtures + "/debian"
        try await Command.check(["sh", "\(fixtures)/make_packages.sh", "\(directory)/repository"])
        try await Command.check(["python3", "\(fixtures)/make_root.py", "\(directory)/base.tar"] + packages)
        try spec.write(toFile: "\(directory)/a.yaml", atomically: true, encoding: .utf8)
        try await Command.check(["cp", DrydockProgram.path, "\(directory)/drydock"])
        try await Command.check(["sh", "-ec", "chmod -R a+rX .; mkdir -m 1777 out"], in: directory)
    }

    @Test
    func `apt-get and dpkg install packages with scripts, and every way to be root gives the same bytes`() async throws
    {
        try await withTemporaryDirectory { directory in
            try await Self.prepare(directory)
            var digests: [String] = []
            for person in SandboxModeTests.Person.allCases {
                let image = "out/\(person).tar"
                let output = try await Command.run(
                    person.wrapping(["\(directory)/drydock", "build", "--no-cache", "a.yaml", "-o", image]),
                    environment: ["TMPDIR": "\(directory)/out"],
                    in: directory
                )
                try #require(output.status == 0, "\(person): \(output.errorText)")
                let lines = output.errorText.split(whereSeparator: \.isNewline).map(String.init)
                #expect(lines.filter(Self.expected.contains) == Self.expected, "\(person): \(output.errorText)")
                digests.append(String(try await Command.check(["sha256sum", image], in: directory).prefix(64)))
            }
            #expect(Set(digests).count == 1, "\(digests)")
        }
    }
}
