// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockOCI
import Testing

@Suite struct SpecValueTests {
    @Test func `a spec with only a name has the defaults`() throws {
        let spec = try decode("name: redis")
        #expect(spec == ImageSpec(name: "redis", directory: "specs"))
        #expect(spec.tag == nil)
        #expect(spec.created == .fixed(Timestamp.Instant(seconds: 1)))
        #expect(spec.mtime == .fixed(Timestamp.Instant(seconds: 1)))
        #expect([spec.uid, spec.gid] == [0, 0])
        #expect([spec.uname, spec.gname, spec.os] == ["root", "root", "linux"])
        #expect(spec.architecture == nil && spec.variant == nil && spec.compressor == nil)
        #expect(spec.maxLayers == 100)
        #expect(spec.contents.isEmpty && spec.copyToRoot.isEmpty && spec.files.isEmpty && spec.annotations.isEmpty)
        #expect(!spec.keepContentsDirlinks)
        #expect(spec.config == ContainerConfiguration())
    }

    @Test func `null is the same as absence`() throws {
        let text = """
            name: a
            tag: null
            contents: ~
            copyToRoot:
            config: Null
            created: NULL
            maxLayers: null
            annotations: {a: null, b: c}
            """
        var expected = ImageSpec(name: "a", directory: "specs")
        expected.annotations = ["b": "c"]
        #expect(try decode(text) == expected)
    }

    @Test func `the keys at the top are read`() throws {
        let text = """
            {"name": "localhost:5000/a", "tag": "7", "copyToRoot": "rootfs", "keepContentsDirlinks": true,
             "created": "now", "mtime": "SOURCE_DATE_EPOCH", "uid": 1, "gid": 4294967294, "uname": "u", "gname": "g",
             "architecture": "arm", "variant": "v7", "os": "linux", "annotations": {"k": "v"}, "compressor": "zstd",
             "maxLayers": 125}
            """
        var expected = ImageSpec(name: "localhost:5000/a", directory: "specs")
        expected.tag = "7"
        expected.copyToRoot = ["rootfs"]
        expected.keepContentsDirlinks = true
        expected.created = .now
        expected.mtime = .sourceDateEpoch
        expected.uid = 1
        expected.gid = 4_294_967_294
        expected.uname = "u"
        expected.gname = "g"
        expected.architecture = "arm"
        expected.variant = "v7"
        expected.annotations = ["k": "v"]
        expected.compressor = .zstd
        expected.maxLayers = 125
        #expect(try decode(text) == expected)
    }

    @Test func `contents are read in order`() throws {
        let text = """
            name: a
            contents:
              - executable: /bin/sh
              - {executable: [a, b], dlopen: ["/*.so"], at: /opt/bin/}
              - directory: site
              - {directory: site, at: /srv}
              - {directory: site, exclude: .git, owner: "33"}
              - {directory: site, exclude: [a/b, "**/*.o", c/], owner: "33:34"}
              - archive: a.tar
              - {archive: a.tar, at: /opt, strip: 2}
            """
        #expect(
            try decode(text).contents == [
                .executable(["/bin/sh"], dlopen: []),
                .executable(["a", "b"], dlopen: ["/*.so"], at: "/opt/bin/"),
                .directory("site", at: "/"),
                .directory("site", at: "/srv"),
                .directory("site", exclude: [".git"], owner: ContentOwner(uid: 33, gid: 33)),
                .directory("site", exclude: ["a/b", "**/*.o", "c/"], owner: ContentOwner(uid: 33, gid: 34)),
                .archive("a.tar", at: "/", strip: 0),
                .archive("a.tar", at: "/opt", strip: 2),
            ]
        )
    }

    @Test func `files are read with owner, mode, time and attributes`() throws {
        let text = """
            name: a
            files:
              - {path: /tmp, directory: true, mode: "1777"}
              - {path: /a, text: "x\\0", owner: "999:5", mode: "04755", mtime: 2024-01-01T00:00:00Z}
              - {path: /b, source: b, owner: "7", xattrs: {user.a: v, user.b: {hex: 00fF}, user.c: {base64: aGk=}}}
              - {path: /c, symlink: ../d}
            """
        var directory = FileSpec(path: "/tmp", content: .directory)
        directory.mode = 0o1777
        var regular = FileSpec(path: "/a", content: .text("x\0"))
        (regular.uid, regular.gid) = (999, 5)
        regular.mode = 0o4755
        regular.mtime = .fixed(Timestamp.Instant(seconds: 1_704_067_200))
        var source = FileSpec(path: "/b", content: .source("b"))
        (source.uid, source.gid) = (7, 7)
        source.xattrs = ["user.a": [0x76], "user.b": [0x00, 0xFF], "user.c": [0x68, 0x69]]
        let link = FileSpec(path: "/c", content: .symlink("../d"))
        #expect(try decode(text).files == [directory, regular, source, link])
    }

    @Test func `markers leave no trace in values`() throws {
        let text = #"""
            name: a
            config:
              Cmd: ["*", '?', "a*b?", plain * and ? text]
              Labels: {"*": "?", a?: b*}
            """#
        let config = try decode(text).config
        #expect(config.cmd == ["*", "?", "a*b?", "plain * and ? text"])
        #expect(config.labels == ["*": "?", "a?": "b*"])
    }

    @Test func `the whole configuration is read`() throws {
        let whole = try #require(SpecCase.good.first { $0.title == "whole configuration" })
        var expected = ContainerConfiguration()
        expected.user = "999:www-data"
        expected.exposedPorts = ["53/udp", "6379/tcp", "80/tcp", "9/sctp"]
        expected.env = ["PATH=/bin", "A=", "B==x"]
        expected.entrypoint = ["/bin/sh", "-c"]
        expected.cmd = []
        expected.volumes = ["/data", "/var/lib/x"]
        expected.workingDir = "/data/"
        expected.labels = ["a": "b", "1": "2"]
        expected.stopSignal = "SIGRTMIN+3"
        expected.stopTimeout = -1
        var check = ContainerConfiguration.Healthcheck()
        check.test = ["CMD-SHELL", "curl -f localhost || exit 1"]
        check.interval = 90_000_000_000
        check.timeout = 500_000_000
        check.startPeriod = 0
        check.startInterval = 5_000_000_000
        check.retries = 3
        expected.healthcheck = check
        expected.shell = ["/bin/bash", "-c"]
        expected.onBuild = ["RUN true"]
        expected.argsEscaped = false
        expected.memory = 1_073_741_824
        expected.memorySwap = -1
        expected.cpuShares = 512
        expected.hostname = "host-1"
        expected.domainname = ""
        expected.attachStdin = true
        expected.attachStdout = true
        expected.attachStderr = false
        expected.tty = true
        expected.openStdin = true
        expected.stdinOnce = true
        expected.networkDisabled = true
        expected.macAddress = "02:42:ac:11:00:02"
        #expect(try decode(whole.text).config == expected)
    }

    @Test func `durations have units`() throws {
        let text = "name: a\nconfig: {Healthcheck: {Interval: 1h2m3s4ms, Timeout: 999999h}}"
        let check = try #require(try decode(text).config.healthcheck)
        #expect(check.interval == 3_723_004_000_000)
        #expect(check.timeout == 3_599_996_400_000_000_000)
    }

    @Test func `capabilities are encoded as the kernel reads them`() throws {
        let text = """
            name: a
            files:
              - {path: /a, text: x, xattrs: {security.capability: "cap_net_bind_service=ep"}}
              - {path: /b, text: x, xattrs: {security.capability: "cap_chown=p cap_checkpoint_restore,cap_bpf+ip"}}
            """
        let files = try decode(text).files
        #expect(
            files.map { $0.xattrs["security.capability"] } == [
                [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                [0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0x80, 1, 0, 0],
            ]
        )
    }

    @Test func `relative paths are under the directory of the spec`() throws {
        let spec = try decode("name: a")
        #expect(spec.resolve("rootfs/a") == "specs/rootfs/a")
        #expect(spec.resolve("./rootfs/./a/../b") == "specs/rootfs/a/../b")
        #expect(spec.resolve(".././rootfs") == "specs/../rootfs")
        #expect(spec.resolve("/etc") == "/etc")
        #expect(ImageSpec(name: "a", directory: "/srv/").resolve("b") == "/srv/b")
        #expect(ImageSpec(name: "a", directory: "/").resolve("b") == "/b")
        #expect(ImageSpec(name: "a").resolve("b") == "b")
        #expect(ImageSpec(name: "a", directory: "").resolve("b") == "b")
    }

    @Test func `a diagnostic has its parts`() throws {
        let error = try #require(throws: SpecError.self) { try decode("name: a\ntag: 7") }
        let diagnostic = try #require(error.diagnostics.first)
        #expect(diagnostic.file == "spec.yaml")
        #expect([diagnostic.line, diagnostic.column, diagnostic.caret] == [2, 6, 5])
        #expect(diagnostic.message == "Expected a string for 'tag', got a number")
        #expect(diagnostic.excerpt == "tag: 7")
        #expect(diagnostic.hint == "put it into quotes: \"7\"")
        #expect(error.omittedCount == 0)
    }

    @Test func `large attributes are refused`() {
        let value = String(repeating: "v", count: 65_537)
        let text = "name: a\nfiles: [{path: /a, text: x, xattrs: {user.a: \(value)}}]"
        let first = diagnostics(Array(text.utf8)).split(separator: "\n").first
        #expect(first == "spec.yaml:2:46: An extended attribute holds at most 65536 bytes, got 65537 bytes")
    }
}
