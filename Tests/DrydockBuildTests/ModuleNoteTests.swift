// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockTestSupport
import Testing

/// Notes on interpreters that would not find their modules.
@Suite struct ModuleNoteTests {
    private static let script = """
        mkdir -p usr/bin usr/lib/python3.9/lib-dynload opt/bin opt/share/perl5
        cp /bin/true usr/bin/python3.9; ln -s python3.9 usr/bin/python3; cp /bin/true opt/bin/perl
        : >usr/lib/python3.9/os.py; : >usr/lib/python3.9/lib-dynload/_ssl.so; : >opt/share/perl5/strict.pm
        for name in a b; do echo "#!$PWD/usr/bin/python3" >$name; chmod +x $name; done
        """

    private func notes(_ directory: String, _ lines: String...) async throws -> [String] {
        let text = (["name: app", "contents:"] + lines).joined(separator: "\n")
        let spec = try ImageSpec.decode(Array(text.utf8), file: "app.yaml", directory: directory)
        let environment = BuildEnvironment(
            now: Timestamp.Instant(seconds: 0),
            temporaryDirectory: directory,
            workingDirectory: directory
        )
        return try await ImageBuild(spec: spec, environment: environment).plan().notes
    }

    @Test func `modules that no input brings are told once, with what to add`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-euc", Self.script], in: directory)
            let python = "\(directory)/usr/lib/python3.9"
            let notes = try await notes(
                directory,
                "  - { executable: [a, b], at: /bin/ }",
                "  - { executable: b, at: /sbin/ }",
                "  - executable: \(directory)/opt/bin/perl"
            )
            #expect(
                notes == [
                    """
                    app.yaml:3:5: '\(directory)/a' runs '\(directory)/usr/bin/python3.9', whose modules are not in the image
                    hint: add { directory: \(python), at: \(python) } to 'contents'; \
                    dlopen: ["\(python)/lib-dynload/*.so"] in this item brings what modules in C need
                    """,
                    """
                    app.yaml:5:5: '\(directory)/opt/bin/perl' is packed, but its modules are not in the image
                    hint: add { directory: \(directory)/opt/share/perl5, at: \(directory)/opt/share/perl5 } to 'contents'
                    """,
                ]
            )
        }
    }

    @Test func `modules that an input brings are no matter`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-euc", Self.script], in: directory)
            let python = "\(directory)/usr/lib/python3.9"
            let notes = try await notes(
                directory,
                "  - { executable: a, at: /bin/ }",
                "  - executable: \(directory)/opt/bin/perl",
                "  - { directory: \(python), at: \(python) }",
                "files: [{ path: \(directory)/opt/share/perl5/strict.pm, text: '1;' }]"
            )
            #expect(notes == [])
        }
    }
}
