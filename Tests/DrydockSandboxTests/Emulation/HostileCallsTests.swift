// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Programs that try to confuse the supervisor.
@Suite(.requires("unshare", "setpriv", "python3"), .requiresUserNamespaces)
struct HostileCallsTests {
    /// Runs a program of Python in the root, in `/tmp`, with `libc` at hand.
    private func lines(ofPython program: String, in root: EmulatedRoot) async throws -> [String] {
        let prelude = "import ctypes, os, threading, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        let path = root.path + "/tmp/program.py"
        try (prelude + program + "\n").write(toFile: path, atomically: false, encoding: .utf8)
        _ = try await Command.run(["chmod", "644", path])
        let result = try await root.run("exec python3 program.py")
        try #require(result.status == 0, "status \(result.status): \(result.errorText)")
        return result.lines
    }

    @Test
    func `bad pointers and numbers fail as the kernel's own calls do`() async throws {
        try await EmulatedRoot.with { root in
            let lines = try await lines(
                ofPython: """
                    def told(result): print(result, errno.errorcode.get(ctypes.get_errno(), 0) if result < 0 else "")
                    bad = ctypes.c_void_p(1)
                    far = ctypes.c_void_p(0xffff800000000000)
                    told(libc.chown(bad, 5, 5)); told(libc.chown(far, 5, 5)); told(libc.fchown(999, 5, 5))
                    told(libc.fchownat(-100, b"", 5, 5, 0)); told(libc.fchownat(-100, b"x", 5, 5, 0x40000000))
                    told(libc.chown(b"x" * 5000, 5, 5)); told(libc.chown(b"a/" * 2000, 5, 5))
                    told(libc.setgroups(100000, bad)); told(libc.setgroups(3, bad)); told(libc.setuid(-1))
                    told(libc.setxattr(b"/tmp", b"security.capability", b"xx", 2, 0))
                    told(libc.setxattr(b"/tmp", b"trusted." + b"x" * 300, b"xx", 2, 0))
                    open("f", "w"); os.chown("f", 5, 5)
                    told(libc.stat(b"f", bad)); told(libc.getgroups(-1, bad))
                    """,
                in: root
            )
            #expect(
                lines == [
                    "-1 EFAULT", "-1 EFAULT", "-1 EBADF", "-1 ENOENT", "-1 EINVAL", "-1 ENAMETOOLONG", "-1 ENOENT",
                    "-1 EINVAL", "-1 EFAULT", "-1 EINVAL", "-1 EINVAL", "-1 ERANGE", "-1 EFAULT", "-1 EINVAL",
                ]
            )
        }
    }

    @Test
    func `a path that changes while it is looked at is one path or the other`() async throws {
        try await EmulatedRoot.with { root in
            let lines = try await lines(
                ofPython: """
                    os.mkdir("a"); os.mkdir("b"); open("a/f", "w"); open("b/f", "w")
                    text = ctypes.create_string_buffer(b"a/f")
                    over = False
                    def change():
                        while not over: text[0] = b"b"; text[0] = b"a"
                    thread = threading.Thread(target=change); thread.start()
                    for number in range(2000):
                        result = libc.chown(text, 100 + number, 0)
                        assert result == 0, ctypes.get_errno()
                        assert 100 + number in (os.stat("a/f").st_uid, os.stat("b/f").st_uid)
                    over = True; thread.join(); print("done")
                    """,
                in: root
            )
            #expect(lines == ["done"])
        }
    }

    @Test
    func `processes that are killed in the middle of their calls harm nobody`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                touch f
                for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                    sh -c 'while :; do chown 5 f; stat f > /dev/null; done' & child=$!
                    sleep 0.05; kill -9 $child; wait $child 2> /dev/null || :
                done
                stat -c %u f
                """
        )
        #expect(lines == ["5"])
    }

    @Test
    func `a thousand threads get their answers`() async throws {
        try await EmulatedRoot.with { root in
            let lines = try await lines(
                ofPython: """
                    threading.stack_size(65536)
                    right = []
                    def work(number):
                        name = "t%d" % number
                        open(name, "w").close(); os.chown(name, number, number + 1)
                        status = os.stat(name)
                        if (status.st_uid, status.st_gid) == (number, number + 1): right.append(number)
                    threads = [threading.Thread(target=work, args=(number,)) for number in range(1000)]
                    for thread in threads: thread.start()
                    for thread in threads: thread.join()
                    print(len(right))
                    """,
                in: root
            )
            #expect(lines == ["1000"])
        }
    }

    @Test
    func `deep directories and long names are walked`() async throws {
        let lines = try await EmulatedRoot.lines(
            of: """
                name=$(printf 'x%.0s' $(seq 200))
                for number in $(seq 15); do mkdir "$name"; cd "$name"; done
                touch f; chown 5 f; stat -c %u f; cd ..; chown 6 "$name/../$name/f"; stat -c %u "$name/f"
                """
        )
        #expect(lines == ["5", "6"])
    }

    @Test
    func `links of the host's processes lead nowhere`() async throws {
        try await EmulatedRoot.with { root in
            let other = try await Command.start(EmulatedRoot.asUser(["sleep", "100"]))
            let outside = "/proc/\(other.processID)/root" + root.path.dropLast("/root".count)
            let result = try await root.run(
                """
                chown 5 \(outside)/root/tmp 2> /dev/null || echo refused
                setpriv --reuid 9 --clear-groups mkdir \(outside)/root/tmp/made 2> /dev/null || echo refused
                ls
                """
            )
            other.killGroup()
            #expect(result.lines == ["refused", "refused"])
        }
    }

    @Test
    func `programs cannot take up other credentials behind the supervisor's back`() async throws {
        try await EmulatedRoot.with { root in
            let lines = try await lines(
                ofPython: """
                    os.setresuid(999, 999, 999)
                    PR_SET_TIMERSLACK = 29
                    print(libc.prctl(PR_SET_TIMERSLACK, 50000, 0, 0, 0), os.getuid())
                    """,
                in: root
            )
            #expect(lines == ["0 999"])
        }
    }

    #if arch(x86_64)
        @Test
        func `32-bit code is ended and named`() async throws {
            try await EmulatedRoot.with { root in
                let program = """
                    import ctypes, mmap
                    code = mmap.mmap(-1, 4096, prot=7)
                    code.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
                    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
                    """
                let result = try await root.run("python3 -c '\(program)'; echo status $?")
                #expect(result.lines == ["status 137"])
                #expect(result.foreign?.hasPrefix("python3") == true)
            }
        }
    #endif
}
