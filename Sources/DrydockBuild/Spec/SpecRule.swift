// SPDX-License-Identifier: Apache-2.0

import DrydockPackages

/// What a string of the spec must look like; `schema/image.schema.json` has the same as a pattern.
struct SpecRule: Sendable {
    /// What is wrong with a text, nil if nothing is.
    let problem: @Sendable (String) -> SpecProblem?

    init(_ problem: @escaping @Sendable (String) -> SpecProblem?) {
        self.problem = problem
    }

    /// A rule with one sentence for whatever breaks it.
    init(
        _ expectation: String,
        hint: String? = nil,
        _ isValid: @escaping @Sendable (String) -> Bool
    ) {
        self.init { text in
            isValid(text)
                ? nil : SpecProblem("\(SpecProblem.quoted(text)) is not \(expectation)", hint: hint)
        }
    }

    /// One of some words.
    static func word(_ words: [String], _ expectation: String, aliases: [String: String] = [:]) -> SpecRule {
        SpecRule { text in
            guard !words.contains(text) else { return nil }
            let quoted = SpecProblem.quoted(text)
            let list = words.joined(separator: ", ")
            guard let meant = aliases[text.lowercased()] ?? EditDistance.nearest(to: text, in: words) else {
                return SpecProblem("\(quoted) is not \(expectation)", hint: "write one of \(list)")
            }
            return SpecProblem("\(quoted) is not \(expectation); did you mean '\(meant)'?")
        }
    }

    /// Anything: the content of a file.
    static let content = SpecRule { _ in nil }

    /// No NUL: neither a path nor an argument nor a variable can hold one.
    static let text = SpecRule { text in
        text.utf8.contains(0) ? SpecProblem("A NUL character cannot stand here") : nil
    }

    /// A text with at least one character.
    static let nonemptyText = SpecRule { text in
        text.isEmpty ? SpecProblem("An empty text cannot stand here") : Self.text.problem(text)
    }
}

// MARK: - Paths in the image

extension SpecRule {
    /// An absolute path without `.`, `..`, empty components and whiteout names; not `/`.
    static let imagePath = SpecRule { imagePathProblem($0, allowsRoot: false) }

    /// The same or `/`.
    static let imageDirectory = SpecRule { imagePathProblem($0, allowsRoot: true) }

    /// The path of a file, or of a directory with a slash at its end.
    static let executablePlace = SpecRule { text in
        guard text.utf8.last == UInt8(ascii: "/") else { return imagePathProblem(text, allowsRoot: false) }
        let directory = String(text.dropLast())
        return directory.isEmpty ? nil : imagePathProblem(directory, allowsRoot: false)
    }

    /// Any absolute path.
    static let absolutePath = SpecRule("an absolute path") { $0.hasPrefix("/") && !$0.utf8.contains(0) }

    /// A glob of libraries that stay where the host has them.
    static let libraryGlob = SpecRule(
        "an absolute path",
        hint: "list libraries of a build directory under 'executable', with 'at'"
    ) { $0.hasPrefix("/") && !$0.utf8.contains(0) }

    /// A pattern for what of a directory is left out.
    static let exclusion = SpecRule { text in
        if let problem = nonemptyText.problem(text) { return problem }
        let quoted = SpecProblem.quoted(text)
        guard !text.hasPrefix("!") else {
            let hint = "write '\\\(text)' for a name that begins with '!'"
            return SpecProblem("\(quoted) would be an exception, and 'exclude' knows none", hint: hint)
        }
        let path = text.utf8.last == UInt8(ascii: "/") ? text.utf8.dropLast() : text.utf8[...]
        let components = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if components.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) {
            let meant = normalised(text).dropFirst()
            return SpecProblem(
                "\(quoted) is not a path from the directory on",
                hint: meant.isEmpty ? nil : "write '\(meant)'"
            )
        }
        guard components.count <= Exclusions.mostComponents else {
            return SpecProblem("\(quoted) has more than \(Exclusions.mostComponents) components")
        }
        return nil
    }

    private static func imagePathProblem(_ path: String, allowsRoot: Bool) -> SpecProblem? {
        let quoted = SpecProblem.quoted(path)
        guard !path.utf8.contains(0) else { return SpecRule.text.problem(path) }
        guard path.hasPrefix("/") else {
            let hint = path.isEmpty ? nil : "write '/\(path)' for the path from the image's root"
            return SpecProblem("\(quoted) is not an absolute path", hint: hint)
        }
        guard path != "/" else { return allowsRoot ? nil : SpecProblem("The image's root cannot stand here") }
        let components = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if components.contains(where: { $0.isEmpty || Array($0) == [0x2E] || Array($0) == [0x2E, 0x2E] }) {
            return SpecProblem("Path \(quoted) has empty, '.' or '..' components", hint: "write '\(normalised(path))'")
        }
        guard !components.contains(where: { $0.starts(with: ".wh.".utf8) }) else {
            return SpecProblem("Path \(quoted) has a name that starts with '.wh.', which means deletion in an image")
        }
        return nil
    }

    private static func normalised(_ path: String) -> String {
        var kept: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = kept.popLast() } else { kept.append(component) }
        }
        return "/" + kept.joined(separator: "/")
    }
}

// MARK: - Owner and mode

extension SpecRule {
    /// `UID` or `UID:GID`.
    static let owner = SpecRule { text in
        guard OwnerText.parse(text) == nil else { return nil }
        let hasLetter = text.utf8.contains { !(0x30...0x3A).contains($0) }
        return SpecProblem(
            "\(SpecProblem.quoted(text)) is not an owner of the form UID or UID:GID",
            hint: hasLetter
                ? "an image knows no names, only numbers from 0 to \(OwnerText.limit)"
                : "write numbers from 0 to \(OwnerText.limit) without zeros in front"
        )
    }

    /// Three or four octal digits, with or without a `0` in front.
    static let mode = SpecRule("a mode of three or four octal digits such as \"0755\"") { ModeText.parse($0) != nil }

    /// The name of a user or group in the headers of an archive.
    static let accountName = SpecRule("a name of a user or group") { name in
        let bytes = Array(name.utf8)
        let body = bytes.last == UInt8(ascii: "$") ? bytes.dropLast() : bytes[...]
        guard (1...31).contains(body.count), body[0] != UInt8(ascii: "."), body[0] != UInt8(ascii: "-") else {
            return false
        }
        return body.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
    }
}

/// `UID` or `UID:GID` in decimal digits without leading zeros.
enum OwnerText: Sendable {
    /// The largest number; one more means "unchanged" to the kernel.
    static let limit: UInt32 = .max - 1

    static func parse(_ text: String) -> (uid: UInt32, gid: UInt32)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let uid = number(parts[0]) else { return nil }
        guard parts.count == 2 else { return (uid, uid) }
        return number(parts[1]).map { (uid, $0) }
    }

    private static func number(_ text: Substring) -> UInt32? {
        guard text == "0" || text.first != "0", text.utf8.allSatisfy(isDigit) else { return nil }
        return UInt32(text).flatMap { $0 <= limit ? $0 : nil }
    }
}

/// Permission bits in octal digits.
enum ModeText: Sendable {
    static func parse(_ text: String) -> UInt16? {
        let digits = text.utf8.count == 5 && text.hasPrefix("0") ? text.dropFirst() : text[...]
        guard (3...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else {
            return nil
        }
        return UInt16(digits, radix: 8)
    }
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

func isLowercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLowercase(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}
