// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

extension ImageReference {
    /// Why a text is not an image reference.
    public struct ParsingFailure: Error, Equatable {
        /// What is wrong.
        public enum Reason: Equatable, Sendable {
            /// There is no text.
            case empty
            /// The text is an address with a scheme; the rest is given.
            case scheme(String)
            /// The text is 64 hexadecimal digits.
            case imageID
            /// The registry is not a host with an optional port.
            case malformedRegistry(String)
            /// The repository has characters or separators that it cannot have.
            case malformedRepository(String)
            /// The repository has upper-case letters; the text without them is given.
            case upperCase(String)
            /// The repository has more than 255 bytes.
            case repositoryTooLong(byteCount: Int)
            /// The tag has characters that it cannot have, or too many.
            case malformedTag(String)
            /// What follows `@` is not a digest.
            case malformedDigest(String)
        }

        /// What is wrong.
        public let reason: Reason
        /// The whole text.
        public let text: String

        package init(_ reason: Reason, _ text: String) {
            self.reason = reason
            self.text = text
        }
    }
}

extension ImageReference.ParsingFailure: CustomStringConvertible {
    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        let subject = "Image reference '\(text.clippedForMessage)'"
        return switch reason {
        case .empty: "The image reference is empty"
        case .scheme(let rest): "\(subject) starts with a scheme\nhint: write '\(rest.clippedForMessage)'"
        case .imageID: "\(subject) is an image ID, not a name"
        case .malformedRegistry(let registry):
            "\(subject) has an invalid registry '\(registry.clippedForMessage)': "
                + "expected a host name or address with an optional port"
        case .malformedRepository(let repository):
            "\(subject) has an invalid repository '\(repository.clippedForMessage)': "
                + "expected lower-case letters and digits, joined by '/', '.', '_', '__' or '-'"
        case .upperCase(let lowerCase):
            "\(subject) has upper-case letters in its repository\nhint: write '\(lowerCase.clippedForMessage)'"
        case .repositoryTooLong(let byteCount):
            "\(subject) has a repository of \(byteCount) bytes: expected at most \(ImageReference.repositoryLimit) bytes"
        case .malformedTag(let tag):
            "\(subject) has an invalid tag '\(tag.clippedForMessage)': expected 1 to \(ImageReference.tagLimit) "
                + "letters, digits, '_', '.' or '-', not starting with '.' or '-'"
        case .malformedDigest(let digest):
            "\(subject) has an invalid digest '\(digest.clippedForMessage)': "
                + "expected 'sha256:' and 64 lower-case hexadecimal digits"
        }
    }
}
