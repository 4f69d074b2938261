// SPDX-License-Identifier: Apache-2.0

import Testing

/// The reader of import lines: what it does not see, the architecture's test does not forbid.
@Suite
struct SourceFileTests {
    struct Case: CustomTestStringConvertible {
        let text: String
        let imports: [String]

        var testDescription: String { text.replacing("\n", with: " ⏎ ") }
    }

    @Test(arguments: [
        Case(text: "import DrydockBytes", imports: ["DrydockBytes"]),
        Case(text: "public import DrydockBytes", imports: ["DrydockBytes"]),
        Case(text: "@preconcurrency import DrydockBytes", imports: ["DrydockBytes"]),
        Case(text: "@_spi(Name) @preconcurrency package import DrydockBytes", imports: ["DrydockBytes"]),
        Case(text: "import struct DrydockBytes.Hex", imports: ["DrydockBytes"]),
        Case(text: "internal import func Glibc.open", imports: ["Glibc"]),
        Case(text: "import Foundation.NSData", imports: ["Foundation"]),
        Case(text: "import Glibc; import Dispatch", imports: ["Glibc", "Dispatch"]),
        Case(text: "#if os(Linux)\n    import Glibc\n#endif", imports: ["Glibc"]),
        Case(text: "import Glibc  // for open", imports: ["Glibc"]),
        Case(text: "// import Glibc", imports: []),
        Case(text: "/* import Glibc */ import Dispatch", imports: ["Dispatch"]),
        Case(text: "let text = \"\"\"\n    import Glibc\n    \"\"\"", imports: []),
        Case(text: "let importance = 1", imports: []),
    ])
    func `all forms of import are seen, and nothing else`(example: Case) {
        #expect(SourceFile(path: "Example.swift", text: example.text).imports == example.imports)
    }
}
