// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import FoundationEssentials

/// Names and values of extended attributes in a spec.
enum ExtendedAttribute: Sendable {
    static let capability = "security.capability"
    /// The limit of Linux for a name, in bytes.
    private static let nameLimit = 255
    /// The limit of Linux for a value, in bytes.
    private static let valueLimit = 65_536

    private static let valueKeys = SpecKeys(["base64", "hex"])

    /// `security.capability` and names in `user.`.
    ///
    /// Others mean something only to one machine (`security.selinux`), belong to the file system (`system.`), or
    /// control the overlay that containers stand on (`trusted.overlay.`). A `=` would end the name in a tar header.
    private static let nameRule = SpecRule { name in
        guard name != capability else { return nil }
        let isValid =
            name.hasPrefix("user.") && (6...nameLimit).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
        return isValid
            ? nil
            : SpecProblem(
                "\(SpecProblem.quoted(name)) is not an extended attribute that an image can have",
                hint: "write 'security.capability', or a name that starts with 'user.' in printable ASCII without '='"
            )
    }

    static func read(_ field: SpecField) -> [String: [UInt8]] {
        var attributes: [String: [UInt8]] = [:]
        for (name, value) in field.pairs(nameRule) ?? [] {
            attributes[name] = self.value(value, isCapability: name == capability)
        }
        return attributes
    }

    private static func value(_ field: SpecField, isCapability: Bool) -> [UInt8]? {
        switch field.node.value {
        case .string where isCapability:
            return field.string(.capabilities).flatMap { try? FileCapabilities($0).encoded }
        case .string(let text):
            guard text.utf8.count <= valueLimit else {
                tooLong(field, text.utf8.count)
                return nil
            }
            return Array(text.utf8)
        case .map: return binary(field, isCapability: isCapability)
        default:
            field.mismatch("a string or a map with 'base64' or 'hex'")
            return nil
        }
    }

    private static func binary(_ field: SpecField, isCapability: Bool) -> [UInt8]? {
        guard let encoded = field.map(valueKeys)?.only(of: valueKeys.names),
            let text = encoded.string(encoded.key == "hex" ? .hex : .base64)
        else { return nil }
        let bytes =
            encoded.key == "hex" ? Hex.decode(text.lowercased().utf8) : Data(base64Encoded: text).map { Array($0) }
        guard let bytes, bytes.count <= valueLimit else {
            tooLong(encoded, bytes?.count ?? 0)
            return nil
        }
        guard !isCapability || FileCapabilities.isEncoded(bytes) else {
            encoded.report(
                "Expected the 20 or 24 bytes of a capability set for 'security.capability', got \(bytes.count) bytes",
                hint: "write it as text, for example \"cap_net_bind_service=ep\""
            )
            return nil
        }
        return bytes
    }

    private static func tooLong(_ field: SpecField, _ count: Int) {
        field.report("An extended attribute holds at most \(valueLimit) bytes, got \(count) bytes")
    }
}

extension SpecRule {
    /// An even number of hexadecimal digits.
    static let hex = SpecRule("an even number of hexadecimal digits") { Hex.decode($0.lowercased().utf8) != nil }

    /// [RFC 4648, 4](https://www.rfc-editor.org/rfc/rfc4648#section-4), with padding and without line breaks.
    static let base64 = SpecRule("base64") { text in
        let bytes = Array(text.utf8)
        let padding = bytes.suffix(2).count { $0 == UInt8(ascii: "=") }
        return bytes.count.isMultiple(of: 4)
            && bytes.dropLast(padding).allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/")
            }
    }
}
