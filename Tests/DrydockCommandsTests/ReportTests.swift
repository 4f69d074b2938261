// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// What programs read: the names in the JSON forms are documented and stay.
@Suite
struct ReportTests {
    private static let spec = """
        name: registry.example/case
        tag: v1
        architecture: amd64
        files:
          - {path: /a, text: x}
        config: {Cmd: [/a]}
        """

    @Test
    func `the reports of build, plan and inspect are exactly these`() async throws {
        try await withTemporaryDirectory { directory in
            try Self.spec.write(toFile: directory + "/image.yaml", atomically: true, encoding: .utf8)
            let built = try await DrydockProgram.run(
                "build",
                "image.yaml",
                "-o",
                "oci:images",
                "--compress",
                "none",
                "--json",
                "--progress",
                "none",
                in: directory
            )
            #expect(built.errorText == "")
            #expect(built.text + "\n" == (try DrydockProgram.fixture("reports/build.json")))
            let inspected = try await DrydockProgram.run("inspect", "oci:images", "--json", in: directory)
            #expect(inspected.text == built.text)
            let planned = try await DrydockProgram.run("plan", "image.yaml", "--json", in: directory)
            #expect(planned.text + "\n" == (try DrydockProgram.fixture("reports/plan.json")))
        }
    }

    @Test
    func `a layer's history names all its inputs, and a text for people only the first`() async throws {
        try await withTemporaryDirectory { directory in
            let names = (10..<30).map { "/name-\($0)" }
            let files = names.map { "{path: \($0), text: x}" }.joined(separator: ", ")
            let spec = "name: case\narchitecture: amd64\nfiles: [\(files)]\n"
            try spec.write(toFile: directory + "/image.yaml", atomically: true, encoding: .utf8)
            let planned = try await DrydockProgram.run("plan", "image.yaml", in: directory)
            let short = "layer 1  30.7 kB  customisation  drydock: files \(names[..<8].joined(separator: ", ")), /nam…"
            #expect(planned.text == "linux/amd64, 1 layer, 30.7 kB\n\n" + short)
            let built = try await DrydockProgram.run("build", "image.yaml", "-o", "oci:images", "--json", in: directory)
            #expect(built.text.contains(#""createdBy":"drydock: files \#(names.joined(separator: ", "))""#))
            let progress = "packed layer 1 of 1: 30.7 kB  drydock: files \(names[..<8].joined(separator: ", ")), /nam…"
            #expect(built.errorText == progress)
        }
    }

    @Test
    func `the doctor's report has a name, a state, a detail and a hint for each finding`() async throws {
        let output = try await DrydockProgram.run("doctor", "--json")
        #expect(output.status == 0)
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(output.standardOutput)) as? [String: [[String: Any]]]
        )
        #expect(report.keys.sorted() == ["findings"])
        let findings = try #require(report["findings"])
        for finding in findings {
            #expect(finding.keys.sorted() == ["detail", "hint", "name", "state"])
            #expect(["works", "missing", "broken"].contains(finding["state"] as? String))
        }
        let names = findings.compactMap { $0["name"] as? String }
        let expected = ["building", "temporary files", "compression", "scripts", "docker", "podman", "skopeo", "umoci"]
        #expect(names == expected + ["daemon", "logins", "registries"])
    }

    @Test
    func `a doctor who cannot make temporary files says so and fails`() async throws {
        let output = try await Command.run(
            [DrydockProgram.path, "doctor"],
            environment: ["TMPDIR": "/nowhere", "PATH": "/nowhere"]
        )
        #expect(output.status == 1)
        #expect(output.errorText == "")
        let expected = """
            BROKEN   temporary files  Cannot create a temporary file in '/nowhere': no such file or directory (ENOENT)
                                      hint: set TMPDIR to a directory that you may write to
            """
        #expect(output.text.contains(expected))
        #expect(output.text.contains("missing  docker           not found; not needed to build"))
    }

    @Test(arguments: [
        ("auto", "packed layer 1 of 1: 10.2 kB  drydock: files /a"),
        ("plain", "packed layer 1 of 1: 10.2 kB  drydock: files /a"),
        ("json", #"{"event":"packed","layer":1,"layers":1,"size":10240}"#),
        ("none", ""),
    ])
    func `progress has its form`(_ style: String, text: String) async throws {
        try await withTemporaryDirectory { directory in
            try Self.spec.write(toFile: directory + "/image.yaml", atomically: true, encoding: .utf8)
            let output = try await DrydockProgram.run("build", "image.yaml", "--progress", style, in: directory)
            #expect(output.status == 0)
            #expect(output.errorText == text)
        }
    }

    @Test
    func `a bar is drawn over and removed in the end`() async throws {
        try await withTemporaryDirectory { directory in
            try "name: case\nfiles: [{path: /a, source: file}]\n".write(
                toFile: directory + "/image.yaml",
                atomically: true,
                encoding: .utf8
            )
            // Long enough for a few pictures.
            try await Command.check(["truncate", "--size=300M", "file"], in: directory)
            let output = try await DrydockProgram.run(
                "build",
                "image.yaml",
                "--progress",
                "bar",
                "--compress",
                "gzip",
                in: directory
            )
            #expect(output.status == 0)
            let pictures = output.errorText.components(separatedBy: "\r").dropFirst()
            #expect(pictures.last == "\u{1B}[K")
            for picture in pictures.dropLast() {
                let text = picture.replacing("\u{1B}[K", with: "")
                #expect(text.wholeMatch(of: /\[#*\.*\]  \d+ %  [\d.]+ \w+ of [\d.]+ MB  [\d.]+ \w+\/s/) != nil)
            }
        }
    }
}
