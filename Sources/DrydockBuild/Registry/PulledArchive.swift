// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests
public import DrydockFiles
import DrydockJSON
import DrydockOCI
public import DrydockStorage
import DrydockTar

/// The docker-archive of a pulled image, in a form that never changes: its hash can be written down.
///
/// 1. each layer once, uncompressed, as `DIFFID.tar`, lowest first;
/// 2. the configuration as the registry has it, as `IMAGEID.json`;
/// 3. `manifest.json` in canonical JSON.
///
/// Every member is a file of user 0 and group 0 with mode 0644 from the first second of 1970; the archive ends as GNU
/// tar ends one. Nothing in it depends on the registry's compression, on a version of this program, or on time.
public struct PulledArchive: Sendable {
    private let image: StoredImage
    private let references: [String]

    /// The archive of an image under some names.
    public init(_ image: StoredImage, references: [String]) {
        self.image = image
        self.references = references
    }

    /// Writes the archive to a file from its start; blocks.
    ///
    /// - Returns: The number of bytes.
    /// - Throws: `SystemError`; `ImageStorageFailure` if a layer is not what the configuration says.
    @discardableResult
    public func write(to output: OutputDescriptor) throws -> Int64 {
        var offset: Int64 = 0
        var seen: Set<Digest> = []
        for (number, layer) in image.layers.enumerated() where seen.insert(layer.diffID).inserted {
            offset = try write(layer: number, named: "\(layer.diffID.encoded).tar", to: output, at: offset)
        }
        offset = try write(image.configurationBytes, named: configurationName, to: output, at: offset)
        offset = try write(CanonicalJSON.encode(manifest), named: "manifest.json", to: output, at: offset)
        let trailer = [UInt8](repeating: 0, count: TarFormat.trailerSize(afterBytes: offset))
        try output.write(trailer, at: offset)
        return offset + Int64(trailer.count)
    }

    private var configurationName: String { "\(image.imageID.encoded).json" }

    private var manifest: JSONValue {
        .array([
            .object([
                "Config": .string(configurationName),
                "Layers": .array(image.layers.map { .string("\($0.diffID.encoded).tar") }),
                "RepoTags": .array(references.map { .string($0) }),
            ])
        ])
    }

    private func write(_ bytes: [UInt8], named name: String, to output: OutputDescriptor, at offset: Int64) throws
        -> Int64
    {
        let header = try Self.header(name, size: Int64(bytes.count))
        let padding = Int(TarFormat.paddedSize(Int64(bytes.count))) - bytes.count
        let member = header + bytes + [UInt8](repeating: 0, count: padding)
        try output.write(member, at: offset)
        return offset + Int64(member.count)
    }

    /// Writes a layer behind the place of its header, which follows when the size is known.
    private func write(layer number: Int, named name: String, to output: OutputDescriptor, at offset: Int64) throws
        -> Int64
    {
        var header = try Self.header(name, size: 0)
        while true {
            let start = offset + Int64(header.count)
            let size = try copy(layer: number, to: output, at: start)
            let expected = header.count
            header = try Self.header(name, size: size)
            // From 8 GiB on a header is longer, and the layer stands behind it.
            guard header.count == expected else { continue }
            try output.write(header, at: offset)
            let padding = [UInt8](repeating: 0, count: Int(TarFormat.paddedSize(size) - size))
            try output.write(padding, at: start + size)
            return start + size + Int64(padding.count)
        }
    }

    private func copy(layer number: Int, to output: OutputDescriptor, at offset: Int64) throws -> Int64 {
        var size: Int64 = 0
        return unsafe try read(layer: number) { bytes in
            try unsafe output.write(bytes, at: offset + size)
            size += Int64(bytes.count)
        }
    }

    /// Hands a layer's tar to `body`, and gives its size.
    private func read(layer number: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        let reader = try image.blob(ofLayer: number).openTar()
        let buffer = AlignedBuffer(capacity: 1 << 20)
        var size: Int64 = 0
        while true {
            buffer.count = try unsafe reader.read(into: buffer.storage)
            if buffer.count == 0 { return size }
            unsafe try body(buffer.bytes)
            size += Int64(buffer.count)
        }
    }

    private static func header(_ name: String, size: Int64) throws -> [UInt8] {
        try ArchiveMember(name: name, content: .layer(0, size: size), modificationTime: 0).header()
    }
}

extension PulledArchive {
    /// Writes the same bytes one after the other, for a pipe; blocks, and reads each layer twice.
    ///
    /// - Throws: As ``write(to:)``.
    public func stream(to output: OutputDescriptor) throws {
        var offset: Int64 = 0
        func append(_ bytes: [UInt8]) throws {
            try output.append(bytes)
            offset += Int64(bytes.count)
        }
        func pad(_ size: Int64) throws {
            try append([UInt8](repeating: 0, count: Int(TarFormat.paddedSize(size) - size)))
        }
        var seen: Set<Digest> = []
        for (number, layer) in image.layers.enumerated() where seen.insert(layer.diffID).inserted {
            // A header comes before its layer, and the layer's digest is that of the same bytes each time.
            let size = unsafe try read(layer: number) { _ in }
            try append(try Self.header("\(layer.diffID.encoded).tar", size: size))
            offset += unsafe try read(layer: number) { try unsafe output.append($0) }
            try pad(size)
        }
        for (name, bytes) in [
            (configurationName, image.configurationBytes), ("manifest.json", CanonicalJSON.encode(manifest)),
        ] {
            try append(try Self.header(name, size: Int64(bytes.count)) + bytes)
            try pad(Int64(bytes.count))
        }
        try append([UInt8](repeating: 0, count: TarFormat.trailerSize(afterBytes: offset)))
    }

    /// The digest of the archive; blocks.
    ///
    /// - Parameter temporaryDirectory: Where the archive is for that time, in a file without a name.
    /// - Returns: The digest.
    /// - Throws: As ``write(to:)``.
    public func digest(temporaryDirectory: String) throws -> Digest {
        let file = try OwnedDescriptor(unnamedIn: temporaryDirectory)
        try write(to: OutputDescriptor(number: file.number, path: temporaryDirectory))
        var hash = StreamingHash()
        let buffer = AlignedBuffer(capacity: 1 << 20)
        while true {
            buffer.count = try unsafe file.read(into: buffer.storage, at: hash.byteCount, path: temporaryDirectory)
            if buffer.count == 0 { return hash.finish() }
            unsafe hash.update(buffer.bytes)
        }
    }
}
