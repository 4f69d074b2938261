// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockSandbox
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Ways out of a sandbox, each tried by a program that knows what it does.
@Suite(.requiresRoot, .requires("busybox", "python3"))
struct SandboxEscapeTests {
    /// One way.
    struct Escape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// A program of Python, in which `outside` is a directory of this host, and `out()` tells of a success.
        let program: String

        init(_ name: String, _ program: String) {
            testDescription = name
            self.program = program
        }
    }

    private static let modes = [SandboxMode.root, .single]

    private static let prelude = """
        import ctypes, errno, os, resource, socket, sys, threading
        libc = ctypes.CDLL(None, use_errno=True)
        def out(what=""): print("out", what, flush=True)
        def tried(result, what=""):
            if result >= 0: out(what)
        def refused(action, what=""):
            try: action()
            except (OSError, ValueError, PermissionError): return
            out(what)
        def write(path):
            try: open(path, "w").write("x")
            except OSError: pass

        """

    static let escapes: [Escape] = [
        Escape(
            "links to files outside",
            """
            os.symlink(outside + "/marker", "link"); write("link")
            os.symlink("../" * 20 + outside + "/marker", "dots"); write("dots")
            os.symlink("/proc/1/root" + outside + "/marker", "process"); write("process")
            """
        ),
        Escape(
            "paths with dots from every directory",
            """
            for start in ["/", "/proc", "/proc/self", "/proc/self/fd", "/sys", "/dev", "/dev/shm", "/usr", "/layer"]:
                try: os.chdir(start)
                except OSError: continue
                write("../" * 30 + outside + "/marker")
            """
        ),
        Escape(
            "descriptors of its own process",
            """
            for number in os.listdir("/proc/self/fd"):
                write("/proc/self/fd/%s/../../../../../..%s/marker" % (number, outside))
                refused(lambda: os.listdir("/proc/self/fd/%s%s" % (number, outside)))
            """
        ),
        Escape(
            "roots and directories of all processes",
            """
            for number in filter(str.isdigit, os.listdir("/proc")):
                for name in ["root", "cwd", "exe/..", "task/%s/root" % number]:
                    write("/proc/%s/%s%s/marker" % (number, name, outside))
            refused(lambda: os.listdir("/proc/1/root"), "root of the first process")
            for number in range(10):
                refused(lambda: os.readlink("/proc/1/fd/%d" % number), "name of a descriptor of the first process")
                refused(lambda: os.open("/proc/1/fd/%d" % number, os.O_RDONLY), "descriptor of the first process")
            refused(lambda: open("/proc/1/mem", "wb"), "memory of the first process")
            """
        ),
        Escape(
            "mounts by every call",
            """
            tried(libc.mount(b"/", b"/tmp", None, 4096, None), "bind")
            tried(libc.mount(b"none", b"/", None, 32, None), "remount")
            tried(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None), "tmpfs")
            tried(libc.umount2(b"/proc", 2), "umount")
            tried(libc.pivot_root(b".", b"."), "pivot_root")
            for number in [428, 429, 430, 431, 432, 433, 442]: tried(libc.syscall(number, -100, b"/", 1, 0, 0), number)
            """
        ),
        Escape(
            "namespaces, its own and others",
            """
            for flag in [0x10000000, 0x20000, 0x20000000, 0x40000000, 0x4000000]:
                tried(libc.unshare(flag), "unshare %x" % flag)
                tried(libc.syscall(56, flag | 17, 0, 0, 0, 0), "clone %x" % flag)
            for name in os.listdir("/proc/self/ns"):
                try: tried(libc.setns(os.open("/proc/1/ns/" + name, os.O_RDONLY), 0), name)
                except OSError: pass
            """
        ),
        Escape(
            "a root within the root, left again",
            """
            os.makedirs("jail", exist_ok=True)
            top = os.open(".", os.O_RDONLY)
            try:
                os.chroot("jail"); os.fchdir(top)
                for number in range(50): os.chdir("..")
                os.chroot(".")
            except OSError: pass
            write(outside + "/marker")
            """
        ),
        Escape(
            "tracing whoever watches",
            """
            for target in [1, os.getppid(), 0, -1]:
                tried(libc.ptrace(16, target, 0, 0), "attach %d" % target)
                tried(libc.ptrace(0x4206, target, 0, 0), "seize %d" % target)
            buffer = ctypes.create_string_buffer(8)
            class Part(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
            here, there = Part(ctypes.addressof(buffer), 8), Part(0x400000, 8)
            tried(libc.process_vm_readv(1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0), "read")
            tried(libc.process_vm_writev(1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0), "write")
            tried(libc.syscall(438, libc.syscall(434, 1, 0), 0, 0), "pidfd_getfd")
            """
        ),
        Escape(
            "limits that are raised again",
            """
            for name in ["FSIZE", "NPROC", "CORE"]:
                kind = getattr(resource, "RLIMIT_" + name)
                refused(lambda: resource.setrlimit(kind, (resource.RLIM_INFINITY,) * 2), name)
                refused(lambda: resource.prlimit(1, kind, (0, 0)), "first " + name)
            """
        ),
        Escape(
            "the network of this host",
            """
            refused(lambda: socket.create_connection(("127.0.0.1", port), 1), "connect")
            refused(lambda: socket.create_connection(("192.0.2.1", 80), 1), "route")
            refused(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM), "vsock")
            if os.listdir("/sys/class/net") not in ([], ["lo"]): out("interfaces")
            """
        ),
        Escape(
            "files by their handles, and keys",
            """
            tried(libc.open_by_handle_at(os.open("/", os.O_RDONLY), ctypes.create_string_buffer(200), 0), "handle")
            tried(libc.syscall(248, b"user", b"x", b"x", 1, -3), "add_key")
            tried(libc.syscall(321, 0, 0, 0), "bpf")
            tried(libc.syscall(425, 1, ctypes.create_string_buffer(200)), "io_uring")
            tried(libc.syscall(323, 0), "userfaultfd")
            """
        ),
        Escape(
            "a directory that becomes a link while a file is made in it",
            """
            os.makedirs("real", exist_ok=True); os.symlink("../" * 20 + outside, "link")
            os.chmod("real", 0o777); os.chmod(".", 0o777)
            over = False
            def swap():
                while not over:
                    for name in ["link", "real"]:
                        try: os.rename("turn", "rest"); os.rename(name, "turn"); os.rename("rest", name)
                        except OSError: pass
            os.symlink("../" * 20 + outside, "turn")
            thread = threading.Thread(target=swap); thread.start()
            if os.fork() == 0:
                os.setresgid(999, 999, 999); os.setresuid(999, 999, 999); made = 0
                for number in range(400):
                    for action in [lambda p: os.mkdir(p), lambda p: os.symlink("x", p), lambda p: os.mkfifo(p),
                                   lambda p: os.close(os.open(p, os.O_CREAT | os.O_RDWR))]:
                        made += 1
                        try: action("turn/marker%d" % made)
                        except OSError: pass
                    try: os.chown("turn/kept", 5, 5)
                    except OSError: pass
                os._exit(0)
            for number in range(400):
                try: os.chown("turn/kept", 5, 5); os.mknod("turn/device%d" % number, 0o20666, 0x103)
                except OSError: pass
            os.wait(); over = True; thread.join()
            """
        ),
    ]

    @Test(arguments: modes, escapes)
    func `no way leads out`(_ mode: SandboxMode, _ escape: Escape) async throws {
        try await withTemporaryDirectory { outside in
            try Data("kept".utf8).write(to: URL(filePath: "\(outside)/kept"))
            let listener = try Listener()
            let text =
                "outside, port = '\(outside)', \(listener.port)\n\(Self.prelude)\(escape.program)\nprint('end')\n"
            let outcome = try await SampleRoot.with { root in
                try await root.run("exec python3 /dev/drydock/program", mode: mode) { program in
                    program.view = .beside
                    program.directory = SandboxProgram.layerPath
                    program.environment = ["PATH=/usr/bin:/bin"]
                    program.files = [SandboxProgram.ScaffoldFile(name: "program", bytes: Array(text.utf8))]
                }
            }
            #expect(outcome.output == "end\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["kept"])
            let status = try FileStatus(of: "\(outside)/kept")
            #expect(status.uid == geteuid() && status.size == 4)
        }
    }
}

/// A port of this host on which somebody listens.
private final class Listener {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let bound = unsafe bind(descriptor, address, length)
                return unsafe bound == 0 && listen(descriptor, 8) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        try #require(status == 0)
    }

    deinit { _ = close(descriptor) }
}
