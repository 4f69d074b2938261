// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages

/// The size of a tar as GNU tar writes it of a directory.
///
/// The command is `tar --hard-dereference -cf layer.tar .`, in GNU's own format.
/// Every name is `./` and the path, with a slash behind a directory. A name or a link's target of more than 100 bytes takes a
/// header and the text with a zero behind it; the whole is filled up to records of twenty blocks.
enum GNUTarSize {
    private static let block: Int64 = 512
    private static let record: Int64 = 20 * block
    private static let longestName = 100

    /// The size for these entries and the directory itself.
    static func size(of entries: [TreeEntry]) -> Int64 {
        let members = entries.filter { !$0.path.isEmpty }.reduce(block) { $0 + member($1) }
        // Two blocks of zeros end the archive.
        return rounded(members + 2 * block, to: record)
    }

    private static func member(_ entry: TreeEntry) -> Int64 {
        var size = block + long(2 + entry.path.bytes.count + (entry.isDirectory ? 1 : 0))
        switch entry.node {
        case .file(let content): size += rounded(content.size, to: block)
        case .symlink(let target): size += long(target.bytes.count)
        default: break
        }
        return size
    }

    private static func long(_ length: Int) -> Int64 {
        length > longestName ? block + rounded(Int64(length) + 1, to: block) : 0
    }

    private static func rounded(_ size: Int64, to unit: Int64) -> Int64 { (size + unit - 1) / unit * unit }
}
