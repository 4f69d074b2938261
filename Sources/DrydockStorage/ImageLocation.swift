// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
public import DrydockOCI

/// Where an image is read from or written to, as it is written on a command line.
///
/// `docker-archive:PATH[:REF]`, `oci:DIR[:TAG]`, `oci-archive:PATH[:TAG]`; a bare path is recognised by its content, and
/// `-` is standard output. After a transport's name the path ends at the first colon, as in skopeo; a bare path may
/// have colons.
public struct ImageLocation: Hashable, Sendable {
    /// The form in which an image is stored.
    public enum Transport: String, Hashable, Sendable, CaseIterable {
        /// A tar as `docker save` writes it.
        case dockerArchive = "docker-archive"
        /// An OCI image layout, a directory.
        case ociLayout = "oci"
        /// A tar of an OCI image layout.
        case ociArchive = "oci-archive"
    }

    /// The form; nil for a bare path.
    public let transport: Transport?
    /// The path, or `-` for standard output.
    public let path: String
    /// The image's name in an archive, or its tag in a layout.
    public let reference: String?

    /// A location from its parts.
    ///
    /// - Throws: ``ParsingFailure`` as ``init(_:)`` does.
    public init(transport: Transport, path: String, reference: String? = nil) throws(ParsingFailure) {
        let text = "\(transport.rawValue):\(path)" + (reference.map { ":\($0)" } ?? "")
        guard !path.contains(":") else { throw ParsingFailure(.colonInPath, text) }
        try self.init(transport, path, reference, text)
    }

    /// Parses one of the forms.
    ///
    /// - Throws: ``ParsingFailure`` if the path is missing, the transport is of another program, or the image's name is
    ///   not one.
    public init(_ text: String) throws(ParsingFailure) {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1, let transport = Transport(rawValue: parts[0]) else {
            if parts.count > 1, Self.foreignTransports.contains(parts[0]) {
                throw ParsingFailure(.foreignTransport(parts[0]), text)
            }
            guard !text.isEmpty else { throw ParsingFailure(.empty, text) }
            self.init(checked: nil, path: text, reference: nil)
            return
        }
        try self.init(transport, parts[1], parts.count == 3 ? parts[2] : nil, text)
    }

    private init(checked transport: Transport?, path: String, reference: String?) {
        self.transport = transport
        self.path = path
        self.reference = reference
    }

    private init(_ transport: Transport, _ path: String, _ reference: String?, _ text: String) throws(ParsingFailure) {
        guard !path.isEmpty else { throw ParsingFailure(.noPath(transport), text) }
        if transport == .ociLayout, path == "-" { throw ParsingFailure(.layoutOnStandardOutput, text) }
        if let reference { try Self.check(reference: reference, transport, text) }
        self.init(checked: transport, path: path, reference: reference)
    }

    /// Whether the location is standard output.
    public var isStandardOutput: Bool { path == "-" }

    /// Transports of other programs in this field.
    private static let foreignTransports: Set = [
        "containers-storage", "dir", "docker", "docker-daemon", "http", "https", "ostree", "sif",
    ]

    private static func check(reference: String, _ transport: Transport, _ text: String) throws(ParsingFailure) {
        if transport != .dockerArchive {
            guard isReferenceName(reference) else { throw ParsingFailure(.malformedTag(reference), text) }
            return
        }
        let parsed: ImageReference
        do { parsed = try ImageReference(reference) } catch { throw ParsingFailure(.malformedReference(error), text) }
        guard parsed.digest == nil else { throw ParsingFailure(.digestInArchive, text) }
    }

    /// Whether a text can be the annotation `org.opencontainers.image.ref.name`.
    ///
    /// [Image specification, Annotations](https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys).
    private static func isReferenceName(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z0-9]+((--|[-._:@+])[A-Za-z0-9]+)*(\/[A-Za-z0-9]+((--|[-._:@+])[A-Za-z0-9]+)*)*/)
            != nil
    }
}

extension ImageLocation {
    /// Whether a bare path reads like the name of an image: `redis`, `redis:7`, `host:5000/team/app`.
    package var mayBeImageName: Bool {
        guard transport == nil, !path.hasPrefix("/"), !path.hasPrefix("."), (try? ImageReference(path)) != nil else {
            return false
        }
        let name = path.split(separator: "/").last ?? ""
        return ![".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2"].contains { name.hasSuffix($0) }
    }
}

extension ImageLocation: CustomStringConvertible {
    /// The text that is read back as the same value.
    public var description: String {
        (transport.map { "\($0.rawValue):" } ?? "") + path + (reference.map { ":\($0)" } ?? "")
    }
}

extension ImageLocation {
    /// Why a text is not a location.
    public struct ParsingFailure: Error, Equatable, CustomStringConvertible {
        /// What is wrong.
        public enum Reason: Equatable, Sendable {
            /// There is no text.
            case empty
            /// Nothing follows the transport.
            case noPath(Transport)
            /// A transport that this program does not read or write.
            case foreignTransport(String)
            /// A layout is a directory, and standard output is none.
            case layoutOnStandardOutput
            /// A path with a colon would be read as path and name.
            case colonInPath
            /// The name in an archive is not a reference.
            case malformedReference(ImageReference.ParsingFailure)
            /// Archives know images by name and tag only.
            case digestInArchive
            /// The tag in a layout is none.
            case malformedTag(String)
        }

        /// What is wrong.
        public let reason: Reason
        /// The whole text.
        public let text: String

        init(_ reason: Reason, _ text: String) {
            self.reason = reason
            self.text = text
        }

        private static func hint(_ transport: String, _ text: String) -> String {
            switch transport {
            case "docker" where !text.hasPrefix("docker://"): "an image in a registry is written 'docker://NAME'"
            case "docker": "'drydock pull' brings an image of a registry into a file"
            case "docker-daemon": "'drydock copy' brings an image of a daemon into a file"
            default: "'skopeo copy' moves images between these and others"
            }
        }

        /// One sentence for the person, and a hint where one helps.
        public var description: String {
            let subject = "'\(text.clippedForMessage)'"
            switch reason {
            case .empty: return "The image location is empty"
            case .noPath(let transport): return "\(subject) names no path\nhint: write '\(transport.rawValue):PATH'"
            case .foreignTransport(let name):
                let known = Transport.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
                return "\(subject) uses the transport '\(name)': expected \(known) or a path\n"
                    + "hint: \(Self.hint(name, text))"
            case .layoutOnStandardOutput:
                return "\(subject) names a directory, which standard output is not\nhint: write 'oci-archive:-'"
            case .colonInPath: return "\(subject) has a path with a colon, which would end it"
            case .malformedReference(let failure): return "\(failure)"
            case .digestInArchive: return "\(subject) names a digest: expected a name with an optional tag"
            case .malformedTag(let tag):
                return "\(subject) has an invalid tag '\(tag.clippedForMessage)': "
                    + "expected letters and digits, joined by '-', '.', '_', ':', '@', '+' or '/'"
            }
        }
    }
}
