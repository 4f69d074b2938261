// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests

extension Digest {
    /// Why a text is not a SHA-256 in one of Nix's forms.
    public enum NixFormFailure: Error, Equatable, CustomStringConvertible {
        /// There is no algorithm in front.
        case malformed(String)
        /// An algorithm other than sha256.
        case unsupportedAlgorithm(String)
        /// What follows the algorithm is not 32 bytes in the form that the text is in.
        case malformedEncoding(String)

        /// One sentence for the person.
        public var description: String {
            switch self {
            case .malformed(let text):
                "'\(text)' is not a hash: expected 'sha256:' with nix32 or hexadecimal digits, or 'sha256-' with base 64"
            case .unsupportedAlgorithm(let text): "Hash '\(text)' uses an algorithm other than sha256"
            case .malformedEncoding(let text):
                "Hash '\(text)' does not have 32 bytes: expected 52 nix32 or 64 hexadecimal digits after 'sha256:', "
                    + "or 44 of base 64 after 'sha256-'"
            }
        }
    }

    /// Parses `sha256:` with 52 nix32 or 64 hexadecimal digits, or `sha256-` with 44 of base 64.
    ///
    /// [Nix manual, Content-Addressing](https://nix.dev/manual/nix/2.28/store/store-object/content-address).
    ///
    /// - Throws: ``NixFormFailure``.
    public init(nix text: String) throws(NixFormFailure) {
        let characters = text.utf8
        guard let separator = characters.firstIndex(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }),
            separator != characters.startIndex
        else { throw .malformed(text) }
        guard characters[..<separator].elementsEqual("sha256".utf8) else { throw .unsupportedAlgorithm(text) }
        let encoded = characters[characters.index(after: separator)...]
        let isSRI = characters[separator] == UInt8(ascii: "-")
        guard let bytes = isSRI ? Base64.decode(encoded) : Self.decodeDigits(encoded), let digest = Digest(bytes: bytes)
        else { throw .malformedEncoding(text) }
        self = digest
    }

    /// `sha256:` and 52 nix32 digits, as narinfo files and Nix's signatures have it.
    public var nix32Form: String { "sha256:" + Nix32.encode(bytes) }

    private static func decodeDigits(_ text: Substring.UTF8View) -> [UInt8]? {
        text.count == 2 * byteCount ? Hex.decode(text) : Nix32.decode(text)
    }
}
