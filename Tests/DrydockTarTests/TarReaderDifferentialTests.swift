// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import Testing

/// A way to call GNU tar.
struct TarCall: CustomTestStringConvertible, Sendable {
    let options: [String]
    /// Whether the format holds names over 100 bytes in one piece.
    let longNames: Bool
    /// Whether the format holds times before 1970.
    let oldTimes: Bool

    init(_ options: String, longNames: Bool = true, oldTimes: Bool = true) {
        self.options = options.split(separator: " ").map(String.init)
        self.longNames = longNames
        self.oldTimes = oldTimes
    }

    var testDescription: String { options.joined(separator: " ") }

    static let all = [
        Self("--format=v7 --exclude=tree/pipe", longNames: false, oldTimes: false),
        Self("--format=ustar", longNames: false, oldTimes: false),
        Self("--format=oldgnu"),
        Self("--format=gnu"),
        Self("--format=gnu --owner=big:3000000 --group=:2097152"),
        Self("--format=gnu --sparse"),
        Self("--format=gnu --label=a-label"),
        Self("--format=pax"),
        Self("--format=pax --owner=big:3000000 --group=:2097152"),
        Self("--format=pax --pax-option=mtime=7,comment=global"),
        Self("--format=pax --sparse --sparse-version=0.0"),
        Self("--format=pax --sparse --sparse-version=0.1"),
        Self("--format=pax --sparse --sparse-version=1.0"),
    ]
}

/// The reader against GNU tar, which writes the archives, and Python, which reads them too.
@Suite struct TarReaderDifferentialTests {
    @Test(arguments: TarCall.all)
    func `an archive of GNU tar has the members that Python finds`(call: TarCall) async throws {
        let (archive, expected) = try await ExternalTool.use { tool in
            let archive = try await makeArchive(with: call, tool)
            let list = [ExternalTool.fixture("list_archive.py"), "archive.tar"]
            // Python takes the name of the archive for a file of type V.
            return (archive, try await tool.run(ExternalTool.python, list).filter { !$0.hasPrefix("V") })
        }
        for chunk in [1000, .max] {
            var reader = TarReader(ArraySource(archive, chunk: chunk))
            var found: [String] = []
            while let member = try reader.next() { found.append(description(of: member)) }
            #expect(found == expected)
        }
    }

    @Test(arguments: TarCall.all)
    func `the segments of each file of an archive are its content`(call: TarCall) async throws {
        try await ExternalTool.use { tool in
            let archive = try await makeArchive(with: call, tool)
            var reader = TarReader(archive)
            var files: [ByteString] = []
            while let member = try reader.next() {
                guard case .regular(let size) = member.entry.kind, let name = member.entry.name.utf8Text else {
                    continue
                }
                files.append(member.entry.name)
                let content = member.segments.flatMap { bytes(of: $0, in: archive) }
                #expect(Int64(content.count) == size)
                #expect(try content == tool.read(name))
            }
            #expect(files.contains("tree/sparse"))
            #expect(files.count == (call.longNames ? 9 : 7))
        }
    }

    private func makeArchive(with call: TarCall, _ tool: ExternalTool) async throws -> [UInt8] {
        let time = call.oldTimes ? "1950-01-01 00:00:00 UTC" : "1970-01-01 00:00:00 UTC"
        try await tool.run("/bin/sh", [ExternalTool.fixture("make_tree.sh"), call.longNames ? "long" : "short", time])
        try await tool.run(ExternalTool.tar, ["--sort=name"] + call.options + ["-cf", "archive.tar", "tree"])
        return try tool.read("archive.tar")
    }

    private func bytes(of segment: TarSegment, in archive: [UInt8]) -> [UInt8] {
        switch segment {
        case .stored(let offset, let count): Array(archive[Int(offset)..<Int(offset + count)])
        case .zeros(let count): [UInt8](repeating: 0, count: Int(count))
        }
    }

    private func description(of member: TarMember) -> String {
        let entry = member.entry
        var (type, size) = ("", Int64(0))
        switch entry.kind {
        case .regular(let bytes): (type, size) = ("0", bytes)
        case .hardLink: type = "1"
        case .symlink: type = "2"
        case .characterDevice: type = "3"
        case .blockDevice: type = "4"
        case .directory: type = "5"
        case .fifo: type = "6"
        }
        let texts = [entry.name, entry.linkTarget ?? "", ByteString(entry.userName), ByteString(entry.groupName)]
            .map { "." + Hex.encode($0.bytes) }
        let map = member.sparseMap.map { $0.map { "\($0.offset)+\($0.count)" }.joined(separator: ",") } ?? "-"
        return "\(type) \(texts[0]) \(texts[1]) \(entry.mode) \(entry.uid) \(entry.gid) \(size) "
            + "\(entry.modificationTime) \(texts[2]) \(texts[3]) \(member.dataOffset) \(map)"
    }
}
