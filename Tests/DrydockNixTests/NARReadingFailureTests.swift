// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix
import Testing

/// A NAR that must be refused, and how.
struct RefusedNAR: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let reason: NARReadingFailure.Reason
    let offset: Int64
    let text: String

    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ reason: NARReadingFailure.Reason, at offset: Int64, _ text: String) {
        self.name = name
        self.bytes = bytes
        self.reason = reason
        self.offset = offset
        self.text = text
    }

    /// One made by adding to what every NAR begins with.
    init(
        _ name: String,
        _ reason: NARReadingFailure.Reason,
        at offset: Int64,
        _ text: String,
        _ build: (inout NARBuilder) -> Void
    ) {
        var nar = NARBuilder()
        build(&nar)
        self.init(name, nar.bytes, reason, at: offset, text)
    }
}

@Suite struct NARReadingFailureTests {
    private static let none = NARBuilder(empty: ()).bytes
    private static let longName = ByteString([UInt8](repeating: 0x61, count: 256))
    private static let longTarget = ByteString([UInt8](repeating: 0x61, count: 4096))

    private static let words = [
        RefusedNAR(
            "nothing",
            none,
            .truncated,
            at: 0,
            "it ends too early\nhint: the file is probably incomplete: get it again"
        ),
        RefusedNAR(
            "another format",
            [UInt8](repeating: 0x31, count: 64),
            .badMagic,
            at: 0,
            "expected 'nix-archive-1', which every NAR begins with"
        ),
        RefusedNAR(
            "another version",
            [13, 0, 0, 0, 0, 0, 0, 0] + Array("nix-archive-2\0\0\0".utf8),
            .badMagic,
            at: 0,
            "expected 'nix-archive-1', which every NAR begins with"
        ),
        RefusedNAR(
            "another word",
            .unexpectedWord(expected: ["type"], actual: "tipe"),
            at: 40,
            "expected 'type', got 'tipe'"
        ) { $0.add("(", "tipe") },
        RefusedNAR(
            "an unknown kind",
            .unexpectedWord(expected: ["directory", "regular", "symlink"], actual: "fifo"),
            at: 56,
            "expected 'directory' or 'regular' or 'symlink', got 'fifo'"
        ) { $0.add("(", "type", "fifo") },
        RefusedNAR(
            "an absurd length",
            .unexpectedLength(expected: ["("], length: .max),
            at: 24,
            "expected '(', got a string of 18446744073709551615 bytes"
        ) { $0.add(length: .max) },
        RefusedNAR("padding", .nonzeroPadding, at: 39, "the bytes that fill up a string are not zero") {
            $0.add(length: 1)
            $0.add(raw: Array("(".utf8) + [0, 0, 0, 0, 0, 0, 1])
        },
        RefusedNAR("the mark has a value", .markWithValue, at: 96, "the mark of an executable file is not empty") {
            $0.add("(", "type", "regular", "executable", "x")
        },
        RefusedNAR(
            "a file without content",
            .unexpectedWord(expected: ["contents", "executable"], actual: ")"),
            at: 72,
            "expected 'contents' or 'executable', got ')'"
        ) { $0.add("(", "type", "regular", ")") },
        RefusedNAR(
            "a file of an absurd size",
            .fileTooLarge(size: 1 << 62 + 1),
            at: 88,
            "a file has 4611686018427387905 bytes, more than a file can have"
        ) {
            $0.add("(", "type", "regular", "contents")
            $0.add(length: 1 << 62 + 1)
        },
        RefusedNAR(
            "a file whose size is negative as a number with a sign",
            .fileTooLarge(size: .max),
            at: 88,
            "a file has 18446744073709551615 bytes, more than a file can have"
        ) {
            $0.add("(", "type", "regular", "contents")
            $0.add(length: .max)
        },
        RefusedNAR("padding of a content", .nonzeroPadding, at: 97, "the bytes that fill up a string are not zero") {
            $0.add("(", "type", "regular", "contents")
            $0.add(length: 1)
            $0.add(raw: [7, 1, 0, 0, 0, 0, 0, 0])
        },
        RefusedNAR("a second tree", .trailingBytes, at: 120, "other bytes follow its end") {
            $0.add("(", "type", "symlink", "target", "x", ")", "(")
        },
        RefusedNAR("one byte more", .trailingBytes, at: 120, "other bytes follow its end") {
            $0.add("(", "type", "symlink", "target", "x", ")")
            $0.add(raw: [0])
        },
    ]

    private static func name(_ name: ByteString, _ reason: NARReadingFailure.Reason, _ text: String) -> RefusedNAR {
        RefusedNAR("the name '\(name)'", NARBuilder.directory(of: [name]), reason, at: 128, text)
    }

    private static let names = [
        name("", .badName(""), "'' is not a name that a file can have"),
        name(".", .badName("."), "'.' is not a name that a file can have"),
        name("..", .badName(".."), "'..' is not a name that a file can have"),
        name("/", .badName("/"), "'/' is not a name that a file can have"),
        name("../x", .badName("../x"), "'../x' is not a name that a file can have"),
        name("a\0b", .badName("a\0b"), "'a\\x00b' is not a name that a file can have"),
        name(longName, .nameTooLong(length: 256, limit: 255), "a name has 256 bytes, the limit is 255"),
        RefusedNAR(
            "a name of an absurd length",
            .nameTooLong(length: 1 << 40, limit: 255),
            at: 128,
            "a name has 1099511627776 bytes, the limit is 255"
        ) {
            $0.add("(", "type", "directory", "entry", "(", "name")
            $0.add(length: 1 << 40)
        },
        RefusedNAR(
            "unsorted names",
            NARBuilder.directory(of: ["b", "a"]),
            .unsorted("a", after: "b"),
            at: 312,
            "'a' comes after 'b', but names must be in ascending order"
        ),
        RefusedNAR(
            "a longer name before its beginning",
            NARBuilder.directory(of: ["a-", "a"]),
            .unsorted("a", after: "a-"),
            at: 312,
            "'a' comes after 'a-', but names must be in ascending order"
        ),
        RefusedNAR(
            "a repeated name",
            NARBuilder.directory(of: ["a", "a"]),
            .repeated("a"),
            at: 312,
            "'a' is in its directory twice"
        ),
    ]

    private static let links = [
        RefusedNAR(
            "no target",
            NARBuilder.link(to: ""),
            .badTarget(""),
            at: 88,
            "'' is not a target that a link can have"
        ),
        RefusedNAR(
            "a target with NUL",
            NARBuilder.link(to: "a\0"),
            .badTarget("a\0"),
            at: 88,
            "'a\\x00' is not a target that a link can have"
        ),
        RefusedNAR(
            "a long target",
            NARBuilder.link(to: longTarget),
            .targetTooLong(length: 4096, limit: 4095),
            at: 88,
            "a link's target has 4096 bytes, the limit is 4095"
        ),
    ]

    @Test(arguments: words + names + links)
    func `a NAR that Nix does not write is refused with the place and the reason`(nar: RefusedNAR) throws {
        var reader = NARReader(ArrayNAR(nar.bytes))
        let failure = try #require(#expect(throws: NARReadingFailure.self) { try reader.items() })
        #expect(failure == NARReadingFailure(nar.reason, at: nar.offset))
        #expect(failure.description == "Cannot read the NAR at byte \(nar.offset): \(nar.text)")
    }

    @Test func `limits are said`() {
        #expect(
            NARReadingFailure(.tooDeep(limit: 512), at: 9).description
                == "Cannot read the NAR at byte 9: more than 512 directories are inside each other"
        )
        #expect(
            NARReadingFailure(.tooManyEntries(limit: 3), at: 9).description
                == "Cannot read the NAR at byte 9: it has more entries than the limit of 3"
        )
    }
}
