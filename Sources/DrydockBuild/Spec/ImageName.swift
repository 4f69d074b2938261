// SPDX-License-Identifier: Apache-2.0

extension SpecRule {
    /// A repository name, with a registry in front or without.
    ///
    /// [Grammar of the distribution reference](https://pkg.go.dev/github.com/distribution/reference#pkg-overview)
    /// with lower-case letters only.
    static let imageName = SpecRule { ImageName.problem(with: $0) }

    /// `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
    static let tag = SpecRule { text in
        let bytes = Array(text.utf8)
        let isValid =
            (1...128).contains(bytes.count) && bytes[0] != UInt8(ascii: ".") && bytes[0] != UInt8(ascii: "-")
            && bytes.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
        return isValid
            ? nil
            : SpecProblem(
                "\(SpecProblem.quoted(text)) is not a tag",
                hint: "a tag has up to 128 letters, digits, '_', '.' and '-' and does not start with '.' or '-'"
            )
    }
}

/// The grammar of an image's name.
enum ImageName: Sendable {
    private static let lengthLimit = 255

    static func problem(with name: String) -> SpecProblem? {
        let quoted = SpecProblem.quoted(name)
        if name.contains("@") {
            return SpecProblem("Name \(quoted) has a digest in it", hint: "the digest follows from the content")
        }
        let segments = name.split(separator: "/", omittingEmptySubsequences: false)
        let last = segments[segments.count - 1]
        if let colon = last.lastIndex(of: ":") {
            let tag = last[last.index(after: colon)...]
            return SpecProblem("Name \(quoted) has a tag in it", hint: "write it as another key: tag: \"\(tag)\"")
        }
        let lower = name.lowercased()
        if lower != name, isValid(lower.split(separator: "/", omittingEmptySubsequences: false)[...], of: lower) {
            return SpecProblem("Name \(quoted) has upper-case letters; write '\(lower)'")
        }
        guard !isValid(segments[...], of: name) else { return nil }
        return SpecProblem(
            "\(quoted) is not a name for an image",
            hint: "write lower-case letters and digits, with '.', '_', '-' between them and '/' between the parts"
        )
    }

    private static func isValid(_ segments: ArraySlice<Substring>, of name: String) -> Bool {
        guard name.utf8.count <= lengthLimit, let first = segments.first else { return false }
        let path = isHostWithPort(first) ? segments.dropFirst() : segments
        return !path.isEmpty && path.allSatisfy(isPathComponent)
    }

    /// A host that cannot be taken for a part of the path: it has a port or is an IPv6 address.
    private static func isHostWithPort(_ text: Substring) -> Bool {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let address = text[text.index(after: text.startIndex)..<end].utf8
            let rest = text[text.index(after: end)...]
            let isAddress = address.allSatisfy { isDigit($0) || "abcdef:".utf8.contains($0) }
            return !address.isEmpty && isAddress && (rest.isEmpty || (rest.hasPrefix(":") && isPort(rest.dropFirst())))
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && isPort(parts[1])
            && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isHostLabel)
    }

    private static func isPort(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy(isDigit)
    }

    private static func isHostLabel(_ label: Substring) -> Bool {
        guard !label.isEmpty, !label.hasPrefix("-"), !label.hasSuffix("-") else { return false }
        return label.utf8.allSatisfy { isDigit($0) || isLowercase($0) || $0 == UInt8(ascii: "-") }
    }

    /// Runs of letters and digits with one of `.`, `_`, `__` or any number of `-` between them.
    private static func isPathComponent(_ text: Substring) -> Bool {
        var separator: [UInt8] = []
        var hasWord = false
        for byte in text.utf8 {
            if isDigit(byte) || isLowercase(byte) {
                guard separator.isEmpty || (hasWord && isSeparator(separator)) else { return false }
                separator = []
                hasWord = true
            } else {
                separator.append(byte)
            }
        }
        return hasWord && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        bytes == Array(".".utf8) || bytes == Array("_".utf8) || bytes == Array("__".utf8)
            || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
    }
}
