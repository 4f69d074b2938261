// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import DrydockTestSupport
import Foundation
import Glibc
import Testing

/// Archives as entries of an image.
@Suite
struct ArchiveTreeTests {
    /// A tree with everything that GNU tar writes.
    private static let tree = """
        umask 022; mkdir -p t/d t/s; printf one >t/d/f; chmod 4711 t/d/f; ln t/d/f t/z; ln -s d/f t/link; mkfifo -m 640 t/p
        """

    private static let lines = [
        "d 755 t", "d 755 t/d", "f 4711 t/d/f 3", "l 777 t/link -> d/f", "p 640 t/p", "d 755 t/s", "f 4711 t/z 3",
    ]

    /// A way to write the same archive.
    struct Form: CustomTestStringConvertible, Sendable {
        let name: String
        let options: String
        var filter = "cat"
        var testDescription: String { name }
    }

    static let forms = [
        Form(name: "GNU", options: "--format=gnu"),
        Form(name: "PAX", options: "--format=posix"),
        Form(name: "ustar", options: "--format=ustar"),
        Form(name: "gzip", options: "--format=posix", filter: "gzip -c"),
        Form(name: "zstd", options: "--format=gnu", filter: "zstd -qc"),
        Form(name: "gzip in two members", options: "--format=gnu", filter: "split -b 5000 --filter='gzip -c'"),
    ]

    @Test(arguments: forms)
    func `every form of an archive gives the same entries`(form: Form) async throws {
        let script = """
            \(Self.tree)
            tar -c \(form.options) --sort=name --owner=user:7 --group=group:8 --mtime=@5 t | { \(form.filter); } >a
            """
        try await Trees.made(by: script) { directory in
            let before = try FileManager.default.contentsOfDirectory(atPath: directory)
            let entries = try archive(in: directory).entries()
            #expect(Trees.lines(entries) == Self.lines)
            let owner = TreeEntry.Ownership(uid: 7, gid: 8, userName: "user", groupName: "group")
            #expect(entries.allSatisfy { $0.attributes.owner == owner })
            #expect(entries.allSatisfy { $0.attributes.modificationTime == 44 })
            #expect(try Trees.content(of: entries[2]) == Array("one".utf8))
            #expect(try Trees.content(of: entries[6]) == Array("one".utf8))
            #expect(entries[2].linkIdentity != nil)
            #expect(entries[2].linkIdentity == entries[6].linkIdentity)
            // The decompressed archive has no name, also while it is in use.
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == before.sorted())
        }
    }

    @Test(arguments: [
        "--format=gnu", "--format=posix --sparse-version=0.0", "--format=posix --sparse-version=0.1",
        "--format=posix --sparse-version=1.0",
    ])
    func `sparse files have their holes again`(options: String) async throws {
        let script = """
            truncate -s 300000 f; printf begin | dd of=f conv=notrunc status=none
            printf middle | dd of=f bs=1 seek=150000 conv=notrunc status=none
            tar -cS \(options) f >a
            """
        try await Trees.made(by: script) { directory in
            let entries = try archive(in: directory).entries()
            #expect(entries.map(\.path) == ["f"])
            let whole = Array(try Data(contentsOf: URL(filePath: directory + "/f")))
            #expect(try Trees.content(of: entries[0], pieces: 777) == whole)
            #expect(try Data(contentsOf: URL(filePath: directory + "/a")).count < 100_000)
        }
    }

    @Test(.requires("setfattr"), .requiresRoot)
    func `only attributes that mean the same everywhere are kept`() async throws {
        let script = """
            umask 022; touch f; setfattr -n user.note -v hi f; setfattr -n trusted.secret -v no f
            setcap cap_net_bind_service=ep f; tar -c --format=posix --xattrs --xattrs-include='*' f >a
            """
        try await Trees.made(by: script) { directory in
            let expected = "f 644 f 0 security.capability=0100000200040000000000000000000000000000 user.note=6869"
            let entries = try archive(in: directory).entries()
            #expect(Trees.lines(entries) == [expected])
        }
    }

    // MARK: Names

    @Test
    func `stripping leaves out leading components, and the prefix comes before the rest`() async throws {
        try await Trees.made(by: Self.tree + "\ntar -c --sort=name t >a") { directory in
            let paths = { (strip: Int, prefix: ByteString) in
                try archive(in: directory, prefix: prefix, strip: strip).entries().map { "\($0.path)" }
            }
            #expect(try paths(1, "") == ["d", "d/f", "link", "p", "s", "z"])
            #expect(try paths(2, "opt/x") == ["opt/x/f"])
            #expect(try paths(0, "opt").prefix(3) == ["opt/t", "opt/t/d", "opt/t/d/f"])
            #expect(try paths(3, "") == [])
            let stripped = try archive(in: directory, strip: 1).entries()
            #expect(stripped[1].linkIdentity == stripped[5].linkIdentity)
        }
    }

    @Test
    func `a link keeps its content when the file's own name is stripped away`() async throws {
        try await Trees.made(by: "printf 1 >a; mkdir d; ln a d/b; tar -c a d >x; mv x a") { directory in
            let entries = try archive(in: directory, strip: 1).entries()
            #expect(entries.map(\.path) == ["b"])
            #expect(try Trees.content(of: entries[0]) == [0x31])
        }
    }

    @Test
    func `slashes and dots in names say nothing`() async throws {
        try await Trees.made(by: "mkdir d; printf 1 >d/f; tar -cP ./d $PWD/d/f >a 2>/dev/null") { directory in
            let entries = try archive(in: directory).entries()
            #expect(entries.map { "\($0.path)" } == ["d", "d/f", "\(directory.dropFirst())/d/f"])
        }
    }

    @Test
    func `names that are not UTF-8 and long names are kept`() async throws {
        let long = Array(repeating: String(repeating: "n", count: 120), count: 3).joined(separator: "/")
        let script = "mkdir -p \(long); printf x >\(long)/$'\\377'; tar -c \(long)/$'\\377' >a"
        try await Trees.made(by: script) { directory in
            let entries = try archive(in: directory).entries()
            #expect(entries.map(\.path.bytes) == [Array("\(long)/".utf8) + [0xFF]])
        }
    }

    // MARK: Refused

    /// An archive that is refused, and the text after its path.
    struct Refused: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let text: @Sendable (String) -> String
        var testDescription: String { name }
    }

    private static func python(_ members: String) -> String {
        """
        python3 -c '
        import tarfile, io
        with tarfile.open("a", "w") as archive:
            def add(name, kind=tarfile.REGTYPE, link=""):
                info = tarfile.TarInfo(name); info.type = kind; info.linkname = link; archive.addfile(info)
            \(members)
        '
        """
    }

    static let refused = [
        Refused(name: "parent", script: python(#"add("a/../../x")"#)) {
            "Cannot use the archive '\($0)': its member 'a/../../x' leads out of the archive"
        },
        Refused(name: "link to parent", script: python(#"add("x", tarfile.LNKTYPE, "../x")"#)) {
            "Cannot use the archive '\($0)': its member '../x' leads out of the archive"
        },
        Refused(name: "link forward", script: python(#"add("x", tarfile.LNKTYPE, "y"); add("y")"#)) {
            "Cannot read the archive '\($0)': 'x' is a link to 'y', which is no file that comes before it"
        },
        Refused(
            name: "link to a directory",
            script: python(#"add("y", tarfile.DIRTYPE); add("x", tarfile.LNKTYPE, "y")"#)
        ) {
            "Cannot read the archive '\($0)': 'x' is a link to 'y', which is no file that comes before it"
        },
        Refused(name: "link to itself", script: python(#"add("x", tarfile.LNKTYPE, "x")"#)) {
            "Cannot read the archive '\($0)': 'x' is a link to 'x', which is no file that comes before it"
        },
        Refused(name: "whiteout", script: python(#"add("d/.wh.f")"#)) {
            """
            Cannot pack '\($0)/d/.wh.f': in an image, a name that starts with '.wh.' means that a file is deleted
            hint: rename the file
            """
        },
        Refused(name: "whiteout on the way", script: python(#"add("d/.wh.f/g")"#)) {
            """
            Cannot pack '\($0)/d/.wh.f/g': in an image, a name that starts with '.wh.' means that a file is deleted
            hint: rename the file
            """
        },
        Refused(name: "too deep", script: python(#"add("d/" * 512 + "f")"#)) {
            "Cannot pack '\($0)': more than 512 directories inside each other"
        },
        Refused(name: "directory", script: "mkdir a") {
            "Cannot read the archive '\($0)': it is a directory\nhint: use 'directory:' for a directory"
        },
        Refused(name: "pipe", script: "mkfifo a") {
            "Cannot read '\($0)': it is not a regular file"
        },
        Refused(name: "lz4", script: "printf '\\004\\042\\115\\030dp' >a") {
            "Cannot read the archive '\($0)': data compressed with lz4 is not supported; "
                + "compress it again with gzip or zstd"
        },
        Refused(name: "missing", script: "true") { "Cannot open '\($0)': no such file or directory (ENOENT)" },
    ]

    @Test(arguments: refused)
    func `what may not be unpacked is refused`(example: Refused) async throws {
        try await Trees.made(by: example.script) { directory in
            let error = #expect(throws: (any Error).self) { try archive(in: directory).entries() }
            #expect(error.map { "\($0)" } == example.text(directory + "/a"))
        }
    }

    @Test(arguments: ["cat", "gzip -c", "zstd -qc"])
    func `a truncated archive is refused at every length`(filter: String) async throws {
        let script = "head -c 3000 /dev/urandom >f; tar -c f | \(filter) >whole"
        try await Trees.made(by: script) { directory in
            let whole = try Data(contentsOf: URL(filePath: directory + "/whole"))
            // Of a plain archive, only what comes before the zeros at its end must be there.
            let end = filter == "cat" ? 512 + 3_000 : whole.count
            for length in [1, 100, 511, 513, 1_000, 3_000, end - 1] {
                try whole.prefix(length).write(to: URL(filePath: directory + "/a"))
                let error = #expect(throws: TreeError.self) { try archive(in: directory).entries() }
                #expect(error?.description.hasPrefix("Cannot read the archive '\(directory)/a': ") == true)
            }
        }
    }

    @Test
    func `what is no archive is refused`() async throws {
        try await Trees.made(by: "head -c 2000 /dev/zero | tr '\\0' x >a") { directory in
            let error = #expect(throws: TreeError.self) { try archive(in: directory).entries() }
            #expect(error?.description.hasPrefix("Cannot read the archive '\(directory)/a': ") == true)
        }
    }

    // MARK: Changes

    @Test
    func `an archive that changes after it was read is an error`() async throws {
        try await Trees.made(by: "printf 1 >f; tar -c f >a; touch -d @1 a") { directory in
            let entries = try archive(in: directory).entries()
            #expect(try Trees.content(of: entries[0]) == [0x31])
            let change = "printf 2 | dd of=a bs=1 seek=512 conv=notrunc status=none"
            try await Command.check(["sh", "-c", change], in: directory)
            #expect(throws: TreeError(.changed, directory + "/a")) { try Trees.content(of: entries[0]) }
        }
    }

    @Test
    func `a compressed archive may go away once it was read`() async throws {
        try await Trees.made(by: "printf 1 >f; tar -cz f >a") { directory in
            let entries = try archive(in: directory).entries()
            try FileManager.default.removeItem(atPath: directory + "/a")
            #expect(try Trees.content(of: entries[0]) == [0x31])
        }
    }

    @Test(.requiresRoot)
    func `a temporary directory that is full is an error with its name`() async throws {
        try await Trees.made(by: "truncate -s 4M f; tar -cz f >a") { directory in
            try await withTmpfs(size: 1 << 20) { small in
                let tree = ArchiveTree(path: directory + "/a", modificationTime: 0, temporaryDirectory: small)
                let error = SystemError(
                    "decompress the archive '\(directory)/a' into",
                    small,
                    errorNumber: ENOSPC,
                    hint: "set TMPDIR to a directory with more room"
                )
                #expect(throws: error) { try tree.entries() }
                let names = try FileManager.default.contentsOfDirectory(atPath: small)
                #expect(names == [])
            }
        }
    }

    private func archive(in directory: String, prefix: ByteString = "", strip: Int = 0) -> ArchiveTree {
        ArchiveTree(
            path: directory + "/a",
            prefix: prefix,
            strippedComponents: strip,
            modificationTime: 44,
            temporaryDirectory: directory
        )
    }
}
