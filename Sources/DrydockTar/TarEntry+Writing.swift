// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

extension TarEntry.Kind {
    var typeFlag: UInt8 {
        switch self {
        case .regular: TypeFlag.regular
        case .directory: TypeFlag.directory
        case .symlink: TypeFlag.symlink
        case .hardLink: TypeFlag.hardLink
        case .characterDevice: TypeFlag.characterDevice
        case .blockDevice: TypeFlag.blockDevice
        case .fifo: TypeFlag.fifo
        }
    }

    /// The numbers of a device; nil for everything else.
    var device: (major: UInt32, minor: UInt32)? {
        switch self {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor): (major, minor)
        default: nil
        }
    }
}

extension TarEntry {
    private static let slash = UInt8(ascii: "/")
    private static let highestMode: Int64 = 0o7777

    /// The name as it stands in the archive: a directory's ends with a slash.
    var storedName: [UInt8] {
        kind == .directory && name.bytes.last != Self.slash ? name.bytes + [Self.slash] : name.bytes
    }

    /// The number of bytes of a regular file, 0 for everything else.
    var contentSize: Int64 {
        if case .regular(let size) = kind { size } else { 0 }
    }

    /// Finds what the format cannot express.
    func check() throws(TarWritingFailure) {
        if let reason = nameFault ?? ownerFault ?? numberFault ?? attributeFault {
            throw TarWritingFailure(reason, name: name)
        }
    }

    private var nameFault: TarWritingFailure.Reason? {
        if name.isEmpty { return .emptyName }
        if name.bytes.contains(0) { return .nameWithNUL }
        if name.bytes.last == Self.slash, kind != .directory { return .nameWithTrailingSlash }
        guard let target = linkTarget else { return nil }
        if target.isEmpty { return .emptyLinkTarget }
        return target.bytes.contains(0) ? .linkTargetWithNUL : nil
    }

    private var ownerFault: TarWritingFailure.Reason? {
        if userName.utf8.contains(0) { return .ownerNameWithNUL(userName) }
        return groupName.utf8.contains(0) ? .ownerNameWithNUL(groupName) : nil
    }

    private var numberFault: TarWritingFailure.Reason? {
        Self.fault("mode", Int64(mode), Self.highestMode)
            ?? Self.fault("size", contentSize, TarFormat.highestSize)
            ?? Self.fault("major device number", Int64(kind.device?.major ?? 0), TarField.deviceMajor.highestNumber)
            ?? Self.fault("minor device number", Int64(kind.device?.minor ?? 0), TarField.deviceMinor.highestNumber)
    }

    private static func fault(_ field: String, _ value: Int64, _ highest: Int64) -> TarWritingFailure.Reason? {
        (0...highest).contains(value) ? nil : .outOfRange(field: field, value: value, highest: highest)
    }

    private var attributeFault: TarWritingFailure.Reason? {
        guard !extendedAttributes.isEmpty else { return nil }
        var names: Set<ByteString> = []
        for name in extendedAttributes.lazy.map(\.name) {
            if name.isEmpty || name.bytes.contains(0) || name.bytes.contains(UInt8(ascii: "=")) {
                return .attributeName(name)
            }
            if !names.insert(name).inserted { return .repeatedAttribute(name) }
        }
        return nil
    }
}
