// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Testing

/// The programs that administer a system, as scripts of images use them.
@Suite(.requires("unshare", "setpriv"), .requiresUserNamespaces)
struct AdministrationTests {
    @Test(.requires("useradd", "su"))
    func `useradd makes a home, and su works in it`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                groupadd -g 4321 staff2; useradd -m -u 1234 -G staff2 jane
                stat -c '%u:%g' /home/jane; stat -c '%U' /home/jane; chown jane:staff2 /tmp; stat -c %G /tmp
                su jane -s /bin/sh -c 'id -u; id -un; id -G; touch ~/x; stat -c %U:%G ~/x'
                usermod -u 1300 jane; cd /home/jane; stat -c %u x
                """
        )
        #expect(
            lines == [
                "1234:1234", "jane", "staff2", "1234", "jane", "1234 4321", "jane:jane", "1300",
            ]
        )
    }

    @Test(.requires("useradd"))
    func `useradd works on another root`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                mkdir -p r/etc r/home; cp /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/login.defs r/etc/
                useradd -R /tmp/r -u 77 bob; grep -c '^bob:x:77:' r/etc/passwd
                """
        )
        #expect(lines == ["1"])
    }

    @Test(.requires("dpkg", "dpkg-deb", "useradd"))
    func `a Debian package keeps its owners, and its script sets others`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                mkdir -p p/DEBIAN p/opt/demo; echo x > p/opt/demo/f; chown 33:44 p/opt/demo/f
                install -m 4755 /bin/true p/opt/demo/s; mkdir p/opt/demo/d; chown 5 p/opt/demo/d
                printf 'Package: demo\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@x>\\nDescription: x\\n' > p/DEBIAN/control
                printf '#!/bin/sh\\nset -e\\nuseradd -r -u 555 demo\\nchown demo /opt/demo/d\\n' > p/DEBIAN/postinst
                chmod 755 p/DEBIAN/postinst
                dpkg-deb -b p demo.deb > /dev/null
                dpkg -i demo.deb > /dev/null 2>&1
                stat -c '%u:%g %a' /opt/demo /opt/demo/f /opt/demo/s; stat -c %U /opt/demo/d
                """
        )
        #expect(lines == ["0:0 755", "33:44 644", "0:0 4755", "demo"])
    }
}
