// SPDX-License-Identifier: Apache-2.0

/// How a server wants to be shown who is asking: one challenge of a `WWW-Authenticate` field.
///
/// [RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1).
package struct AuthChallenge: Hashable, Sendable {
    /// The scheme in lower case: `basic`, `bearer`.
    package let scheme: String
    /// The parameters by their names in lower case.
    package let parameters: [String: String]

    /// The challenges of the values of a field, in their order; what cannot be understood is left out.
    package static func parse(_ values: [String]) -> [AuthChallenge] {
        values.flatMap { value in
            var scanner = Scanner(rest: value.utf8.prefix(lengthLimit))
            return scanner.challenges()
        }
    }

    /// Known servers send a few hundred bytes.
    private static let lengthLimit = 8_192
}

extension AuthChallenge {
    /// Takes a field's value apart from its front.
    private struct Scanner {
        var rest: Substring.UTF8View

        mutating func challenges() -> [AuthChallenge] {
            var found: [AuthChallenge] = []
            while true {
                skip(", \t")
                guard let scheme = token() else { return found }
                found.append(AuthChallenge(scheme: scheme.lowercased(), parameters: parameters()))
            }
        }

        /// Parameters up to the next scheme, which is a word without `=` behind it.
        private mutating func parameters() -> [String: String] {
            var parameters: [String: String] = [:]
            while true {
                let start = rest
                skip(", \t")
                guard let name = token() else { return parameters }
                skip(" \t")
                guard rest.first == UInt8(ascii: "=") else {
                    rest = start
                    return parameters
                }
                rest.removeFirst()
                skip(" \t")
                // Bytes that the next round cannot begin with would stop it here for ever.
                guard let value = quoted() ?? token() else { return parameters }
                if parameters[name.lowercased()] == nil { parameters[name.lowercased()] = value }
            }
        }

        private mutating func skip(_ characters: String) {
            rest = rest.drop { characters.utf8.contains($0) }
        }

        /// A word; `/`, `+` and `:` too, since servers forget quotes around URLs and base 64.
        private mutating func token() -> String? {
            let word = rest.prefix { $0 > 0x20 && $0 != 0x7F && !"=,\"".utf8.contains($0) }
            guard !word.isEmpty else { return nil }
            rest = rest[word.endIndex...]
            return String(Substring(word))
        }

        private mutating func quoted() -> String? {
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            rest.removeFirst()
            var text: [UInt8] = []
            while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                    text.append(escaped)
                } else {
                    text.append(byte)
                }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
