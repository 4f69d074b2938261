// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockTar

/// One file of an archive that holds an image.
struct ArchiveMember: Sendable {
    /// Where the bytes come from.
    enum Content: Sendable {
        /// A document.
        case bytes([UInt8])
        /// A symbolic link to another file.
        case link(to: String)
        /// The blob of the layer with this number.
        case layer(Int, size: Int64)

        var size: Int64 {
            switch self {
            case .bytes(let bytes): Int64(bytes.count)
            case .link: 0
            case .layer(_, let size): size
            }
        }
    }

    let name: String
    let content: Content
    /// Seconds since 1970.
    let modificationTime: Int64

    /// What stands before the content.
    func header() throws -> [UInt8] {
        var entry = TarEntry(name: ByteString(name), kind: .regular(size: content.size), mode: 0o644)
        if case .link(let target) = content {
            entry.kind = .symlink(target: ByteString(target))
            entry.mode = 0o777
        }
        entry.modificationTime = modificationTime
        var header: [UInt8] = []
        try TarFormat.appendHeader(of: entry, to: &header)
        return header
    }
}

/// Where each member of an archive stands.
struct ArchiveLayout: Sendable {
    /// One member with its place.
    struct Place: Sendable {
        let member: ArchiveMember
        /// Where the header begins.
        let offset: Int64
        let header: [UInt8]

        /// Where the content begins.
        var contentOffset: Int64 { offset + Int64(header.count) }
        /// The zeros behind the content.
        var padding: Int { Int(TarFormat.paddedSize(member.content.size) - member.content.size) }
        /// Where the next member begins.
        var end: Int64 { contentOffset + TarFormat.paddedSize(member.content.size) }
    }

    let places: [Place]
    /// The size of the whole archive.
    let size: Int64

    /// How many blobs of layers there are.
    var layerCount: Int {
        places.count { place in
            if case .layer = place.member.content { true } else { false }
        }
    }

    /// The zeros at the end of the archive.
    var trailerSize: Int { Int(size - (places.last?.end ?? 0)) }

    init(_ members: [ArchiveMember]) throws {
        var offset: Int64 = 0
        places = try members.map { member in
            let place = Place(member: member, offset: offset, header: try member.header())
            offset = place.end
            return place
        }
        size = offset + Int64(TarFormat.trailerSize(afterBytes: offset))
    }
}
