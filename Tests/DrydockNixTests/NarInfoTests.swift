// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import DrydockTestSupport
import Testing

@Suite struct NarInfoTests {
    private static let hash = "0123456789abcdfghijklmnpqrsvwxyz"
    private static let other = "z123456789abcdfghijklmnpqrsvwxyz"
    private static let digest = "sha256:094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"

    /// The lines of a narinfo file in the order in which Nix writes them.
    private static let lines = [
        "StorePath: /nix/store/\(hash)-hello-2.12",
        "URL: nar/x.nar.xz",
        "Compression: xz",
        "FileHash: \(digest)",
        "FileSize: 50",
        "NarHash: \(digest)",
        "NarSize: 226560",
        "References: \(hash)-hello-2.12 \(other)-glibc-2.39",
        "Deriver: \(hash)-hello-2.12.drv",
        "Sig: cache.nixos.org-1:aaaa==",
        "Sig: other:bbbb==",
        "CA: fixed:r:sha256:x",
    ]

    private static func bytes(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

    /// The lines with the one of a key replaced.
    private static func replacing(_ key: String, with line: String) -> [UInt8] {
        bytes(lines.map { $0.hasPrefix(key + ":") ? line : $0 })
    }

    /// The lines without those of some keys.
    private static func without(_ keys: String...) -> [UInt8] {
        bytes(lines.filter { line in !keys.contains { line.hasPrefix($0 + ":") } })
    }

    @Test func `everything is read and written again`() throws {
        let info = try NarInfo(Self.bytes(Self.lines))
        let digest = try Digest(nix: Self.digest)
        let hello = try StorePath("/nix/store/\(Self.hash)-hello-2.12")
        #expect(
            info
                == NarInfo(
                    object: StoreObject(
                        path: hello,
                        narHash: digest,
                        narSize: 226_560,
                        references: [hello, try StorePath("/nix/store/\(Self.other)-glibc-2.39")],
                        deriver: "/nix/store/\(Self.hash)-hello-2.12.drv",
                        signatures: ["cache.nixos.org-1:aaaa==", "other:bbbb=="],
                        contentAddress: "fixed:r:sha256:x"
                    ),
                    url: "nar/x.nar.xz",
                    compression: "xz",
                    fileHash: digest,
                    fileSize: 50
                )
        )
        #expect(Array(info.description.utf8) == Self.bytes(Self.lines))
    }

    @Test func `what may be missing is missing`() throws {
        let bytes = Self.without("Compression", "FileHash", "FileSize", "References", "Deriver", "Sig", "CA")
        let info = try NarInfo(bytes)
        #expect(info.compression == "bzip2")
        #expect(info.fileHash == nil)
        #expect(info.fileSize == nil)
        #expect(info.object.references == [])
        #expect(info.object.deriver == nil)
        #expect(info.object.signatures == [])
        #expect(info.object.contentAddress == nil)
        let written =
            Self.lines.prefix(2) + ["Compression: bzip2", Self.lines[5], Self.lines[6], "References: "]
        #expect(Array(info.description.utf8) == Self.bytes(Array(written)))
        #expect(try NarInfo(Self.bytes(Array(written))) == info)
    }

    @Test(arguments: ["References: ", "References:"]) func `a value may be empty`(line: String) throws {
        #expect(try NarInfo(Self.replacing("References", with: line)).object.references == [])
    }

    @Test func `an unknown deriver is none`() throws {
        #expect(try NarInfo(Self.replacing("Deriver", with: "Deriver: unknown-deriver")).object.deriver == nil)
    }

    @Test func `unknown keys do not matter`() throws {
        let extended = Self.bytes(["System: x86_64-linux"] + Self.lines + ["New: a: b", "New: twice"])
        #expect(try NarInfo(extended) == NarInfo(Self.bytes(Self.lines)))
    }

    @Test func `another store directory is that of all paths`() throws {
        let moved = Self.replacing("StorePath", with: "StorePath: /gnu/store/\(Self.hash)-x")
        let info = try NarInfo(moved, storeDirectory: "/gnu/store")
        #expect(info.object.references.map(\.storeDirectory) == ["/gnu/store", "/gnu/store"])
        #expect(info.object.deriver == "/gnu/store/\(Self.hash)-hello-2.12.drv")
        #expect(throws: NarInfo.ParsingFailure.self) { try NarInfo(moved) }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let text: String

        var testDescription: String { text }

        init(_ bytes: [UInt8], _ text: String) {
            self.bytes = bytes
            self.text = text
        }
    }

    static let refused = [
        Refused([], "Cannot read the narinfo: StorePath is missing"),
        Refused(without("URL"), "Cannot read the narinfo: URL is missing"),
        Refused(without("NarHash"), "Cannot read the narinfo: NarHash is missing"),
        Refused(without("NarSize"), "Cannot read the narinfo: NarSize is missing"),
        Refused(replacing("URL", with: "URL: "), "Cannot read the narinfo: URL is missing"),
        Refused(
            bytes(lines + ["x"]).dropLast().map { $0 },
            "Cannot read the narinfo at line 13: its last line has no end"
        ),
        Refused([0xFF, 0x0A], "Cannot read the narinfo: it has bytes that are not UTF-8"),
        Refused(bytes(["x"] + lines), "Cannot read the narinfo at line 1: expected a key, ': ' and a value"),
        Refused(bytes([":"] + lines), "Cannot read the narinfo at line 1: expected a key, ': ' and a value"),
        Refused(bytes(lines + [""]), "Cannot read the narinfo at line 13: expected a key, ': ' and a value"),
        Refused(
            replacing("URL", with: "URL: x\r"),
            "Cannot read the narinfo at line 2: expected a key, ': ' and a value"
        ),
        Refused(
            replacing("URL", with: "URL:x"),
            "Cannot read the narinfo at line 2: expected a key, ': ' and a value"
        ),
        Refused(bytes(lines + ["NarSize: 5"]), "Cannot read the narinfo at line 13: NarSize is there twice"),
        Refused(
            replacing("FileSize", with: "FileSize: x"),
            "Cannot read the narinfo at line 5: the FileSize 'x' is not a number of bytes"
        ),
        Refused(
            replacing("NarSize", with: "NarSize: -1"),
            "Cannot read the narinfo at line 7: the NarSize '-1' is not a number of bytes"
        ),
        Refused(
            replacing("NarSize", with: "NarSize: 9223372036854775808"),
            "Cannot read the narinfo at line 7: the NarSize '9223372036854775808' is not a number of bytes"
        ),
        Refused(
            replacing("NarHash", with: "NarHash: md5:x"),
            "Cannot read the narinfo at line 6: NarHash: Hash 'md5:x' uses an algorithm other than sha256"
        ),
        Refused(
            replacing("StorePath", with: "StorePath: /tmp/x"),
            "Cannot read the narinfo at line 1: StorePath: '/tmp/x' is not a store path: it is not directly in /nix/store"
        ),
        Refused(
            replacing("References", with: "References: ../x"),
            "Cannot read the narinfo at line 8: References: '../x' is not a store path: its name does not start with "
                + "32 nix32 digits and '-'"
        ),
        Refused(
            replacing("Deriver", with: "Deriver: x"),
            "Cannot read the narinfo at line 9: Deriver: 'x' is not a store path: its name does not start with "
                + "32 nix32 digits and '-'"
        ),
        Refused(
            bytes(lines) + [UInt8](repeating: 0x61, count: 1 << 20),
            "Cannot read the narinfo: it has \(bytes(lines).count + 1 << 20) bytes, the limit is 1048576"
        ),
    ]

    @Test(arguments: refused)
    func `what is not a narinfo file is refused with the line and the reason`(file: Refused) throws {
        let failure = try #require(#expect(throws: NarInfo.ParsingFailure.self) { try NarInfo(file.bytes) })
        #expect(failure.description == file.text)
    }

    @Test func `the fingerprint has the references in order`() throws {
        let info = try NarInfo(Self.bytes(Self.lines))
        #expect(
            info.object.fingerprint
                == "1;/nix/store/\(Self.hash)-hello-2.12;\(Self.digest);226560;"
                + "/nix/store/\(Self.hash)-hello-2.12,/nix/store/\(Self.other)-glibc-2.39"
        )
        var object = info.object
        object.references.reverse()
        #expect(object.fingerprint == info.object.fingerprint)
        object.references = []
        #expect(object.fingerprint == "1;/nix/store/\(Self.hash)-hello-2.12;\(Self.digest);226560;")
        object.narHash = nil
        #expect(object.fingerprint == nil)
    }

    @Test(arguments: 0..<4) func `a damaged file is read as what it would be written as, or refused`(part: UInt64)
        throws
    {
        var generator = SeededGenerator(seed: part)
        let seed = Self.bytes(Self.lines)
        for _ in 0..<500 {
            var bytes = seed
            for _ in 0...generator.below(3) {
                let place = generator.below(bytes.count)
                switch generator.below(4) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(generator.pick([0, 0x0A, 0x20, 0x30, 0x3A, 0x7F, 0xFF]), at: place)
                case 2: bytes.replaceSubrange(place..<min(place + 90, bytes.count), with: [])
                default: bytes[place] = UInt8(generator.below(256))
                }
            }
            do {
                let info = try NarInfo(bytes)
                let again = try NarInfo(Array(info.description.utf8))
                #expect(again == info)
            } catch {
                #expect(error.description.hasPrefix("Cannot read the narinfo"))
            }
        }
    }
}
