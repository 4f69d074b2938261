// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// What an image runs on.
///
/// [Image specification, Image Index, `platform`](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions).
public struct Platform: Hashable, Sendable {
    /// The operating system by Go's name, for example `linux`.
    public var os: String
    /// The processor by Go's name, for example `amd64`.
    public var architecture: String
    /// The version of the processor, for example `v7`.
    public var variant: String?
    /// The version of the operating system; Windows uses it.
    public var osVersion: String?
    /// What the operating system must have; Windows uses it.
    public var osFeatures: [String]?
    /// Members that this program does not know.
    public var unknown: [String: JSONValue] = [:]

    /// A platform without a version of the operating system.
    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// The platform of this machine.
    public static let host = Platform(os: "linux", architecture: hostArchitecture)

    private static var hostArchitecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #elseif arch(riscv64)
            "riscv64"
        #elseif arch(powerpc64le)
            "ppc64le"
        #elseif arch(s390x)
            "s390x"
        #elseif arch(arm)
            "arm"
        #else
            "386"
        #endif
    }

    /// Whether an image for this platform runs where `wanted` is asked for.
    ///
    /// A missing variant is the usual one: `v8` for arm64, `v7` for arm, `v1` for amd64. Versions of the operating
    /// system are not compared: only Windows has them.
    public func satisfies(_ wanted: Platform) -> Bool {
        os == wanted.os && architecture == wanted.architecture && effectiveVariant == wanted.effectiveVariant
    }

    private var effectiveVariant: String? {
        if let variant, !variant.isEmpty { return variant }
        return switch architecture {
        case "arm64": "v8"
        case "arm": "v7"
        case "amd64": "v1"
        default: nil
        }
    }
}

extension Platform: CustomStringConvertible {
    /// `os/architecture`, with `/variant` if there is one.
    public var description: String {
        let name = "\(os)/\(architecture)"
        return variant.map { "\(name)/\($0)" } ?? name
    }

    /// Why a text is not a platform.
    public struct ParsingFailure: Error, Equatable, CustomStringConvertible {
        /// The text.
        public let text: String

        /// One sentence for the person.
        public var description: String {
            "'\(text.clippedForMessage)' is not a platform: expected 'os/architecture' or 'os/architecture/variant'\n"
                + "hint: this machine is \(Platform.host)"
        }
    }

    /// Parses `os/architecture` or `os/architecture/variant`.
    ///
    /// - Throws: ``ParsingFailure`` if there are fewer or more parts, or a part has other characters than letters,
    ///   digits, `.`, `_` and `-`.
    public init(_ text: String) throws(ParsingFailure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy(Self.isName) else { throw ParsingFailure(text: text) }
        self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension Platform: JSONConvertible {
    /// Reads a descriptor's `platform`.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        os = try members.require("os")
        architecture = try members.require("architecture")
        variant = try members.take("variant")
        osVersion = try members.take("os.version")
        osFeatures = try members.take("os.features")
        unknown = members.remaining
    }

    /// A descriptor's `platform`.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("os", os)
        members.put("architecture", architecture)
        members.put("variant", variant)
        members.put("os.version", osVersion)
        members.put("os.features", osFeatures)
        return members.json
    }
}
