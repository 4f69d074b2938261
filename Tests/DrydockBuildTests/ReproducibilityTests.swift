// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockTestSupport
import Foundation
import Testing

/// The same input gives the same bytes, whoever builds it, where and how.
@Suite
struct ReproducibilityTests {
    /// The tree and the spec; the tree's entries are made in the order of the script's words.
    private enum Fixture {
        static let spec = """
            name: example/fixture
            architecture: amd64
            contents:
              - directory: tree
                at: /srv
              - archive: tree.tar
                at: /opt
            copyToRoot: [overlay]
            files:
              - {path: /etc/motd, text: "Grüße\\n"}
              - {path: /etc/secret, text: "x", owner: "7:8", mode: "0600", xattrs: {user.note: dGV4dA==}}
              - {path: /var/run, symlink: ../run}
              - {path: /run, directory: true, mode: "1777"}
            annotations: {org.example.İ: "ı"}
            config:
              Env: [LANG=C]
              Labels: {b: "1", a: "2", I: "3", i: "4"}
            """

        static let names = ["a", "B", "I", "i", "İ", "ı", "é", "-", ".hidden", "a b", "z/z", "z/a", "Z/1", "$'\\377'"]

        /// A script that makes the tree, with the names in that order; modes are set, so that no umask shows.
        static func script(_ names: [String]) -> String {
            """
            mkdir -p tree overlay/etc
            for name in \(names.map { $0.hasPrefix("$") ? $0 : "'\($0)'" }.joined(separator: " ")); do
                mkdir -p "$(dirname "tree/$name")"; printf '%s' "$name" >"tree/$name"
            done
            head -c 3000000 /dev/zero | tr '\\0' x >tree/large
            truncate -s 1000000 tree/sparse; ln tree/large tree/linked; ln -s large tree/link; mkfifo tree/pipe
            ln -s ../srv overlay/data; printf name >overlay/etc/hostname
            find tree overlay -type f -exec chmod 644 {} +; find tree overlay -type d -exec chmod 755 {} +
            chmod 4755 tree/a; chmod 1777 tree/Z; chmod 640 tree/pipe; chmod 444 tree/B
            tar -c --sort=name --format=posix --owner=0 --group=0 --mtime=@0 \
                --pax-option=delete=atime,delete=ctime tree/a tree/Z tree/link >tree.tar
            chmod 644 tree.tar
            """
        }
    }

    /// What a build gives in every form.
    private static let outputs = [
        "-o docker-archive:out/docker.tar", "-o docker-archive:out/docker.tar.gz --compress gzip",
        "-o oci-archive:out/oci.tar --compress none", "-o oci-archive:out/oci-zstd.tar --compress zstd",
        "-o oci:out/layout",
    ]

    /// Makes the fixture in `directory` and gives the digests of all files that are built from it.
    private func digests(
        in directory: String,
        names: [String] = Fixture.names,
        _ surroundings: Surroundings = Surroundings(),
        options: String = "",
        outputs: [String] = Self.outputs
    ) async throws -> [String] {
        try Data(Fixture.spec.utf8).write(to: URL(filePath: directory + "/spec.yaml"))
        try await Command.check(["bash", "-euc", "umask 022\n" + Fixture.script(names)], in: directory)
        try await Command.check(["sh", "-c", "mkdir out && chmod 777 out && chmod 755 ."], in: directory)
        var program = program
        if surroundings.user != nil {
            // The package may be where only its owner can go.
            program = directory + "/drydock"
            try await Command.check(["cp", "--", self.program, program])
        }
        let builds = outputs.map { [program] in
            "'\(program)' build spec.yaml --progress none \(options) \($0) >/dev/null"
        }
        let script = "set -e; cd '\(directory)'\n" + builds.joined(separator: "\n")
        try await Command.check(surroundings.wrapping(["sh", "-c", script]))
        let sums = try await Command.check(
            ["sh", "-c", "cd out && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2"],
            in: directory
        )
        return sums.split(separator: "\n").map(String.init)
    }

    private let program: String

    init() throws { program = try Drydock.path }

    /// The digests of a first build, with which every other is compared.
    private static let first = Task { () throws -> [String] in
        try await withTemporaryDirectory { try await Self().digests(in: $0) }
    }

    // MARK: Who builds, and how

    /// Another way to build.
    struct Way: CustomTestStringConvertible, Sendable {
        let name: String
        var surroundings = Surroundings()
        var options = ""
        var needsRoot = false
        var testDescription: String { name }
    }

    @Test(arguments: [
        Way(name: "again"),
        Way(name: "umask 077", surroundings: Surroundings(umask: 0o077)),
        Way(name: "umask 000", surroundings: Surroundings(umask: 0)),
        Way(name: "Turkish", surroundings: Surroundings(locale: "tr_TR.UTF-8")),
        Way(name: "no locale", surroundings: Surroundings(locale: "C")),
        Way(name: "time zone", surroundings: Surroundings(timeZone: "Asia/Kolkata")),
        Way(name: "one processor", surroundings: Surroundings(processors: 1)),
        Way(name: "one thread", options: "--jobs 1"),
        Way(name: "two threads", options: "--jobs 2"),
        Way(name: "eight threads", options: "--jobs 8"),
    ])
    func `surroundings do not show`(way: Way) async throws {
        let digests = try await withTemporaryDirectory {
            try await self.digests(in: $0, way.surroundings, options: way.options)
        }
        #expect(digests == (try await Self.first.value))
    }

    @Test(.requires("setpriv"), .requiresRoot)
    func `another user does not show`() async throws {
        let digests = try await withTemporaryDirectory {
            try await self.digests(in: $0, Surroundings(user: 65_534, umask: 0o077))
        }
        #expect(digests == (try await Self.first.value))
    }

    // MARK: Where the files are

    @Test
    func `the order in which directories list their names does not show`() async throws {
        let digests = try await withTemporaryDirectory {
            try await self.digests(in: $0, names: Fixture.names.reversed())
        }
        #expect(digests == (try await Self.first.value))
    }

    @Test(.requiresRoot)
    func `a file system in memory does not show`() async throws {
        let digests = try await withTmpfs(size: 256 << 20) { try await self.digests(in: $0) }
        #expect(digests == (try await Self.first.value))
    }

    @Test(.requires("mkfs.ext4"), .requiresRoot)
    func `an ext4 file system does not show`() async throws {
        let digests = try await withExt4 { try await self.digests(in: $0, names: Fixture.names.shuffled()) }
        #expect(digests == (try await Self.first.value))
    }

    // MARK: Golden digests

    private static let dockerDigest = "fda4fc2b5b6a07b9687dbad990a50f865a7c488887583fb006df5daab555763c"
    private static let ociDigest = "40c419a23fca23a03e71674bc984746dc3f8592566fbb9755ae1ab9be373c433"

    @Test
    func `uncompressed images are those of every release`() async throws {
        let digests = try await withTemporaryDirectory { directory in
            try await self.digests(in: directory, outputs: [Self.outputs[0], Self.outputs[2]])
        }
        let comment: Comment = "An image that somebody has built before is another one now: say so in CHANGELOG.md"
        #expect(digests == [Self.dockerDigest + "  ./docker.tar", Self.ociDigest + "  ./oci.tar"], comment)
    }

    /// The digest of a gzip archive by the version of libdeflate; a new version may compress differently.
    private static let gzipDigests = ["1.14": "f205432f4218edf0bbc2e40159e2eadcf12d875ac1bffd76fa04b3461f3a1f63"]
    /// The digest of an archive with zstd layers by the version of zstd; a new version may compress differently.
    private static let zstdDigests = ["1.5.4": "7ff69b0485e0c61ba8c1fb4701418e3d2a3fcac7bd748166cd6d235c1f1b1d23"]

    @Test(
        .enabled("needs a version of libdeflate whose output is known, not \(CompressionLibraries.libdeflate)") {
            gzipDigests[CompressionLibraries.libdeflate] != nil
        }
    )
    func `gzip archives are those of every release with the same libdeflate`() async throws {
        let digests = try await withTemporaryDirectory { directory in
            try await self.digests(in: directory, outputs: [Self.outputs[1]])
        }
        let expected = try #require(Self.gzipDigests[CompressionLibraries.libdeflate])
        #expect(digests == [expected + "  ./docker.tar.gz"])
    }

    @Test(
        .enabled("needs a version of zstd whose output is known, not \(CompressionLibraries.zstd)") {
            zstdDigests[CompressionLibraries.zstd] != nil
        }
    )
    func `zstd layers are those of every release with the same zstd`() async throws {
        let digests = try await withTemporaryDirectory { directory in
            try await self.digests(in: directory, outputs: [Self.outputs[3]])
        }
        let expected = try #require(Self.zstdDigests[CompressionLibraries.zstd])
        #expect(digests == [expected + "  ./oci-zstd.tar"])
    }
}
