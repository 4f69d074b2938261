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
    /// How `/etc/ld.so.cache` marks libraries of this machine (`FLAG_…` in glibc's `sysdeps/generic/ldconfig.h`).
    package let cacheKind: UInt32
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
        cacheKind = lacksFloatingPoint ? 0x0B00 : row.cacheKind
        platform = architecture == "arm" ? (variant ?? "v7") + "l" : row.platform
    }

    /// All architectures that have a machine, sorted.
    public static var knownArchitectures: [String] { rows.keys.sorted() }

    /// The architecture, with the variant after a slash if there is one.
    public var description: String { variant.map { "\(architecture)/\($0)" } ?? architecture }

    private struct Row: Sendable {
        let code: ELFMachine
        let triplet: String
        let cacheKind: UInt32
        let platform: String?
    }

    /// Machine numbers are those of <https://www.sco.com/developers/gabi/latest/ch4.eheader.html>.
    private static let rows: [String: Row] = [
        "386": row(littleEndian32(3), "i386-linux-gnu", 0x0000, platform: "i686"),
        "amd64": row(littleEndian64(62), "x86_64-linux-gnu", 0x0300, platform: "x86_64"),
        "arm": row(littleEndian32(40), "arm-linux-gnueabihf", 0x0900),
        "arm64": row(littleEndian64(183), "aarch64-linux-gnu", 0x0A00, platform: "aarch64"),
        "loong64": row(littleEndian64(258), "loongarch64-linux-gnu", 0x1200),
        "mips64le": row(littleEndian64(8), "mips64el-linux-gnuabi64", 0x0700),
        "ppc64le": row(littleEndian64(21), "powerpc64le-linux-gnu", 0x0500),
        "riscv64": row(littleEndian64(243), "riscv64-linux-gnu", 0x1000),
        "s390x": row(bigEndian64(22), "s390x-linux-gnu", 0x0400),
    ]

    private static func littleEndian32(_ number: UInt16) -> ELFMachine {
        ELFMachine(number: number, width: .narrow, order: .little)
    }

    private static func littleEndian64(_ number: UInt16) -> ELFMachine {
        ELFMachine(number: number, width: .wide, order: .little)
    }

    private static func bigEndian64(_ number: UInt16) -> ELFMachine {
        ELFMachine(number: number, width: .wide, order: .big)
    }

    private static func row(
        _ code: ELFMachine,
        _ triplet: String,
        _ cacheKind: UInt32,
        platform: String? = nil
    ) -> Row {
        Row(code: code, triplet: triplet, cacheKind: cacheKind, platform: platform)
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

    package init(architecture: String) { self.architecture = architecture }

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
