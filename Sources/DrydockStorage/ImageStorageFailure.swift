// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockJSON
public import DrydockOCI

/// Why a stored image could not be read or written, other than for a failed system call.
public struct ImageStorageFailure: Error, Equatable {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// A directory that should become a layout holds something else.
        case directoryNotEmpty
        /// The layout has a version that this program does not know.
        case layoutVersion(String)
        /// The path holds no image in a form that this program reads.
        case unrecognised
        /// The file is not an archive of the kind that was asked for.
        case notOfKind(String)
        /// The archive is damaged, incomplete, or in a form that is not read; the sentence says why.
        case unreadableArchive(String)
        /// A document cannot be read; the clause says what it is and why.
        case malformedDocument(name: String, failure: JSONFailure)
        /// A document is larger than is read.
        case documentTooLarge(name: String, size: Int64, limit: Int)
        /// A member is named by others and is not there.
        case missingMember(String)
        /// A member that must be unique is there twice.
        case repeatedMember(String)
        /// A link between members leads nowhere or in a circle.
        case brokenLink(String)
        /// There are more members than any image has.
        case tooManyMembers(limit: Int)
        /// A blob has another digest than its name or descriptor says.
        case digestMismatch(name: String, expected: Digest, actual: Digest)
        /// A blob has another size than its descriptor says.
        case sizeMismatch(name: String, expected: Int64, actual: Int64)
        /// An image has more layers than any program runs.
        case tooManyLayers(limit: Int, actual: Int)
        /// A blob cannot be decompressed; the sentence says why.
        case undecodable(name: String, sentence: String)
        /// A layer is compressed otherwise than its media type says.
        case compressionMismatch(name: String, mediaType: MediaType, actual: String)
        /// The configuration names another platform than the index.
        case platformMismatch(expected: Platform, actual: Platform)
        /// The configuration names more or fewer layers than there are.
        case layerCountMismatch(expected: Int, actual: Int)
        /// A descriptor is of a type that is not an image's.
        case unsupportedMediaType(MediaType)
        /// Indexes contain each other deeper than anyone needs, or there are too many of them.
        case indexTooDeep(limit: Int)
        /// There is no image at all.
        case noImage
        /// There is no image of that name; what there is.
        case noSuchImage(String, available: [String])
        /// There are several images and none was chosen; what there is.
        case ambiguous(available: [String])
        /// There is no image for the platform; what there is.
        case noSuchPlatform(Platform, available: [Platform])
        /// The parents of a legacy image lead in a circle or too far.
        case parentsTooDeep(limit: Int)
    }

    /// What is wrong.
    public let reason: Reason
    /// The path of the layout or archive in the user's words.
    public let path: String

    package init(_ reason: Reason, path: String) {
        self.reason = reason
        self.path = path
    }
}

extension ImageStorageFailure: CustomStringConvertible {
    /// One sentence for the person, and a hint where one helps.
    public var description: String { "'\(path.clippedForMessage)' " + (kindText ?? contentText) }

    private var kindText: String? {
        switch reason {
        case .directoryNotEmpty:
            "is neither empty nor an OCI image layout\nhint: choose a new or empty directory"
        case .layoutVersion(let version):
            "has image layout version '\(version.clippedForMessage)': expected '1.0.0'"
        case .unrecognised: "is not an image: expected a docker-archive, an OCI image layout or an oci-archive"
        case .notOfKind(let kind): "is not \(kind)"
        case .unreadableArchive(let sentence):
            "cannot be read: \(Self.clause(sentence))"
        case .noImage: "holds no image"
        case .noSuchImage(let name, let available):
            "has no image '\(name.clippedForMessage)'\nhint: it has \(Self.list(available))"
        case .ambiguous(let available): "holds several images\nhint: choose one of \(Self.list(available))"
        case .noSuchPlatform(let platform, let available):
            "has no image for \("\(platform)".clippedForMessage)\n"
                + "hint: it has \(available.map { "\($0)".clippedForMessage }.joined(separator: ", "))"
        default: nil
        }
    }

    private var contentText: String {
        switch reason {
        case .malformedDocument(let name, let failure): "has an invalid \(name.clippedForMessage): \(failure.clause)"
        case .documentTooLarge(let name, let size, let limit):
            "has a too large \(name.clippedForMessage): expected at most \(limit) bytes, got \(size) bytes"
        case .missingMember(let name): "lacks \(name.clippedForMessage)\nhint: the image is incomplete: get it again"
        case .repeatedMember(let name): "has \(name.clippedForMessage) twice"
        case .brokenLink(let name): "has a link that leads nowhere: \(name.clippedForMessage)"
        case .tooManyMembers(let limit): "has more members than an image needs: expected at most \(limit)"
        case .digestMismatch(let name, let expected, let actual):
            "has a damaged \(name.clippedForMessage): expected digest \(expected), got \(actual)"
        case .sizeMismatch(let name, let expected, let actual):
            "has a damaged \(name.clippedForMessage): expected \(expected) bytes, got \(actual) bytes"
        case .undecodable(let name, let sentence): "has a damaged \(name.clippedForMessage): \(Self.clause(sentence))"
        case .tooManyLayers(let limit, let actual):
            "has an image with too many layers: expected at most \(limit), got \(actual)"
        case .compressionMismatch(let name, let mediaType, let actual):
            "has a \(name.clippedForMessage) with a wrong media type: expected compression by "
                + "'\(mediaType.rawValue.clippedForMessage)', got \(actual)"
        case .platformMismatch(let expected, let actual):
            "has an image for another platform than its index says: expected \("\(expected)".clippedForMessage), got "
                + "\(actual)".clippedForMessage
        case .layerCountMismatch(let expected, let actual):
            "has an image whose configuration and layers differ: expected \(expected) layers, got \(actual)"
        case .unsupportedMediaType(let type): "has something other than an image: '\(type.rawValue.clippedForMessage)'"
        case .indexTooDeep(let limit): "has image indexes nested too deep or too many: expected at most \(limit)"
        case .parentsTooDeep(let limit): "has an image whose parents lead too far: expected at most \(limit) layers"
        default: "cannot be read"
        }
    }

    /// A sentence as it reads behind a colon.
    private static func clause(_ sentence: String) -> String {
        "\(sentence.prefix(1).lowercased())\(sentence.dropFirst())"
    }

    /// The first few names: an archive can hold thousands.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).map { "'\($0.clippedForMessage)'" }.joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}
