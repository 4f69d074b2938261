// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import DrydockTestSupport
import Testing

@Suite
struct ReferencesGraphFileTests {
    private static let hash = "0123456789abcdfghijklmnpqrsvwxyz"
    private static let a = "/nix/store/\(hash)-a"
    private static let b = "/nix/store/\(hash)-b"
    private static let drv = "/nix/store/\(hash)-a.drv"
    private static let empty = Digest(of: [UInt8]())
    /// The digest of nothing, as Nix writes it.
    private static let nix32 = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"
    private static let sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

    private static func closure(deriver: String? = nil) throws -> StoreClosure {
        let (a, b) = (try StorePath(a), try StorePath(b))
        return try StoreClosure([
            StoreObject(path: a, narHash: empty, narSize: 120, references: [a, b], deriver: deriver),
            StoreObject(path: b, narHash: empty, narSize: 336),
        ])
    }

    struct Form: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        var deriver: String?
    }

    private static let array = """
        [{"path": "\(a)", "narHash": "\(nix32)", "narSize": 120, "closureSize": 456, "valid": true,
          "references": ["\(b)", "\(a)"]},
         {"path": "\(b)", "narHash": "\(sri)", "narSize": 336, "references": []}]
        """

    @Test(arguments: [
        Form(testDescription: "exportReferencesGraph", text: " \n" + array),
        Form(
            testDescription: "closureInfo's attributes",
            text: #"{"closure": \#(array), "name": "x", "outputs": ["out"]}"#
        ),
        Form(testDescription: "two graphs", text: #"{"one": \#(array), "two": \#(array), "builder": "/bin/sh"}"#),
        Form(
            testDescription: "path-info since 2.19",
            text: """
                {"\(a)": {"ca": null, "deriver": "\(drv)", "narHash": "\(sri)", "narSize": 120, "registrationTime": 7,
                  "references": ["\(a)", "\(b)"], "signatures": [], "ultimate": false},
                 "\(b)": {"ca": null, "deriver": null, "narHash": "\(sri)", "narSize": 336, "references": []}}
                """,
            deriver: drv
        ),
        Form(
            testDescription: "closureInfo's registration",
            text: "\(a)\n\(nix32)\n120\n\n2\n\(a)\n\(b)\n\(b)\n\(nix32)\n336\n\n0\n"
        ),
        Form(
            testDescription: "dump-db",
            text: "\(a)\n\(empty.encoded)\n120\n\(drv)\n2\n\(b)\n\(a)\n\(b)\n\(empty.encoded)\n336\n\n0",
            deriver: drv
        ),
    ])
    func `each form is known by its content`(form: Form) throws {
        #expect(try ReferencesGraphFile.decode(Array(form.text.utf8)) == Self.closure(deriver: form.deriver))
    }

    @Test
    func `signatures, trust and content address are read`() throws {
        let text = """
            [{"path": "\(Self.b)", "narHash": "\(Self.sri)", "narSize": 1, "references": [], "ultimate": true,
              "signatures": ["k:x", "l:y"], "ca": "fixed:r:sha256:z"}]
            """
        let object = try #require(ReferencesGraphFile.decode(Array(text.utf8)).objects.first)
        #expect(object.signatures == ["k:x", "l:y"])
        #expect(object.isUltimate)
        #expect(object.contentAddress == "fixed:r:sha256:z")
    }

    @Test(arguments: ["[]", "{}"])
    func `no object is a closure too`(text: String) throws {
        #expect(try ReferencesGraphFile.decode(Array(text.utf8)).objects == [])
    }

    @Test
    func `paths may be in another store directory`() throws {
        let text = "/gnu/store/\(Self.hash)-x\n\(Self.nix32)\n1\n\n0\n"
        let closure = try ReferencesGraphFile.decode(Array(text.utf8), storeDirectory: "/gnu/store")
        #expect(closure.objects.map(\.path.description) == ["/gnu/store/\(Self.hash)-x"])
    }

    struct Refusal: CustomTestStringConvertible {
        let text: String
        let message: String

        var testDescription: String { message }
    }

    private static let hint =
        "\nhint: give the file 'registration' of closureInfo, the JSON of exportReferencesGraph with __structuredAttrs, or "
        + "what 'nix path-info --json --recursive' prints"

    private static func entry(_ members: String) -> String { "[{\"path\": \"\(a)\", \(members)}]" }

    private static let refusals = [
        Refusal(text: " \n", message: "it is empty"),
        Refusal(
            text: "digraph G {}",
            message: "expected JSON or store paths, each on a line of its own with what is known of it" + hint
        ),
        Refusal(
            text: "\(a)\n\n1\n\(b)\n\(b)\n\n0\n",
            message: "it is of the form that has neither hashes nor sizes of the store paths" + hint
        ),
        Refusal(
            text: "\(a)\n\(drv)\n0\n",
            message: "it is of the form that has neither hashes nor sizes of the store paths" + hint
        ),
        Refusal(
            text: "\(a)\n\(nix32)\n1\n\n1\n\(b)\n",
            message: "\(b), which \(a) refers to, is not in the closure"
        ),
        Refusal(text: "\(a)\n\(nix32)\n1\n\n0\n\(a)\n\(nix32)\n1\n\n0\n", message: "\(a) is in the closure twice"),
    ]

    private static let lineRefusals = [
        Refusal(
            text: "/tmp/x\n",
            message: "at line 1: '/tmp/x' is not a store path: it is not directly in /nix/store"
        ),
        Refusal(
            text: "\(b)\n\(nix32)\n1\n\n0\n\(a)\nmd5:00\n",
            message: "at line 7: Hash 'md5:00' uses an algorithm other than sha256"
        ),
        Refusal(text: "\(a)\n\(nix32)\nmany\n", message: "at line 3: expected a NAR size, got 'many'"),
        Refusal(text: "\(a)\n\(nix32)\n-1\n", message: "at line 3: expected a NAR size, got '-1'"),
        Refusal(
            text: "\(a)\n\(nix32)\n99999999999999999999\n",
            message: "at line 3: expected a NAR size, got '99999999999999999999'"
        ),
        Refusal(
            text: "\(a)\n\(nix32)\n1\nunknown\n0\n",
            message: "at line 4: 'unknown' is not a store path: it is not directly in /nix/store"
        ),
        Refusal(text: "\(a)\n\(nix32)\n1\n\n\n", message: "at line 5: expected a number of references, got ''"),
        Refusal(
            text: "\(a)\n\(nix32)\n1\n\n1\n/nix/store/\u{1B}[2J\n",
            message: "at line 6: '\\u{1b}[2J' is not a store path: its name does not start with 32 nix32 "
                + "digits and '-'"
        ),
        Refusal(
            text: "\(b)\n\(nix32)\n1\n\n0\n\(a)\n\(nix32)\n1\n\n9223372036854775807\n\(a)\n",
            message: "it ends within the entry that begins at line 6"
        ),
        Refusal(text: "\(a)\n\(nix32)\n1\n", message: "it ends within the entry that begins at line 1"),
    ]

    private static let jsonRefusals = [
        Refusal(text: "[", message: "unexpected end at byte 1"),
        Refusal(text: "[1]", message: "'[0]': expected an object, got a number"),
        Refusal(
            text: #"{"name": "x", "outputs": ["out"]}"#,
            message: "no member is a list of store objects, each with 'path' and 'references'"
        ),
        Refusal(text: "[{}]", message: "'[0].path' is missing"),
        Refusal(text: entry(#""references": []"#), message: "'[0].narHash' is missing"),
        Refusal(text: entry(#""narHash": "\#(sri)", "references": []"#), message: "'[0].narSize' is missing"),
        Refusal(text: entry(#""narHash": "\#(sri)", "narSize": 1"#), message: "'[0].references' is missing"),
        Refusal(
            text: entry(#""narHash": "\#(sri)", "narSize": -1, "references": []"#),
            message: "'[0].narSize': expected a size, got -1"
        ),
        Refusal(
            text: entry(#""narHash": "x", "narSize": 1, "references": []"#),
            message: "'[0].narHash': 'x' is not a hash: expected 'sha256:' with nix32 or hexadecimal digits, or "
                + "'sha256-' with base 64"
        ),
        Refusal(
            text: entry(#""narHash": "\#(sri)", "narSize": 1, "references": ["\#(b)", "b"]"#),
            message: "'[0].references[1]': 'b' is not a store path: it is not directly in /nix/store"
        ),
        Refusal(text: entry(#""valid": false"#), message: "'[0]': \(a) is not valid in the store"),
        Refusal(text: #"{"\#(a)": null}"#, message: "'\(a)': the path is not valid in the store"),
        Refusal(
            text: #"{"/tmp/x": {}}"#,
            message: "'/tmp/x': '/tmp/x' is not a store path: it is not directly in /nix/store"
        ),
        Refusal(
            text: #"{"graph": [{"path": "x", "references": []}]}"#,
            message: "'graph[0].path': 'x' is not a store path: it is not directly in /nix/store"
        ),
    ]

    @Test(arguments: refusals + jsonRefusals)
    func `what is no graph is refused`(refusal: Refusal) {
        let failure = #expect(throws: ReferencesGraphFailure.self) {
            try ReferencesGraphFile.decode(Array(refusal.text.utf8))
        }
        #expect(failure?.description == "Invalid references graph: \(refusal.message)")
    }

    @Test(arguments: lineRefusals)
    func `a malformed line is named`(refusal: Refusal) {
        let failure = #expect(throws: ReferencesGraphFailure.self) {
            try ReferencesGraphFile.decode(Array(refusal.text.utf8))
        }
        let separator = refusal.message.hasPrefix("at line") ? " " : ": "
        #expect(failure?.description == "Invalid references graph\(separator)\(refusal.message)")
    }

    @Test
    func `bytes that are not UTF-8 are refused`() {
        #expect(throws: ReferencesGraphFailure.malformedLine(2, "it is not UTF-8")) {
            try ReferencesGraphFile.decode(Array("\(Self.a)\n".utf8) + [0xFF, 0x0A])
        }
    }

    @Test(arguments: [array, "\(a)\n\(nix32)\n120\n\(drv)\n2\n\(a)\n\(b)\n\(b)\n\(nix32)\n336\n\n0\n"])
    func `no change of a few bytes does harm`(text: String) throws {
        var generator = SeededGenerator(seed: 7)
        let original = Array(text.utf8)
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0...generator.below(3) { bytes[generator.below(bytes.count)] = UInt8(generator.below(256)) }
            if generator.below(4) == 0 { bytes.removeLast(generator.below(bytes.count)) }
            // Either it still is a closure, or the error is this type's.
            let result = Result { try ReferencesGraphFile.decode(bytes) }
            if case .failure(let error) = result { #expect(error is ReferencesGraphFailure) }
        }
    }

    @Test(.requires("nix-store", "nix-instantiate"))
    func `what Nix itself prints is read`() async throws {
        try await withTemporaryDirectory { directory in
            let nix = try Nix.store(in: directory)
            let paths = try await nix.addChain()
            let registered = try await RegisteredObject(in: nix, directory: directory).object.path.description
            let everything = try StoreDatabase(stateDirectory: nix.stateDirectory).everything()
            let json = try await nix.check(["nix", "path-info", "--json", "--all"])
            #expect(try ReferencesGraphFile.decode(Array(json.utf8)) == everything)
            let dump = try ReferencesGraphFile.decode(Array(try await nix.check(["nix-store", "--dump-db"]).utf8))
            let registration = try await nix.registration(of: paths + [registered])
            let info = try ReferencesGraphFile.decode(Array(registration.utf8))
            for (closure, knowsDeriver) in [(dump, true), (info, false)] {
                let expected = everything.objects.map { object in
                    StoreObject(
                        path: object.path,
                        narHash: object.narHash,
                        narSize: object.narSize,
                        references: object.references,
                        deriver: knowsDeriver ? object.deriver : nil
                    )
                }
                #expect(closure.objects == expected)
            }
        }
    }
}
