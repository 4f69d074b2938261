// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockDigests
public import DrydockJSON
public import DrydockPackages
public import DrydockStorage

/// What differs between two images, as far as a container could notice it.
public struct ImageDifference: Sendable {
    /// A key that two configurations say different things of.
    public struct Setting: Hashable, Sendable {
        /// The key as in the image configuration, such as `config.Cmd`.
        public let key: String
        /// What the first image says; nil if nothing.
        public let first: JSONValue?
        /// What the second image says; nil if nothing.
        public let second: JSONValue?
    }

    /// A file that only one image has, or that the images have in different forms.
    public struct File: Hashable, Sendable {
        /// What of a file can differ.
        public enum Aspect: String, Hashable, Sendable, CaseIterable {
            /// File, directory, link and so on.
            case kind
            /// The bytes of a file.
            case content
            /// Where a symbolic link leads, or the numbers of a device.
            case target
            /// The permission bits.
            case mode
            /// The numbers of user and group.
            case owner
            /// The extended attributes.
            case attributes
        }

        /// The path in the image.
        public let path: ByteString
        /// What the first image has there; nil if nothing.
        public let first: TreeEntry?
        /// What the second image has there; nil if nothing.
        public let second: TreeEntry?
        /// What differs where both have something.
        public let aspects: [Aspect]
    }

    /// The settings, by key.
    public let settings: [Setting]
    /// The layers that only the first image has, the lowest first.
    public let removedLayers: [StoredImage.Layer]
    /// The layers that only the second image has, the lowest first.
    public let addedLayers: [StoredImage.Layer]
    /// How many layers both have.
    public let sharedLayerCount: Int
    /// The files, by path.
    public let files: [File]

    /// Whether there is no difference at all.
    public var isEmpty: Bool {
        settings.isEmpty && removedLayers.isEmpty && addedLayers.isEmpty && files.isEmpty
    }

    /// Compares two images; the root file systems only if their layers differ.
    ///
    /// Times of files are not compared.
    ///
    /// - Throws: As ``ImageTree/entries(of:temporaryDirectory:width:)``.
    public init(_ first: StoredImage, _ second: StoredImage, temporaryDirectory: String) async throws {
        settings = try Self.settings(first, second)
        let diffIDs = [first, second].map { Set($0.layers.map(\.diffID)) }
        removedLayers = first.layers.filter { !diffIDs[1].contains($0.diffID) }
        addedLayers = second.layers.filter { !diffIDs[0].contains($0.diffID) }
        sharedLayerCount = diffIDs[0].intersection(diffIDs[1]).count
        guard first.layers.map(\.diffID) != second.layers.map(\.diffID) else {
            files = []
            return
        }
        let left = try await ImageTree.entries(of: first, temporaryDirectory: temporaryDirectory)
        let right = try await ImageTree.entries(of: second, temporaryDirectory: temporaryDirectory)
        files = try await Self.files(left, right)
    }
}

// MARK: - Settings

extension ImageDifference {
    /// Members that follow from the layers, which are compared on their own.
    private static let leftOut: Set = ["rootfs", "history"]

    private static func settings(_ first: StoredImage, _ second: StoredImage) throws -> [Setting] {
        let sides = try [first, second].map { image in
            var members: [String: JSONValue] = [:]
            for (key, value) in try [String: JSONValue](parsing: image.configurationBytes) where !leftOut.contains(key)
            {
                guard key == "config", case .object(let config) = value else {
                    members[key] = value
                    continue
                }
                for (key, value) in config { members["config.\(key)"] = value }
            }
            return members
        }
        return Set(sides[0].keys).union(sides[1].keys).sorted().compactMap { key in
            sides[0][key] == sides[1][key] ? nil : Setting(key: key, first: sides[0][key], second: sides[1][key])
        }
    }
}

// MARK: - Files

extension ImageDifference {
    private static func files(_ left: [TreeEntry], _ right: [TreeEntry]) async throws -> [File] {
        let rightByPath = Dictionary(right.map { ($0.path, $0) }) { first, _ in first }
        let leftPaths = Set(left.map(\.path))
        var files = right.filter { !leftPaths.contains($0.path) }.map {
            File(path: $0.path, first: nil, second: $0, aspects: [])
        }
        var comparison = ContentComparison()
        for entry in left {
            guard let other = rightByPath[entry.path] else {
                files.append(File(path: entry.path, first: entry, second: nil, aspects: []))
                continue
            }
            let aspects = try comparison.aspects(entry, other)
            if !aspects.isEmpty {
                files.append(File(path: entry.path, first: entry, second: other, aspects: aspects))
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}

/// Compares entries, and the bytes of files of equal size.
private struct ContentComparison {
    private let left = ContentReader()
    private let right = ContentReader()
    private let buffers = (AlignedBuffer(capacity: 256 << 10), AlignedBuffer(capacity: 256 << 10))

    mutating func aspects(_ first: TreeEntry, _ second: TreeEntry) throws -> [ImageDifference.File.Aspect] {
        try Task.checkCancellation()
        var aspects: [ImageDifference.File.Aspect] = []
        switch (first.node, second.node) {
        case (.directory, .directory), (.fifo, .fifo): break
        case (.file(let one), .file(let two)):
            if try !isEqual(one, two) { aspects.append(.content) }
        case (.symlink, .symlink), (.characterDevice, .characterDevice), (.blockDevice, .blockDevice):
            if first.node != second.node { aspects.append(.target) }
        default: aspects.append(.kind)
        }
        if first.attributes.mode != second.attributes.mode { aspects.append(.mode) }
        let owners = (first.attributes.owner, second.attributes.owner)
        if owners.0.uid != owners.1.uid || owners.0.gid != owners.1.gid { aspects.append(.owner) }
        if first.attributes.extendedAttributes != second.attributes.extendedAttributes { aspects.append(.attributes) }
        return aspects
    }

    private func isEqual(_ one: FileContent, _ two: FileContent) throws -> Bool {
        guard one.size == two.size else { return false }
        try left.open(one)
        try right.open(two)
        while left.remaining > 0 {
            buffers.0.count = try fill(buffers.0, from: left)
            buffers.1.count = try fill(buffers.1, from: right)
            guard unsafe buffers.0.bytes.elementsEqual(buffers.1.bytes) else { return false }
        }
        try left.finish()
        try right.finish()
        return true
    }

    /// Fills the buffer unless the file ends before.
    private func fill(_ buffer: AlignedBuffer, from reader: ContentReader) throws -> Int {
        buffer.count = 0
        while buffer.count < buffer.capacity, reader.remaining > 0 {
            buffer.count += try unsafe reader.read(into: buffer.room)
        }
        return buffer.count
    }
}
