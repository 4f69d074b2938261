// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import Testing

private let digestText = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

struct ReferenceCase: CustomTestStringConvertible, Sendable {
    let text: String
    let full: String
    let familiar: String

    init(_ text: String, _ full: String, _ familiar: String) {
        self.text = text
        self.full = full
        self.familiar = familiar
    }

    var testDescription: String { text }

    static let all = [
        ReferenceCase("redis", "docker.io/library/redis", "redis"),
        ReferenceCase("redis:7", "docker.io/library/redis:7", "redis:7"),
        ReferenceCase("redis:7@\(digestText)", "docker.io/library/redis:7@\(digestText)", "redis:7@\(digestText)"),
        ReferenceCase("redis@\(digestText)", "docker.io/library/redis@\(digestText)", "redis@\(digestText)"),
        ReferenceCase("me/redis", "docker.io/me/redis", "me/redis"),
        ReferenceCase("library/redis", "docker.io/library/redis", "redis"),
        ReferenceCase("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ReferenceCase("docker.io/redis", "docker.io/library/redis", "redis"),
        ReferenceCase("index.docker.io/me/redis", "docker.io/me/redis", "me/redis"),
        ReferenceCase("docker.io/localhost/redis", "docker.io/localhost/redis", "docker.io/localhost/redis"),
        ReferenceCase("docker.io/a.b/redis", "docker.io/a.b/redis", "docker.io/a.b/redis"),
        ReferenceCase("localhost/redis", "localhost/redis", "localhost/redis"),
        ReferenceCase("localhost:5000/redis:1", "localhost:5000/redis:1", "localhost:5000/redis:1"),
        ReferenceCase("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ReferenceCase("registry:5000/a/b/c:t", "registry:5000/a/b/c:t", "registry:5000/a/b/c:t"),
        ReferenceCase("Registry.Example.COM/a", "Registry.Example.COM/a", "Registry.Example.COM/a"),
        ReferenceCase("127.0.0.1:80/a", "127.0.0.1:80/a", "127.0.0.1:80/a"),
        ReferenceCase("[::1]:5000/a:t", "[::1]:5000/a:t", "[::1]:5000/a:t"),
        ReferenceCase("[fe80::1]/a", "[fe80::1]/a", "[fe80::1]/a"),
        ReferenceCase("x/a.b_c__d---e", "docker.io/x/a.b_c__d---e", "x/a.b_c__d---e"),
        ReferenceCase("a:_.-A9", "docker.io/library/a:_.-A9", "a:_.-A9"),
    ]
}

struct BadReference: CustomTestStringConvertible, Sendable {
    let text: String
    let message: String

    init(_ text: String, _ message: String) {
        self.text = text
        self.message = message
    }

    var testDescription: String { String(text.prefix(80)) }

    private static func repository(_ text: String, _ repository: String) -> BadReference {
        BadReference(
            text,
            "Image reference '\(text)' has an invalid repository '\(repository)': "
                + "expected lower-case letters and digits, joined by '/', '.', '_', '__' or '-'"
        )
    }

    private static func registry(_ text: String, _ registry: String) -> BadReference {
        BadReference(
            text,
            "Image reference '\(text)' has an invalid registry '\(registry)': "
                + "expected a host name or address with an optional port"
        )
    }

    private static func tag(_ text: String, _ tag: String) -> BadReference {
        BadReference(
            text,
            "Image reference '\(text)' has an invalid tag '\(tag)': expected 1 to 128 letters, digits, '_', '.' or "
                + "'-', not starting with '.' or '-'"
        )
    }

    private static func digest(_ text: String, _ digest: String) -> BadReference {
        BadReference(
            text,
            "Image reference '\(text)' has an invalid digest '\(digest)': expected 'sha256:' and 64 lower-case "
                + "hexadecimal digits"
        )
    }

    static let all = [
        BadReference("", "The image reference is empty"),
        BadReference("Redis", "Image reference 'Redis' has upper-case letters in its repository\nhint: write 'redis'"),
        BadReference(
            "ghcr.io/Me/Redis:RC1",
            "Image reference 'ghcr.io/Me/Redis:RC1' has upper-case letters in its repository\n"
                + "hint: write 'ghcr.io/me/redis:RC1'"
        ),
        BadReference(
            "Me/redis",
            "Image reference 'Me/redis' has upper-case letters in its repository\nhint: write 'me/redis'"
        ),
        BadReference("docker://redis", "Image reference 'docker://redis' starts with a scheme\nhint: write 'redis'"),
        BadReference(
            String(repeating: "0123456789abcdef", count: 4),
            "Image reference '\(String(repeating: "0123456789abcdef", count: 4))' is an image ID, not a name"
        ),
        repository("/redis", "/redis"),
        repository("a//b", "a//b"),
        repository("a/", "a/"),
        repository("a..b", "library/a..b"),
        repository("a___b", "library/a___b"),
        repository("a._b", "library/a._b"),
        repository("-a", "library/-a"),
        repository("a-", "library/a-"),
        repository("a b", "library/a b"),
        repository("é", "library/é"),
        repository(":tag", "library/"),
        repository("@\(digestText)", "library/"),
        repository("x/../y", "x/../y"),
        registry("a.b_c/d", "a.b_c"),
        registry("-a.b/d", "-a.b"),
        registry("a..b/d", "a..b"),
        registry("a:b/c", "a:b"),
        registry("a:/c", "a:"),
        registry("a:65536/c", "a:65536"),
        registry("[::1/c", "[::1"),
        registry("[:]x/c", "[:]x"),
        tag("redis:", ""),
        tag("redis:-a", "-a"),
        tag("redis:.a", ".a"),
        tag("redis:a b", "a b"),
        tag("redis:é", "é"),
        tag("redis:\(String(repeating: "a", count: 129))", String(repeating: "a", count: 129)),
        digest("redis@", ""),
        digest("redis@sha256:00", "sha256:00"),
        digest("redis@sha512:\(String(repeating: "0", count: 128))", "sha512:\(String(repeating: "0", count: 128))"),
        digest("redis@\(digestText.uppercased())", digestText.uppercased()),
        BadReference(
            "x/\(String(repeating: "a", count: 254))",
            "Image reference 'x/\(String(repeating: "a", count: 198))…' has a repository of 256 bytes: expected at most "
                + "255 bytes"
        ),
    ]
}

@Suite struct ImageReferenceTests {
    @Test(arguments: ReferenceCase.all)
    func `a reference is read as Docker reads it`(example: ReferenceCase) throws {
        let reference = try ImageReference(example.text)
        #expect(reference.description == example.full)
        #expect(reference.familiarDescription == example.familiar)
    }

    @Test(arguments: ReferenceCase.all)
    func `both forms are read back as the same value`(example: ReferenceCase) throws {
        let reference = try ImageReference(example.text)
        #expect(try ImageReference(reference.description) == reference)
        #expect(try ImageReference(reference.familiarDescription) == reference)
    }

    @Test(arguments: BadReference.all)
    func `what is not a reference is refused`(example: BadReference) throws {
        let failure = try #require(throws: ImageReference.ParsingFailure.self) { try ImageReference(example.text) }
        #expect(failure.description == example.message)
    }

    @Test func `the parts are kept apart`() throws {
        let reference = try ImageReference("ghcr.io/a/b:c@\(digestText)")
        #expect(reference.registry == "ghcr.io")
        #expect(reference.repository == "a/b")
        #expect(reference.tag == "c")
        #expect(reference.digest == (try Digest(digestText)))
        #expect(reference.name == "ghcr.io/a/b")
        #expect(reference.familiarName == "ghcr.io/a/b")
    }

    @Test func `the longest repository and tag are accepted`() throws {
        let text =
            "docker.io/" + String(repeating: "a", count: 127) + "/" + String(repeating: "b", count: 127) + ":"
            + String(repeating: "c", count: 128)
        #expect(try ImageReference(text).description == text)
    }

    @Test func `a tag is added only where neither tag nor digest is`() throws {
        #expect(try ImageReference("a").withDefaultTag.description == "docker.io/library/a:latest")
        #expect(try ImageReference("a:b").withDefaultTag.description == "docker.io/library/a:b")
        #expect(try ImageReference("a@\(digestText)").withDefaultTag.description == "docker.io/library/a@\(digestText)")
    }

    @Test func `another tag is checked`() throws {
        #expect(try ImageReference("a:b").tagged("c").description == "docker.io/library/a:c")
        #expect(throws: ImageReference.ParsingFailure.self) { try ImageReference("a:b").tagged("-") }
    }

    @Test func `the default registry can be another one`() throws {
        let registry = "example.com:5000"
        for (text, expected) in [
            ("redis", "example.com:5000/redis"), ("a/b:1", "example.com:5000/a/b:1"),
            ("localhost/x", "localhost/x"), ("quay.io/a:2", "quay.io/a:2"),
        ] {
            #expect(try ImageReference(text, defaultRegistry: registry).description == expected)
        }
        #expect(try ImageReference("redis", defaultRegistry: "docker.io").description == "docker.io/library/redis")
        #expect(throws: ImageReference.ParsingFailure.self) {
            _ = try ImageReference("redis", defaultRegistry: "word")
        }
    }
}
