// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockJSON
public import DrydockOCI

/// Why a registry did not do what it was asked for.
public struct RegistryFailure: Error, Equatable {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// The server answered with a status that means failure.
        case refused(status: Int, answer: RegistryAnswer)
        /// The registry, or its token server, does not take the name and password that it was given.
        case rejectedCredentials(registry: String)
        /// The server could not be reached, or the connection broke; the sentence says how.
        case connection(String)
        /// The server's certificate is not trusted, or TLS failed; the sentence says how.
        case untrusted(String)
        /// The server does not speak TLS at all; the sentence says which.
        case withoutTLS(String)
        /// The server wants to know who asks by a certificate; the sentence says which.
        case clientCertificate(String)
        /// The server answered with something that the protocol does not allow.
        case protocolViolation(String)
        /// A body that is larger than is read.
        case tooLarge(limit: Int)
        /// The bytes have another digest.
        case digestMismatch(expected: Digest, actual: Digest)
        /// There are more or fewer bytes.
        case sizeMismatch(expected: Int64, actual: Int64)
        /// A document that is not what it should be.
        case malformedDocument(name: String, failure: JSONFailure)
        /// The registry has the image in a form that this program does not read.
        case unsupportedMediaType(MediaType)
        /// An index lists a manifest that is not pushed with it, and that the repository does not have.
        case incompleteIndex(Digest)
        /// A PEM file that cannot be read.
        case certificateFile(String)
        /// The image is not there for a platform; what there is.
        case noSuchPlatform(Platform, available: [Platform])
    }

    /// What is wrong.
    public let reason: Reason
    /// The request that failed, if it was one: method and URL without secrets.
    public let request: String?
    /// What it was about in the user's words: a reference, a digest.
    public let subject: String?

    package init(_ reason: Reason, request: String? = nil, subject: String? = nil) {
        self.reason = reason
        self.request = request
        self.subject = subject
    }

    /// The same failure of something that the person has named.
    package func about(_ subject: String) -> RegistryFailure {
        RegistryFailure(reason, request: request, subject: self.subject ?? subject)
    }

    /// The status that the server answered with.
    package var status: Int? {
        switch reason {
        case .refused(let status, _): status
        case .rejectedCredentials: 401
        default: nil
        }
    }
}

/// What a registry says of an error, in the form of the specification.
///
/// [Distribution specification, Error Codes](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes).
public struct RegistryAnswer: Equatable, Sendable {
    /// The codes, for example `MANIFEST_UNKNOWN`.
    public var codes: [String] = []
    /// The registry's words, clipped.
    public var message: String?

    /// No answer but the status.
    package init() {}

    /// Reads the body of an answer; what is not in the form of the specification counts as words if it is text.
    package init(body: [UInt8]) {
        guard let document = try? [String: JSONValue](parsing: body) else {
            message = Self.words(body)
            return
        }
        guard case .array(let errors)? = document["errors"] else {
            message = Self.text(document["message"] ?? document["details"])
            return
        }
        for case .object(let error) in errors.prefix(4) {
            if let code = Self.text(error["code"]) { codes.append(code) }
            if message == nil { message = Self.text(error["message"]) }
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        guard case .string(let text)? = value, !text.isEmpty else { return nil }
        return text.clippedForMessage
    }

    /// A page for browsers says nothing in a terminal.
    private static func words(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(300), as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        return text.isEmpty || text.hasPrefix("<") || text.hasPrefix("{") ? nil : text.clippedForMessage
    }
}

extension RegistryFailure: CustomStringConvertible {
    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        var text = subject.map { "Cannot use '\($0.clippedForMessage)': " } ?? ""
        if let request { text += "\(request): " }
        text += clause
        if text == clause { text = text.prefix(1).uppercased() + text.dropFirst() }
        return hint.map { "\(text)\nhint: \($0)" } ?? text
    }

    private var clause: String {
        switch reason {
        case .refused(let status, let answer): Self.clause(status, answer)
        case .rejectedCredentials(let registry):
            "'\(registry.clippedForMessage)' does not accept this name and password"
        case .connection(let sentence), .untrusted(let sentence), .withoutTLS(let sentence),
            .clientCertificate(let sentence), .protocolViolation(let sentence):
            sentence
        case .tooLarge(let limit): "the answer is larger than \(limit) bytes"
        case .digestMismatch(let expected, let actual): "expected digest \(expected), got \(actual)"
        case .sizeMismatch(let expected, let actual): "expected \(expected) bytes, got \(actual) bytes"
        case .malformedDocument(let name, let failure): "the \(name) is invalid: \(failure.clause)"
        case .unsupportedMediaType(let type):
            "the registry has something other than an image: '\(type.rawValue.clippedForMessage)'"
        case .incompleteIndex(let digest):
            "the index lists \(digest), which is neither pushed with it nor in the repository"
        case .certificateFile(let path): "cannot read '\(path)': expected a PEM file"
        case .noSuchPlatform(let platform, _): "there is no image for \(platform)"
        }
    }

    private static func clause(_ status: Int, _ answer: RegistryAnswer) -> String {
        let codes = answer.codes.isEmpty ? "" : " \(answer.codes.joined(separator: ", ").clippedForMessage)"
        return "the registry answered \(status)\(codes)" + (answer.message.map { ": \($0)" } ?? "")
    }

    private var hint: String? {
        switch reason {
        case .refused(let status, let answer): Self.hint(status, answer.codes)
        case .rejectedCredentials:
            "log in anew with 'drydock login', or give others with --username and --password-stdin"
        case .withoutTLS:
            "if it is meant to be used without TLS, add --insecure, or 'insecure = true' for it in registries.conf"
        case .untrusted:
            "put the certificate of the authority that signed it into /etc/docker/certs.d/HOST/ca.crt"
        case .clientCertificate:
            "put the certificate and its key into /etc/docker/certs.d/HOST as client.cert and client.key"
        case .digestMismatch, .sizeMismatch: "the registry or something between damages data; try again"
        case .noSuchPlatform(_, let available):
            "it has \(available.map { "\($0)".clippedForMessage }.joined(separator: ", ")); choose with --platform, or with architecture in a spec"
        default: nil
        }
    }

    private static func hint(_ status: Int, _ codes: [String]) -> String? {
        switch status {
        case 401: "log in with 'drydock login', or check the name: registries hide what they do not show"
        case 403: "the credentials do not allow this; log in as somebody who may do it"
        case 404 where codes.contains("MANIFEST_UNKNOWN"): "check the tag or digest"
        case 404: "check the name of the repository"
        case 405: "the registry does not do this; it may be one that only reads"
        case 429: "the registry limits requests; log in or wait"
        default: nil
        }
    }
}
