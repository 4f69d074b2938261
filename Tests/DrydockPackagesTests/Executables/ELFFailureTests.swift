// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Testing

/// A file that claims to be a program, and what is wrong with it.
struct HostileFile: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let reason: ELFFailure.Reason
    let offset: UInt64
    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ reason: ELFFailure.Reason, at offset: Int) {
        self.name = name
        self.bytes = bytes
        self.reason = reason
        self.offset = UInt64(offset)
    }

    private static let program = ELFBuilder.program(needs: ["libx.so.1"])
    private static let good = program.build()
    private static let narrow = ELFBuilder(isWide: false, interpreter: "/lib/ld.so", needed: ["libx.so.1"])
    private static let dynamic = program.dynamicOffset
    /// Where the strings begin: three entries and the end mark behind the dynamic section.
    private static let strings = dynamic + 4 * 16
    /// Where the sizes of the segments with a name are, in the file's bytes.
    private static let loadSize = 64 + 32
    private static let dynamicSize = program.dynamicHeaderOffset + 32
    private static let interpreterSize = program.interpreterHeaderOffset + 32

    private static func truncated(_ part: ELFFailure.Part, _ needed: Int, _ available: Int) -> ELFFailure.Reason {
        .truncated(part, needed: UInt64(needed), available: UInt64(available))
    }

    static let headers = [
        HostileFile("cut off in the magic and identification", Array(good[..<5]), truncated(.header, 16, 5), at: 0),
        HostileFile("cut off in the header", Array(good[..<63]), truncated(.header, 64, 63), at: 0),
        HostileFile(
            "cut off in the header of 32 bits",
            Array(narrow.build()[..<51]),
            truncated(.header, 52, 51),
            at: 0
        ),
        HostileFile("class 0", good.patched(4, [0]), .unsupported(field: "class", value: 0), at: 4),
        HostileFile("byte order 3", good.patched(5, [3]), .unsupported(field: "byte order", value: 3), at: 5),
        HostileFile("identification version 2", good.patched(6, [2]), .unsupported(field: "version", value: 2), at: 6),
        HostileFile("an object file", good.patched(16, [1]), .unsupported(field: "file type", value: 1), at: 16),
        HostileFile("a core dump", good.patched(16, [4]), .unsupported(field: "file type", value: 4), at: 16),
        HostileFile("version 0", good.patched(20, [0]), .unsupported(field: "version", value: 0), at: 20),
    ]

    static let tables = [
        HostileFile(
            "program headers beyond the end",
            good.patched(32, program.word(1 << 40)),
            truncated(.programHeaders, 168, 0),
            at: 1 << 40
        ),
        HostileFile(
            "program headers at the greatest offset",
            good.patched(32, [UInt8](repeating: 0xFF, count: 7) + [0x7F]),
            truncated(.programHeaders, 168, 0),
            at: Int.max
        ),
        HostileFile("cut off in the program headers", Array(good[..<100]), truncated(.programHeaders, 168, 36), at: 64),
        HostileFile(
            "program headers of 32 bits in a file of 64 bits",
            good.patched(54, [32, 0]),
            .wrongEntrySize(.programHeaders, expected: 56, actual: 32),
            at: 64
        ),
        HostileFile(
            "program headers of no size",
            good.patched(54, [0, 0]),
            .wrongEntrySize(.programHeaders, expected: 56, actual: 0),
            at: 64
        ),
        HostileFile("no program headers", good.patched(56, [0, 0]), .empty(.programHeaders), at: 64),
        HostileFile(
            "65535 program headers",
            good.patched(56, [0xFF, 0xFF]),
            .tooLarge(.programHeaders, limit: 65_536, actual: 65_535 * 56),
            at: 64
        ),
        HostileFile(
            "cut off in a loadable segment",
            Array(good.dropLast()),
            truncated(.segment, good.count, good.count - 1),
            at: 0
        ),
        HostileFile(
            "a loadable segment whose end overflows",
            good.patched(72, program.word(.max)).patched(loadSize, program.word(.max)),
            .truncated(.segment, needed: .max, available: 0),
            at: UInt64.max
        ),
    ]

    init(_ name: String, _ bytes: [UInt8], _ reason: ELFFailure.Reason, at offset: UInt64) {
        self.name = name
        self.bytes = bytes
        self.reason = reason
        self.offset = offset
    }

    static let segments = [
        HostileFile(
            "an interpreter of 1 GB",
            good.patched(interpreterSize, program.word(1 << 30)),
            .tooLarge(.interpreter, limit: 4096, actual: 1 << 30),
            at: program.interpreterOffset
        ),
        HostileFile(
            "an interpreter beyond the end",
            good.patched(program.interpreterHeaderOffset + 8, program.word(1 << 20)),
            truncated(.interpreter, 28, 0),
            at: 1 << 20
        ),
        HostileFile(
            "an interpreter without an end",
            good.patched(interpreterSize, program.word(27)),
            .unterminated(.interpreter),
            at: program.interpreterOffset
        ),
        HostileFile(
            "an empty interpreter",
            good.patched(program.interpreterOffset, [0]),
            .empty(.interpreter),
            at: program.interpreterOffset
        ),
        HostileFile(
            "two interpreters",
            good.patched(program.dynamicHeaderOffset, [3]),
            .duplicate(.interpreter),
            at: program.interpreterOffset
        ),
        HostileFile(
            "two dynamic sections",
            good.patched(program.interpreterHeaderOffset, [2]),
            .duplicate(.dynamic),
            at: program.interpreterOffset
        ),
        HostileFile(
            "a dynamic section of 1 TB",
            good.patched(dynamicSize, program.word(1 << 40)),
            .tooLarge(.dynamic, limit: 1 << 20, actual: 1 << 40),
            at: dynamic
        ),
        HostileFile(
            "a dynamic section beyond the end",
            good.patched(program.dynamicHeaderOffset + 8, program.word(1 << 20)),
            truncated(.dynamic, 64, 0),
            at: 1 << 20
        ),
        HostileFile(
            "a dynamic section without an end",
            good.patched(dynamicSize, program.word(48)),
            .unterminated(.dynamic),
            at: dynamic
        ),
    ]

    static let strings64 = [
        HostileFile(
            "a string table outside of all segments",
            good.patched(dynamic + 24, program.word(1 << 20)),
            .unmapped(.stringTable, address: 1 << 20),
            at: dynamic + 16
        ),
        HostileFile(
            "a string table at the end of its segment",
            good.patched(dynamic + 24, program.word(UInt64(good.count))),
            .unmapped(.stringTable, address: UInt64(good.count)),
            at: dynamic + 16
        ),
        HostileFile(
            "a string table at the greatest address",
            good.patched(dynamic + 24, program.word(.max)),
            .unmapped(.stringTable, address: .max),
            at: dynamic + 16
        ),
        HostileFile(
            "a string table in two segments",
            good.patched(program.interpreterHeaderOffset, Array(good[64..<120])),
            .ambiguous(.stringTable, address: UInt64(strings)),
            at: dynamic + 16
        ),
        HostileFile(
            "a string table longer than its segment",
            good.patched(dynamic + 40, program.word(12)),
            truncated(.stringTable, 12, 11),
            at: strings
        ),
        HostileFile(
            "no string table",
            good.patched(dynamic + 16, program.word(99)),
            .missing(.stringTable),
            at: dynamic
        ),
        HostileFile(
            "no size of the string table",
            good.patched(dynamic + 32, program.word(99)),
            .missing(.stringTable),
            at: dynamic
        ),
        HostileFile(
            "a needed library's name beyond the string table",
            good.patched(dynamic + 8, program.word(11)),
            .outsideStringTable(.needed, index: 11, size: 11),
            at: dynamic
        ),
        HostileFile(
            "a needed library's name at the greatest offset",
            good.patched(dynamic + 8, program.word(.max)),
            .outsideStringTable(.needed, index: .max, size: 11),
            at: dynamic
        ),
        HostileFile(
            "a needed library's name without an end",
            good.patched(good.count - 1, [0x41]),
            .unterminated(.needed),
            at: strings + 1
        ),
        HostileFile(
            "an empty needed library's name",
            good.patched(strings + 1, [0]),
            .empty(.needed),
            at: dynamic
        ),
        HostileFile(
            "a needed library's name of 5000 bytes",
            ELFBuilder.program(needs: [String(repeating: "x", count: 5000)]).build(),
            .tooLarge(.needed, limit: 4096, actual: 4352),
            at: strings + 1
        ),
        HostileFile(
            "a library with 4097 needs",
            ELFBuilder.program(needs: Array(repeating: "l", count: 4097)).build(),
            .tooLarge(.needed, limit: 4096, actual: 4097),
            at: dynamic + 4096 * 16
        ),
        HostileFile(
            "a search path of 100000 bytes",
            ELFBuilder.program(runpath: String(repeating: "x", count: 100_000)).build(),
            .tooLarge(.searchPath, limit: 65_536, actual: 65_792),
            at: strings + 1
        ),
    ]

    static let all = headers + tables + segments + strings64
}

@Suite struct ELFFailureTests {
    @Test(arguments: HostileFile.all) func `a hostile file is refused with its fault and place`(
        file: HostileFile
    ) throws {
        let host = try SyntheticHost()
        try host.write("/x", file.bytes)
        #expect(throws: ELFFailure(file.reason, in: "/x", at: file.offset)) { try host.closure(of: "/x") }
    }

    @Test func `a good file is not refused at any length but its own`() throws {
        let host = try SyntheticHost()
        let good = ELFBuilder.library("libx.so.1").build()
        for length in 4..<good.count {
            try host.write("/x", good[..<length])
            #expect(throws: ELFFailure.self, "\(length) bytes") { try host.closure(of: "/x") }
        }
        try host.write("/x", good)
        #expect(try host.closure(of: "/x").paths == ["/x"])
    }

    struct Message: CustomTestStringConvertible {
        let reason: ELFFailure.Reason
        let text: String
        var testDescription: String { text }

        init(_ reason: ELFFailure.Reason, _ text: String) {
            self.reason = reason
            self.text = text
        }

        static let all = [
            Message(.unsupported(field: "class", value: 9), "the class at byte 64 has the unknown value 9"),
            Message(
                .truncated(.header, needed: 16, available: 5),
                "the ELF header at byte 64 is cut off: expected 16 bytes, got 5"
            ),
            Message(
                .wrongEntrySize(.programHeaders, expected: 56, actual: 32),
                "the table of program headers at byte 64 has entries of the wrong size: expected 56 bytes, got 32"
            ),
            Message(
                .tooLarge(.interpreter, limit: 4096, actual: 5000),
                "the interpreter's path at byte 64 is too large: expected at most 4096, got 5000"
            ),
            Message(.duplicate(.dynamic), "there is a second dynamic section at byte 64"),
            Message(
                .missing(.stringTable),
                "the dynamic string table, which the part at byte 64 needs, is missing"
            ),
            Message(
                .unmapped(.stringTable, address: 7),
                "the dynamic string table at address 7, named at byte 64, is in no segment of the file"
            ),
            Message(
                .ambiguous(.stringTable, address: 7),
                "the dynamic string table at address 7, named at byte 64, is in two segments that overlap"
            ),
            Message(
                .outsideStringTable(.soname, index: 8, size: 7),
                "the library's own name, named at byte 64, begins at byte 8 of a string table of 7 bytes"
            ),
            Message(.unterminated(.searchPath), "the library search path at byte 64 has no end mark"),
            Message(.empty(.needed), "the name of a needed library at byte 64 is empty"),
        ]
    }

    @Test(arguments: Message.all) func `the description is one sentence`(message: Message) {
        let failure = ELFFailure(message.reason, in: "/bin/x", at: 64)
        #expect(failure.description == "Cannot read the ELF file '/bin/x': \(message.text)")
    }

    @Test func `a file that is not an ELF file is called that`() {
        #expect(ELFFailure(.notELF, in: "/x", at: 0).description == "'/x' is not an ELF file")
    }

    /// A generator of fixed numbers (SplitMix64), so that a failure happens again.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    @Test(arguments: [true, false]) func `thousands of damaged files give an error or a result`(isWide: Bool) throws {
        let builder = ELFBuilder(
            isWide: isWide,
            interpreter: "/ld.so",
            needed: ["libx.so.1", "liby.so.1"],
            soname: "me",
            rpath: "$ORIGIN/../lib:/opt",
            runpath: "${ORIGIN}:/usr/lib"
        )
        let host = try SyntheticHost()
        try host.write("/ld.so", ELFBuilder.library("ld.so").build())
        let good = builder.build()
        let resolver = try host.resolver()
        let interesting: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]
        var generator = Generator(state: isWide ? 64 : 32)
        var outcomes: [String: Int] = [:]
        for _ in 0..<2500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                // Half of the damage hits the header and the program headers.
                let range = Bool.random(using: &generator) ? 4..<bytes.count : 4..<builder.interpreterOffset
                let place = Int.random(in: range, using: &generator)
                let isRandom = Bool.random(using: &generator)
                let byte = interesting.randomElement(using: &generator) ?? 0
                bytes[place] = isRandom ? UInt8.random(in: 0...255, using: &generator) : byte
            }
            try host.write("/x", bytes)
            outcomes[outcome(resolver), default: 0] += 1
        }
        // The damage reaches all depths: the file itself, the search, and files for other machines.
        #expect(outcomes["ELFFailure", default: 0] > 500)
        #expect(Set(outcomes.keys).isSubset(of: Self.expectedOutcomes), "\(outcomes)")
        #expect(outcomes.keys.contains(isWide ? "MissingLibraries" : "ExecutableFailure"), "\(outcomes)")
    }

    private static let expectedOutcomes: Set = [
        "ELFFailure", "MissingLibraries", "ExecutableFailure", "PathFailure", "closure",
    ]

    private func outcome(_ resolver: ExecutableResolver) -> String {
        do {
            _ = try resolver.closure(of: ["/x"])
            return "closure"
        } catch {
            return "\(type(of: error))"
        }
    }
}
