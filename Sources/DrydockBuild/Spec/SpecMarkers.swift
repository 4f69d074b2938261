// SPDX-License-Identifier: Apache-2.0

/// Characters that stand for others while a spec is being parsed.
///
/// Yams expands aliases and hashes keys by their whole content, so a few hundred bytes could keep it busy for ever
/// ("billion laughs"). An alias starts with `*` and an explicit key with `?`, and both are plain text anywhere else.
/// With another character in their place the parser sees text only; whoever reads its result puts them back. The
/// characters are at the very end of the private use area, and a spec that contains one is refused before.
enum SpecMarkers: Sendable {
    /// Stands for `*`.
    static let alias: Unicode.Scalar = "\u{10FFFD}"
    /// Stands for `?`.
    static let explicitKey: Unicode.Scalar = "\u{10FFFC}"
    /// Stands before a key that occurs again in its map, so that Yams goes on.
    static let duplicate: Unicode.Scalar = "\u{10FFFB}"

    static let all: [Unicode.Scalar] = [alias, explicitKey, duplicate]

    /// The text with the markers in place.
    static func mark(_ text: String) -> String {
        replacing(text, ["*": alias, "?": explicitKey])
    }

    /// The text without any marker.
    static func unmark(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: all.contains) else { return text }
        return replacing(text, [alias: "*", explicitKey: "?", duplicate: nil])
    }

    private static func replacing(_ text: String, _ table: [Unicode.Scalar: Unicode.Scalar?]) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard let replacement = table[scalar] else {
                result.append(scalar)
                continue
            }
            if let replacement { result.append(replacement) }
        }
        return String(result)
    }
}
