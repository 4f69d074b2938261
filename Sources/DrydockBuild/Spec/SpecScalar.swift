// SPDX-License-Identifier: Apache-2.0

/// Decides what a scalar without quotes is.
///
/// Versions of YAML differ (`0750` is 488 or 750, `yes` true or a string, `1:30` ninety or a string). What any of
/// them takes for something else than a string is not a string here, so that no reader of the file is surprised.
/// [YAML 1.1 types](https://yaml.org/type/), [YAML 1.2, 10.3](https://yaml.org/spec/1.2.2/#103-core-schema).
enum SpecScalar: Sendable {
    static func value(of text: String) -> SpecNode.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": .null
        case "true", "True", "TRUE": .bool(true)
        case "false", "False", "FALSE": .bool(false)
        case "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF": .ambiguousBool(text)
        default: numberOrString(text)
        }
    }

    private static func numberOrString(_ text: String) -> SpecNode.Value {
        // No number is longer, except to fill memory.
        guard text.utf8.count <= 400 else { return .string(text) }
        if isDecimal(text[...]), let integer = Int64(text) { return .integer(integer) }
        return isNumber(unsigned(text[...])) ? .number(text) : .string(text)
    }

    private static func unsigned(_ text: Substring) -> Substring {
        text.first == "-" || text.first == "+" ? text.dropFirst() : text
    }

    /// Decimal digits with a sign or without, and no zero in front.
    static func isDecimal(_ text: Substring) -> Bool {
        let digits = unsigned(text)
        return digits == "0" || (digits.first != "0" && !digits.isEmpty && digits.utf8.allSatisfy(isDigit))
    }

    private static func isNumber(_ text: Substring) -> Bool {
        guard let first = text.utf8.first else { return false }
        if first == UInt8(ascii: ".") { return isPointNumber(text) }
        guard isDigit(first) else { return false }
        return isRadixNumber(text) || isSexagesimal(text) || isFloat(text)
    }

    /// `.5`, `.inf` and `.nan`.
    private static func isPointNumber(_ text: Substring) -> Bool {
        switch text {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN": true
        default: text.utf8.dropFirst().first.map(isDigit) == true && isFloat("0" + text)
        }
    }

    /// `0b1`, `0x1F`, `0o17`, `017` and decimal digits, all with `_` between.
    private static func isRadixNumber(_ text: Substring) -> Bool {
        let underscore = UInt8(ascii: "_")
        let bytes = text.utf8
        if text.hasPrefix("0b"), bytes.count > 2 { return bytes.dropFirst(2).allSatisfy { "01_".utf8.contains($0) } }
        if text.hasPrefix("0x"), bytes.count > 2 {
            return bytes.dropFirst(2).allSatisfy { "0123456789abcdefABCDEF_".utf8.contains($0) }
        }
        if text.hasPrefix("0o"), bytes.count > 2 {
            return bytes.dropFirst(2).allSatisfy { "01234567".utf8.contains($0) }
        }
        return bytes.allSatisfy { isDigit($0) || $0 == underscore }
    }

    /// `1:30`, `190:20:30.15`.
    private static func isSexagesimal(_ text: Substring) -> Bool {
        let point = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = point[0].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, isSexagesimalHead(parts[0], hasPoint: point.count == 2) else { return false }
        guard parts.dropFirst().allSatisfy(isSexagesimalPart) else { return false }
        return point.count == 1 || point[1].utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// Only with a point may it start with `0`.
    private static func isSexagesimalHead(_ text: Substring, hasPoint: Bool) -> Bool {
        guard let first = text.utf8.first, isDigit(first), hasPoint || first != UInt8(ascii: "0") else { return false }
        return text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isSexagesimalPart(_ text: Substring) -> Bool {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy(isDigit) else { return false }
        return text.utf8.count == 1 || "012345".contains(text.prefix(1))
    }

    /// `1.5`, `1.`, `1e3`, `1_000.5`.
    private static func isFloat(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        rest = rest.drop { isDigit($0) || $0 == UInt8(ascii: "_") }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst().drop { isDigit($0) || $0 == UInt8(ascii: "_") }
        }
        guard let exponent = rest.first else { return true }
        guard exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }
}
