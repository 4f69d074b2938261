// SPDX-License-Identifier: Apache-2.0

import DrydockStorage
import Testing

struct LocationCase: CustomTestStringConvertible, Sendable {
    let text: String
    let transport: ImageLocation.Transport?
    let path: String
    var reference: String?

    var testDescription: String { text }

    static let all = [
        LocationCase(text: "image.tar", transport: nil, path: "image.tar"),
        LocationCase(text: "-", transport: nil, path: "-"),
        LocationCase(text: "./a:b", transport: nil, path: "./a:b"),
        LocationCase(text: "unknown:path", transport: nil, path: "unknown:path"),
        LocationCase(text: "docker-archive:a.tar", transport: .dockerArchive, path: "a.tar"),
        LocationCase(text: "docker-archive:-", transport: .dockerArchive, path: "-"),
        LocationCase(
            text: "docker-archive:/a/b.tar:r:5000/redis:7",
            transport: .dockerArchive,
            path: "/a/b.tar",
            reference: "r:5000/redis:7"
        ),
        LocationCase(text: "oci:dir", transport: .ociLayout, path: "dir"),
        LocationCase(text: "oci:dir:v1.0", transport: .ociLayout, path: "dir", reference: "v1.0"),
        LocationCase(text: "oci:dir:a/b:c", transport: .ociLayout, path: "dir", reference: "a/b:c"),
        LocationCase(text: "oci:./-", transport: .ociLayout, path: "./-"),
        LocationCase(text: "oci-archive:x.tar:t--1", transport: .ociArchive, path: "x.tar", reference: "t--1"),
    ]
}

struct BadLocation: CustomTestStringConvertible, Sendable {
    let text: String
    let message: String

    var testDescription: String { text }

    static let all = [
        BadLocation(text: "", message: "The image location is empty"),
        BadLocation(text: "oci:", message: "'oci:' names no path\nhint: write 'oci:PATH'"),
        BadLocation(
            text: "docker-archive::redis",
            message: "'docker-archive::redis' names no path\nhint: write 'docker-archive:PATH'"
        ),
        BadLocation(
            text: "docker://redis",
            message:
                "'docker://redis' uses the transport 'docker': expected 'docker-archive', 'oci', 'oci-archive' or a path\n"
                + "hint: 'drydock pull' brings an image of a registry into a file"
        ),
        BadLocation(
            text: "docker:/redis",
            message:
                "'docker:/redis' uses the transport 'docker': expected 'docker-archive', 'oci', 'oci-archive' or a path\n"
                + "hint: an image in a registry is written 'docker://NAME'"
        ),
        BadLocation(
            text: "docker-daemon:redis",
            message: "'docker-daemon:redis' uses the transport 'docker-daemon': expected 'docker-archive', 'oci', "
                + "'oci-archive' or a path\nhint: 'drydock copy' brings an image of a daemon into a file"
        ),
        BadLocation(
            text: "ostree:redis",
            message:
                "'ostree:redis' uses the transport 'ostree': expected 'docker-archive', 'oci', 'oci-archive' or a path\n"
                + "hint: 'skopeo copy' moves images between these and others"
        ),
        BadLocation(
            text: "oci:-",
            message: "'oci:-' names a directory, which standard output is not\nhint: write 'oci-archive:-'"
        ),
        BadLocation(
            text: "docker-archive:a.tar:Redis",
            message: "Image reference 'Redis' has upper-case letters in its repository\nhint: write 'redis'"
        ),
        BadLocation(
            text: "docker-archive:a.tar:redis@sha256:\(String(repeating: "0", count: 64))",
            message: "'docker-archive:a.tar:redis@sha256:\(String(repeating: "0", count: 64))' names a digest: "
                + "expected a name with an optional tag"
        ),
        BadLocation(
            text: "oci:dir:a b",
            message: "'oci:dir:a b' has an invalid tag 'a b': expected letters and digits, "
                + "joined by '-', '.', '_', ':', '@', '+' or '/'"
        ),
        BadLocation(
            text: "oci:dir:",
            message: "'oci:dir:' has an invalid tag '': expected letters and digits, "
                + "joined by '-', '.', '_', ':', '@', '+' or '/'"
        ),
    ]
}

@Suite struct ImageLocationTests {
    @Test(arguments: LocationCase.all)
    func `a location is read and printed`(example: LocationCase) throws {
        let location = try ImageLocation(example.text)
        #expect(location.transport == example.transport)
        #expect(location.path == example.path)
        #expect(location.reference == example.reference)
        #expect(location.description == example.text)
        #expect(location.isStandardOutput == (example.path == "-"))
    }

    @Test(arguments: BadLocation.all)
    func `what is not a location is refused`(example: BadLocation) throws {
        let failure = try #require(throws: ImageLocation.ParsingFailure.self) { try ImageLocation(example.text) }
        #expect(failure.description == example.message)
    }

    @Test func `a location is put together from its parts`() throws {
        let location = try ImageLocation(transport: .ociArchive, path: "a.tar", reference: "t")
        #expect(location.description == "oci-archive:a.tar:t")
        let failure = try #require(throws: ImageLocation.ParsingFailure.self) {
            try ImageLocation(transport: .ociLayout, path: "a:b")
        }
        #expect(failure.description == "'oci:a:b' has a path with a colon, which would end it")
    }
}
