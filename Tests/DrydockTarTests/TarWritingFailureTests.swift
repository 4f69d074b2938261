// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar
import Testing

/// An entry that the writer refuses, and what it says.
struct RefusedEntry: CustomTestStringConvertible, Sendable {
    let entry: TarEntry
    let message: String

    init(
        _ name: ByteString,
        _ kind: TarEntry.Kind,
        _ message: String,
        change: (inout TarEntry) -> Void = { _ in }
    ) {
        var entry = TarEntry(name: name, kind: kind, mode: 0o644)
        change(&entry)
        self.entry = entry
        self.message = "Cannot write '\(name)' to a tar archive: \(message)"
    }

    var testDescription: String { message }

    static let all = [
        Self("", .fifo, "its name is empty"),
        Self("a\u{0}b", .fifo, "its name contains a NUL byte"),
        Self("a/", .regular(size: 0), "its name ends with a slash, but it is not a directory"),
        Self("a", .symlink(target: ""), "the target of the link is empty"),
        Self("a", .hardLink(target: "b\u{0}"), "the target of the link contains a NUL byte"),
        Self("a", .regular(size: -1), "its size is -1, the lowest possible is 0"),
        Self(
            "a",
            .regular(size: 4_611_686_018_427_387_905),
            "its size is 4611686018427387905, the highest possible is 4611686018427387904"
        ),
        Self("a", .fifo, "its mode is 4096, the highest possible is 4095") { $0.mode = 0o10000 },
        Self(
            "a",
            .characterDevice(major: 2_097_152, minor: 0),
            "its major device number is 2097152, the highest possible is 2097151"
        ),
        Self(
            "a",
            .blockDevice(major: 0, minor: 2_097_152),
            "its minor device number is 2097152, the highest possible is 2097151"
        ),
        Self("a", .fifo, #"the owner or group name 'x\x00' contains a NUL byte"#) { $0.userName = "x\u{0}" },
        Self("a", .fifo, #"the owner or group name '\x00y' contains a NUL byte"#) { $0.groupName = "\u{0}y" },
        attributes(["user.a=b"], "the attribute name 'user.a=b' is empty or contains '=' or a NUL byte"),
        attributes([""], "the attribute name '' is empty or contains '=' or a NUL byte"),
        attributes(["u\u{0}"], #"the attribute name 'u\x00' is empty or contains '=' or a NUL byte"#),
        attributes(["user.a", "user.b", "user.a"], "the attribute 'user.a' is given twice"),
    ]

    private static func attributes(_ names: [ByteString], _ message: String) -> Self {
        Self("a", .fifo, message) { $0.extendedAttributes = names.map { ExtendedAttribute(name: $0, value: []) } }
    }
}

@Suite struct TarWritingFailureTests {
    @Test(arguments: RefusedEntry.all)
    func `an entry that the format cannot express is refused with a sentence`(refused: RefusedEntry) throws {
        var output: [UInt8] = [1]
        let failure = try #require(throws: TarWritingFailure.self) {
            try TarFormat.appendHeader(of: refused.entry, to: &output)
        }
        #expect(failure.description == refused.message)
        #expect(output == [1])
        #expect(throws: failure) { try TarFormat.headerSize(of: refused.entry) }
    }
}
