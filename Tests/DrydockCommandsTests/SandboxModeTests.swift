// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Scripts of a spec, as root and as users who may do less and less.
@Suite(.requiresRoot, .requires("busybox", "setpriv", "unshare", "setcap", "useradd"))
struct SandboxModeTests {
    /// Who runs the build.
    enum Person: String, CaseIterable, Sendable {
        case root
        /// A user with subordinate ids.
        case subordinate
        /// A user with nothing at all.
        case single

        /// The command line that runs `arguments` as this person.
        func wrapping(_ arguments: [String]) -> [String] {
            let user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            switch self {
            case .root: return arguments
            case .subordinate: return ["unshare", "--mount", "sh", "-ec", Self.grant, "sh"] + user + arguments
            case .single: return user + ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"] + arguments
            }
        }

        /// Grants subordinate ids to user 65534, in a mount namespace of its own.
        private static let grant = """
            printf '65534:3000000:65536\\n' > subordinate
            mount --bind subordinate /etc/subuid; mount --bind subordinate /etc/subgid
            exec "$@"
            """
    }

    private static let setup = """
        mkdir -p rootfs/bin rootfs/etc rootfs/data/sub
        cp "$(command -v busybox)" rootfs/bin/busybox
        for name in sh chown chmod mkdir rm ln mknod touch cp tar stat id; do ln -s busybox "rootfs/bin/$name"; done
        echo one >rootfs/data/one; echo two >rootfs/data/two; echo three >rootfs/data/sub/three
        printf 'root:x:0:0:root:/root:/bin/sh\\n' >rootfs/etc/passwd; printf 'root:x:0:\\n' >rootfs/etc/group
        chmod -R a+rX .
        """

    private static let spec = """
        name: modes
        tag: v
        copyToRoot: ./rootfs
        files:
          - { path: /opt/append, owner: "1000:100", text: "first\\n" }
          - { path: /opt/setuid, owner: "1000:100", mode: "4755", text: "x\\n" }
          - { path: /opt/hard, owner: "7:7", text: "h\\n" }
          - { path: /opt/gone/a, text: "a\\n" }
          - { path: /opt/able, owner: "3:3", mode: "0755", text: "x\\n", xattrs: { security.capability: "cap_net_admin+ep" } }
          - { path: /opt/shared, directory: true, owner: "20:21", mode: "2770" }
        runAsRoot: |
          id -u
          chown 12345:54321 /data/one; chown -R 33:33 /data/sub
          mkdir -p /home/jane; (cd /home/jane; echo hi >f); chown -R 1000:1000 /home/jane; chmod 2750 /home/jane
          (cd /home/jane; touch inherited); touch /opt/shared/inherited
          mknod /null c 1 3; mknod /disk b 8 300; chown 5:6 /disk; chmod 660 /disk
          ln /data/one /data/link; rm /data/two; rm -r /opt/gone; mkdir /opt/gone; echo new >/opt/gone/new
          cp /bin/busybox /ping; chown 7 /ping; chmod 4711 /ping
          ln -s /x /link; chown -h 8:9 /link
          echo more >>/opt/append; chmod 700 /opt/setuid; ln /opt/hard /opt/hard2
          stat -c %u:%g:%a /opt/append /opt/setuid /opt/shared /data/one /null
          tar -C / -cf /t.tar home opt/shared; mkdir /x; tar -C /x -xpf /t.tar; rm /t.tar
        fakeRootCommands: |
          touch able; setcap cap_net_raw+ep able; getcap able opt/able; chmod 700 opt/able
          useradd -R "$PWD" -u 1234 jane; echo "(é)" >'a (b)'; chown 99 'a (b)'
          (umask 0777; mkdir closed; echo secret >closed/in)
          chroot . /bin/mknod /inner c 1 5
        """

    /// What a build as somebody gave: the archive and what it said.
    private func build(_ person: Person, in directory: String) async throws -> (bytes: Data, text: String) {
        try await Command.check(["sh", "-ec", Self.setup], in: directory)
        try Self.spec.write(toFile: "\(directory)/a.yaml", atomically: true, encoding: .utf8)
        try await Command.check(["cp", DrydockProgram.path, "\(directory)/drydock"])
        try await Command.check(["sh", "-ec", "chmod 755 .; mkdir -m 1777 out"], in: directory)
        let output = try await Command.run(
            person.wrapping(["\(directory)/drydock", "build", "--no-cache", "a.yaml", "-o", "out/a.tar"]),
            environment: ["TMPDIR": "\(directory)/out"],
            in: directory
        )
        try #require(output.status == 0, "\(person): \(output.errorText)")
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/out")
        #expect(left == ["a.tar"])
        return (try Data(contentsOf: URL(filePath: "\(directory)/out/a.tar")), output.errorText)
    }

    @Test(.requires("newuidmap", "newgidmap"))
    func `root, a user with subordinate ids and a user with nothing build the same bytes`() async throws {
        var results: [Person: (bytes: Data, text: String)] = [:]
        for person in Person.allCases {
            results[person] = try await withTemporaryDirectory { try await build(person, in: $0) }
        }
        let root = try #require(results[.root])
        let seen = ["0", "1000:100:644", "1000:100:700", "20:21:2770", "12345:54321:644", "0:0:644"]
        let capabilities = ["able cap_net_raw=ep", "opt/able cap_net_admin=ep"]
        #expect(root.text.split(separator: "\n").prefix(8).map(String.init) == seen + capabilities)
        for person in Person.allCases {
            #expect(results[person]?.bytes == root.bytes, "\(person)")
            #expect(results[person]?.text.hasPrefix(seen.joined(separator: "\n")) == true, "\(person)")
        }
    }

    @Test(arguments: Person.allCases)
    func `the layer holds what the scripts asked for`(_ person: Person) async throws {
        try await withTemporaryDirectory { directory in
            _ = try await build(person, in: directory)
            let script = """
                mkdir x; tar -C x -xf out/a.tar
                tar --numeric-owner -tvf x/*/layer.tar | awk '{ print $1, $2, $6 }'
                """
            let list = try await Command.check(["sh", "-ec", script], in: directory)
            let lines = Set(list.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") })
            #expect(lines.contains("drwxr-s--- 1000/1000 home/jane/"))
            #expect(lines.contains("-rws--x--x 7/0 ping"))
            #expect(lines.contains("lrwxrwxrwx 8/9 link"))
            #expect(lines.contains("hrw-r--r-- 12345/54321 data/one"))
        }
    }
}
