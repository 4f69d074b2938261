// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What the name of a member means in a layer.
///
/// [Image specification, Whiteouts](https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts), and
/// the names that AUFS has left in archives of Docker before 1.10.
enum LayerName: Hashable, Sendable {
    /// A file, at these components; none for the root.
    case entry([ByteString])
    /// The deletion of `name` in the directory.
    case whiteout(directory: [ByteString], name: ByteString)
    /// The deletion of all that lower layers have in the directory.
    case opaque(directory: [ByteString])
    /// A file that has several names, kept where AUFS keeps it.
    case sharedFile(ByteString)
    /// Something that only AUFS needs.
    case ignored

    static let prefix = Array(".wh.".utf8)
    private static let aufsPrefix = Array(".wh..wh.".utf8)
    private static let opaqueName: ByteString = ".wh..wh..opq"
    private static let sharedDirectory: ByteString = ".wh..wh.plnk"

    /// Takes the name apart.
    ///
    /// - Parameters:
    ///   - name: The name as the archive has it.
    ///   - archive: What the archive is called in messages.
    /// - Throws: ``TreeError`` for a name that leads out of the root, or below something that is no directory.
    init(_ name: ByteString, of archive: String) throws(TreeError) {
        let components = try Self.components(of: name, of: archive)
        guard let last = components.last else {
            self = .entry([])
            return
        }
        if let first = components.first, first.bytes.starts(with: Self.aufsPrefix), first != Self.opaqueName {
            let isShared = components.count == 2 && first == Self.sharedDirectory
            self = isShared ? .sharedFile(last) : .ignored
            return
        }
        let directory = Array(components.dropLast())
        if directory.contains(where: { $0.bytes.starts(with: Self.prefix) }) {
            throw TreeError(.unsafeMember("its member '\(name)' is below the deletion of a file"), archive)
        }
        guard last.bytes.starts(with: Self.prefix) else {
            self = .entry(components)
            return
        }
        self = try Self.deletion(last, in: directory, of: archive)
    }

    /// The components of a name without `.` and empty ones.
    static func components(of name: ByteString, of archive: String) throws(TreeError) -> [ByteString] {
        let components = name.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }.filter { $0 != "." }
        guard !components.contains("..") else {
            throw TreeError(.unsafeMember("its member '\(name)' leads out of the archive"), archive)
        }
        guard components.count <= DirectoryTree.maximumDepth else { throw TreeError(.tooDeep, archive) }
        return components
    }

    /// The file that AUFS keeps for a hard link; nil for a link to a file of the image.
    static func sharedFile(_ target: ByteString) -> ByteString? {
        let components = target.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }.filter { $0 != "." }
        return components.count == 2 && components[0] == sharedDirectory ? components[1] : nil
    }

    private static func deletion(
        _ last: ByteString,
        in directory: [ByteString],
        of archive: String
    ) throws(TreeError) -> LayerName {
        if last == opaqueName { return .opaque(directory: directory) }
        if last.bytes.starts(with: aufsPrefix) { return .ignored }
        let name = ByteString(last.bytes.dropFirst(prefix.count))
        guard !name.isEmpty, name != ".", name != ".." else {
            throw TreeError(.unsafeMember("its member '\(last)' is the deletion of no file"), archive)
        }
        return .whiteout(directory: directory, name: name)
    }
}
