// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import Testing

/// GNU tar on what the writer writes.
@Suite struct GNUTarTests {
    private func entry(_ name: ByteString, _ kind: TarEntry.Kind, _ mode: UInt16) -> TarEntry {
        var entry = TarEntry(name: name, kind: kind, mode: mode)
        entry.modificationTime = 86_400
        return entry
    }

    private func archive() throws -> [UInt8] {
        let long = ByteString("d/" + String(repeating: "n", count: 150))
        var attributed = entry("d/attributed", .regular(size: 3), 0o640)
        attributed.extendedAttributes = [
            ExtendedAttribute(name: "user.second", value: [0, 0xFF, 0x0A]),
            ExtendedAttribute(name: "user.first", value: Array("one".utf8)),
        ]
        var old = entry("d/old", .fifo, 0o600)
        (old.uid, old.gid, old.modificationTime) = (3_000_000, 4_000_000, -86_400)
        var builder = ArchiveBuilder()
        try builder.add(entry("d", .directory, 0o1777))
        try builder.add(attributed, content: Array("abc".utf8))
        try builder.add(entry(long, .regular(size: 600), 0o4755), content: [UInt8](repeating: 0x79, count: 600))
        try builder.add(entry("d/hard", .hardLink(target: long), 0o4755))
        try builder.add(entry("d/soft", .symlink(target: long), 0o777))
        try builder.add(entry(ByteString(Array("d/\u{E9}".utf8) + [0xFF]), .characterDevice(major: 1, minor: 3), 0o666))
        try builder.add(old)
        builder.addTrailer()
        return builder.bytes
    }

    /// Calls `body` in a directory with the archive.
    private func withArchive<Result>(_ body: (ExternalTool) async throws -> Result) async throws -> Result {
        let archive = try archive()
        return try await ExternalTool.use { tool in
            try tool.write(archive, to: "archive.tar")
            return try await body(tool)
        }
    }

    @Test func `GNU tar lists what was written`() async throws {
        let long = "d/" + String(repeating: "n", count: 150)
        let options = ["--numeric-owner", "--full-time", "--quoting-style=escape", "--warning=no-unknown-keyword"]
        let lines = try await withArchive { try await $0.run(ExternalTool.tar, options + ["-tvf", "archive.tar"]) }
            .map { $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") }
        #expect(
            lines == [
                "drwxrwxrwt 0/0 0 1970-01-02 00:00:00 d/",
                "-rw-r----- 0/0 3 1970-01-02 00:00:00 d/attributed",
                "-rwsr-xr-x 0/0 600 1970-01-02 00:00:00 \(long)",
                "hrwsr-xr-x 0/0 0 1970-01-02 00:00:00 d/hard link to \(long)",
                "lrwxrwxrwx 0/0 0 1970-01-02 00:00:00 d/soft -> \(long)",
                #"crw-rw-rw- 0/0 1,3 1970-01-02 00:00:00 d/\303\251\377"#,
                "prw------- 3000000/4000000 0 1969-12-31 00:00:00 d/old",
            ]
        )
    }

    @Test func `GNU tar extracts contents and hard links`() async throws {
        let long = "d/" + String(repeating: "n", count: 150)
        try await withArchive { tool in
            try await tool.run(ExternalTool.tar, ["-xf", "archive.tar", "d/attributed", long, "d/hard", "d/soft"])
            #expect(try tool.read("d/attributed") == Array("abc".utf8))
            #expect(try tool.read("d/hard") == [UInt8](repeating: 0x79, count: 600))
            #expect(try await tool.run("/usr/bin/stat", ["-c", "%h", "d/hard"]) == ["2"])
            #expect(try await tool.run("/usr/bin/readlink", ["d/soft"]) == [long])
        }
    }

    @Test func `GNU tar finds the extended attributes`() async throws {
        let lines = try await withArchive { tool in
            try await tool.run(ExternalTool.tar, ["--xattrs", "-tvvf", "archive.tar", "d/attributed"])
        }
        #expect(lines.dropFirst().map { $0.trimmingPrefix { $0 == " " } } == ["x: 3 user.first", "x: 3 user.second"])
    }
}
