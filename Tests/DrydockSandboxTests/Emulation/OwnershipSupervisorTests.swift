// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Testing

/// Scripts of a user without privileges that set owners, and see what they set.
@Suite(.requires("unshare", "setpriv"), .requiresUserNamespaces)
struct OwnershipSupervisorTests {
    @Test
    func `every way to change an owner is seen by every way to look`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                touch a b; ln -s a l
                chown 5:6 a; stat -c %u:%g a; find a -printf '%U:%G\\n'; stat -L -c %u:%g l; stat -c %u:%g - < a
                chgrp 9 a; stat -c %u:%g a
                chown -h 7:8 l; stat -c %u:%g l a
                chown --from=5 3 a; stat -c %u a
                chmod 4750 a; stat -c '%a %u' a; chown 4 a; stat -c '%a %u' a
                stat -c %u:%g b /usr /dev/null
                """
        )
        #expect(
            lines == [
                "5:6", "5:6", "5:6", "5:6", "5:9", "7:8", "5:9", "3", "4750 3", "750 4", "0:0", "0:0", "0:0",
            ]
        )
    }

    @Test(.requires("busybox"))
    func `static programs are no exception`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: "busybox touch a; busybox chown 12:13 a; busybox stat -c %u:%g a; stat -c %u:%g a; busybox id -u"
        )
        #expect(lines == ["12:13", "12:13", "0"])
    }

    @Test
    func `a record follows the file, not the name`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                touch a; chown 42 a; mv a b; ln b c; stat -c '%u %h' b c; rm b; stat -c %u c
                for number in 1 2 3 4 5 6 7 8; do touch old; chown 77 old; rm old; touch new; stat -c %u new; rm new; done
                mkdir d; chown 5 d; rmdir d; mkdir d; stat -c %u d
                touch x y; chown 6 x; mv y x; stat -c %u x
                """
        )
        #expect(lines == ["42 2", "42 2", "42"] + Array(repeating: "0", count: 10))
    }

    @Test
    func `install and tar keep owners and modes`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                install -d -o 7 -g 8 -m 750 d; install -o 10 -g 11 -m 4755 /bin/true d/t
                ln -s t d/l; chown -h 1:2 d/l; mknod d/null c 1 3; chown 3 d/null
                tar -cf t.tar d; tar --numeric-owner -tvf t.tar | awk '{ print $1, $2 }'
                mkdir out; tar -xpf t.tar -C out; cd out
                stat -c '%u:%g %a %F %t %T' d d/t d/l d/null
                """
        )
        let modes = ["drwxr-x--- 7/8", "-rwsr-xr-x 10/11", "lrwxrwxrwx 1/2", "crw-r--r-- 3/0"]
        #expect(lines.prefix(4).sorted() == modes.sorted())
        #expect(
            Array(lines.dropFirst(4)) == [
                "7:8 750 directory 0 0", "10:11 4755 regular file 0 0", "1:2 777 symbolic link 0 0",
                "3:0 644 character special file 1 3",
            ]
        )
    }

    @Test
    func `a device is a device for those who look`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                mknod c c 1 3; mknod b b 8 300; mknod -m 600 m c 4095 1048575; mkfifo f; ! mknod z c 0 0 2> /dev/null
                stat -c '%F %t %T %a %s' c b m; stat -c %F f
                test -c c; test -b b; mv c moved; chmod 666 moved; stat -c '%F %a' moved
                ! mknod moved c 1 5 2> /dev/null
                """
        )
        #expect(
            lines == [
                "character special file 1 3 644 0", "block special file 8 12c 644 0",
                "character special file fff fffff 600 0", "fifo",
                "character special file 666",
            ]
        )
    }

    @Test(.requires("setcap", "getcap"))
    func `capabilities of files are kept until the owner changes`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                cp /bin/true t; setcap cap_net_bind_service+ep t; getcap t; mv t u; getcap u
                chown 1 u; getcap u; setcap cap_net_raw+p u; setcap -r u; getcap u; echo end
                """
        )
        #expect(lines == ["t cap_net_bind_service=ep", "u cap_net_bind_service=ep", "end"])
    }

    @Test
    func `another user owns what it makes, and may no more`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                setpriv --reuid 999 --regid 998 --groups 50,60 sh -c '
                    id -u; id -g; id -G; umask 027
                    echo x > f; mkdir d; ln -s x l; mkfifo p; ln -s made dangling; echo x > dangling
                    stat -c "%u:%g %a" f d l p made
                    chown 5 f 2> /dev/null || echo refused; chgrp 60 f && stat -c %g f
                    setpriv --reuid 0 true 2> /dev/null || echo still 999
                    mknod n c 1 3 2> /dev/null || echo no device
                    ( ( sleep 0.2; id -u > orphan ) & )
                '
                sleep 1; cat orphan; stat -c %u orphan; id -u; touch mine; stat -c %u mine
                """
        )
        #expect(
            lines == [
                "999", "998", "998 50 60", "999:998 640", "999:998 750", "999:998 777", "999:998 640", "999:998 640",
                "refused", "60", "still 999", "no device", "999", "999", "0", "0",
            ]
        )
    }

    @Test
    func `files inherit the group of a directory that passes it on`() async throws {
        let lines = try await EmulatedRoot.lines(
            of:
                "mkdir d; chown 5:50 d; chmod g+s d; touch d/f; mkdir d/e; touch d/e/f; stat -c '%u:%g %a' d/f d/e d/e/f"
        )
        #expect(lines == ["0:50 644", "0:50 2755", "0:50 644"])
    }

    @Test
    func `paths mean what they mean for the caller`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                mkdir -p a/b /inner/tmp; ln -s /tmp/a abs; ln -s ../.. a/b/up; touch a/f /inner/tmp/f
                chown 5 abs/b; stat -c %u a/b
                cd a/b; chown 6 ../f; stat -c %u ../f; chown 7 up/a/f; stat -c %u /tmp/a/f
                chown 8 ../../../../../../../tmp/a/f; stat -c %u ../f; cd /tmp
                exec 3< a/f; chown 9 /proc/self/fd/3; stat -c %u a/f; chown 10 /dev/fd/3; stat -L -c %u /proc/self/fd/3
                ln -s loop loop; chown 5 loop 2> /dev/null || echo loop; chown 5 missing/x 2> /dev/null || echo missing
                chown 5 a/f/ 2> /dev/null || echo no directory
                """
        )
        #expect(lines == ["5", "6", "7", "8", "9", "10", "loop", "missing", "no directory"])
    }

    @Test(.requires("busybox"))
    func `a root within the root is the caller's root`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                mkdir -p in/bin in/tmp; cp /usr/bin/busybox in/bin/; ln -s /tmp in/link; touch /tmp/f in/tmp/f
                chroot in /bin/busybox chown 5 /link/f; stat -c %u in/tmp/f /tmp/f
                chroot in /bin/busybox chown 6 ../../../tmp/f; stat -c %u in/tmp/f /tmp/f
                """
        )
        #expect(lines == ["5", "0", "6", "0"])
    }
}
