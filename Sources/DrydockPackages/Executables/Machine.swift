// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes

/// A kind of processor, by the name that image configurations use for it.
///
/// The names are those of the image specification's `architecture` and `variant`:
/// <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties>.
public struct Machine: Hashable, Sendable, CustomStringConvertible {
    /// The architecture, for example `amd64`.
    public let architecture: String
    /// The variant of the architecture, for example `v7` of `arm`.
    public let variant: String?
    /// How an ELF header names this machine.
    package let code: ELFMachine
    /// What Debian calls the machine's directory of libraries, for example `x86_64-linux-gnu`.
    package let triplet: String
    /// What the loader puts in place of `$PLATFORM` on the oldest processor of this kind; nil where that has no name.
    package let platform: String?

    /// The machine of an architecture and variant.
    ///
    /// - Throws: ``UnknownMachine`` for an architecture that is not in ``knownArchitectures``.
    public init(architecture: String, variant: String? = nil) throws(UnknownMachine) {
        guard let row = Self.rows[architecture] else { throw UnknownMachine(architecture: architecture) }
        self.architecture = architecture
        self.variant = variant
        code = row.code
        // Debian's armel, the port for processors without floating point registers, is the only one below v6.
        let lacksFloatingPoint = architecture == "arm" && variant == "v5"
        triplet = lacksFloatingPoint ? "arm-linux-gnueabi" : row.triplet
        platform = architecture == "arm" ? (variant ?? "v7") + "l" : row.platform
    }

    /// All architectures that have a machine, sorted.
    public static var knownArchitectures: [String] { rows.keys.sorted() }

    /// The architecture, with the variant after a slash if there is one.
    public var description: String { variant.map { "\(architecture)/\($0)" } ?? architecture }

    private struct Row: Sendable {
        let code: ELFMachine
        let triplet: String
        let platform: String?
    }

    /// Machine numbers are those of <https://www.sco.com/developers/gabi/latest/ch4.eheader.html>.
    private static let rows: [String: Row] = [
        "386": row(3, .narrow, .little, "i386-linux-gnu", platform: "i686"),
        "amd64": row(62, .wide, .little, "x86_64-linux-gnu", platform: "x86_64"),
        "arm": row(40, .narrow, .little, "arm-linux-gnueabihf"),
        "arm64": row(183, .wide, .little, "aarch64-linux-gnu", platform: "aarch64"),
        "loong64": row(258, .wide, .little, "loongarch64-linux-gnu"),
        "mips64le": row(8, .wide, .little, "mips64el-linux-gnuabi64"),
        "ppc64le": row(21, .wide, .little, "powerpc64le-linux-gnu"),
        "riscv64": row(243, .wide, .little, "riscv64-linux-gnu"),
        "s390x": row(22, .wide, .big, "s390x-linux-gnu"),
    ]

    private static func row(
        _ number: UInt16,
        _ width: ELFMachine.Width,
        _ order: ByteOrder,
        _ triplet: String,
        platform: String? = nil
    ) -> Row {
        Row(code: ELFMachine(number: number, width: width, order: order), triplet: triplet, platform: platform)
    }

    /// The architecture that an ELF header means, if it is a known one.
    static func architecture(of code: ELFMachine) -> String? {
        rows.first { $0.value.code == code }?.key
    }
}

/// An architecture for which no executable can be looked up.
public struct UnknownMachine: Error, Equatable, CustomStringConvertible {
    /// The architecture as it was given.
    public let architecture: String

    /// Names the architecture and those that are known.
    public var description: String {
        """
        Executables of the architecture '\(architecture)' are not supported
        hint: use one of \(Machine.knownArchitectures.joined(separator: ", "))
        """
    }
}

/// How an ELF header says which machine it is for.
package struct ELFMachine: Hashable, Sendable, CustomStringConvertible {
    /// `EI_CLASS`: how wide addresses are.
    package enum Width: UInt8, Sendable {
        /// Addresses of 32 bits.
        case narrow = 1
        /// Addresses of 64 bits.
        case wide = 2
    }

    /// `e_machine`.
    package let number: UInt16
    /// `EI_CLASS`.
    package let width: Width
    /// `EI_DATA`.
    package let order: ByteOrder

    package init(number: UInt16, width: Width, order: ByteOrder) {
        self.number = number
        self.width = width
        self.order = order
    }

    /// The architecture's name; for an unknown one, what the header says.
    package var description: String {
        let bits = width == .wide ? "64-bit" : "32-bit"
        let endian = order == .big ? "big-endian" : "little-endian"
        return Machine.architecture(of: self) ?? "ELF machine \(number) (\(bits), \(endian))"
    }
}
