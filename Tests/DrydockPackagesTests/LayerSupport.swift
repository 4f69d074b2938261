// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTar

/// Members of layers, written briefly.
enum Layers {
    /// A directory.
    static func directory(_ name: ByteString, mode: UInt16 = 0o755) -> LayerMember {
        LayerMember(entry: TarEntry(name: name, kind: .directory, mode: mode), content: nil)
    }

    /// A file with its content.
    static func file(_ name: ByteString, _ text: String = "", mode: UInt16 = 0o644) -> LayerMember {
        let bytes = Array(text.utf8)
        let entry = TarEntry(name: name, kind: .regular(size: Int64(bytes.count)), mode: mode)
        return LayerMember(entry: entry, content: .bytes(bytes))
    }

    /// The deletion of a file.
    static func whiteout(_ name: ByteString) -> LayerMember { file(name) }

    /// A symbolic link.
    static func link(_ name: ByteString, to target: ByteString) -> LayerMember {
        LayerMember(entry: TarEntry(name: name, kind: .symlink(target: target), mode: 0o777), content: nil)
    }

    /// A hard link.
    static func hardLink(_ name: ByteString, to target: ByteString) -> LayerMember {
        LayerMember(entry: TarEntry(name: name, kind: .hardLink(target: target), mode: 0o644), content: nil)
    }

    /// What layers make up together, a line for each entry, with the text of files.
    static func lines(_ layers: [LayerMember]...) throws -> [String] { try lines(layers) }

    static func lines(_ layers: [[LayerMember]]) throws -> [String] {
        try tree(layers).map { entry in
            switch entry.node {
            case .directory: "\(entry.path)/"
            case .file(.bytes(let bytes)): "\(entry.path) = \(String(decoding: bytes, as: UTF8.self))"
            case .symlink(let target): "\(entry.path) -> \(target)"
            default: "\(entry.path)"
            }
        }
    }

    /// The entries of layers on top of each other.
    static func tree(_ layers: [[LayerMember]]) throws -> [TreeEntry] {
        var tree = LayeredTree()
        for layer in layers { try tree.add(layer, named: "image.tar") }
        return tree.entries()
    }
}
