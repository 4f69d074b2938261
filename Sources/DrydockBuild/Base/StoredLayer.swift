// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockOCI
import DrydockPackages
public import DrydockStorage
import Synchronization

/// A layer of a stored image: its blob as it is, and what its tar holds.
///
/// What it holds is known from the local store, or else once the tar was passed through.
public final class StoredLayer: Sendable {
    /// The blob.
    public var blob: StoredBlob { tar.blob }
    /// What it is called in messages.
    var name: String { tar.name }
    private let tar: StoredTar
    private let lists: LocalFragments?
    private let listing = Mutex<Listed>(.unknown)

    private enum Listed {
        case unknown
        case nowhere
        case known(LayerListing)
    }

    /// A layer that nobody has looked into.
    ///
    /// - Parameters:
    ///   - blob: Its bytes.
    ///   - name: What it is called in messages.
    ///   - temporaryDirectory: Where the tar of a compressed layer is kept while it is needed.
    ///   - lists: Where lists of files are kept; nil for nowhere.
    public init(
        _ blob: StoredBlob,
        named name: String,
        temporaryDirectory: String,
        lists: LocalFragments? = nil
    ) {
        tar = StoredTar(blob: blob, name: name, temporaryDirectory: temporaryDirectory)
        self.lists = lists
    }

    /// The size of the tar in bytes; nil for a compressed layer that nobody has looked into.
    var tarSize: Int64? {
        if blob.compression == .none { return blob.descriptor.size }
        return tar.passedSize ?? knownListing?.size
    }

    /// What the tar holds; blocks.
    ///
    /// - Throws: As ``archive()``, where it is not known.
    func members() throws -> [LayerMember] {
        if let listing = knownListing { return listing.members(named: name) { [tar] in try tar.archive().bytes } }
        return try archive().members
    }

    /// The tar, which is read and verified the first time; blocks, also for those who ask meanwhile.
    ///
    /// - Throws: ``ImageStorageFailure`` if it is damaged; ``TreeError`` if it is no tar; `SystemError`.
    func archive() throws -> LayerArchive {
        let archive = try tar.archive()
        keepList(of: archive)
        return archive
    }

    /// The bytes of the tar, for whoever verifies them: they were not looked at if all else is known.
    ///
    /// - Throws: As ``archive()``.
    func unverifiedBytes() throws -> ArchiveBytes {
        if tar.passedSize == nil, knownListing != nil, let extent = tar.plainExtent {
            return try ArchiveBytes(opening: extent.path, offset: extent.offset, size: blob.descriptor.size)
        }
        return try archive().bytes
    }

    // MARK: Lists of files

    private var knownListing: LayerListing? {
        listing.withLock { listed in
            if case .known(let listing) = listed { return listing }
            guard case .unknown = listed else { return nil }
            let found = lists?.bytes(FragmentKey(listOfFilesIn: blob)).flatMap(LayerListing.init)
            listed = found.map(Listed.known) ?? .nowhere
            return found
        }
    }

    /// A list that cannot be kept costs time the next time, and nothing now.
    private func keepList(of archive: LayerArchive) {
        guard let lists, knownListing == nil else { return }
        let found = LayerListing(archive)
        listing.withLock { $0 = .known(found) }
        try? lists.keep(found.bytes, for: FragmentKey(listOfFilesIn: blob))
    }
}

/// The tar of a stored layer, which is passed through once at most.
private final class StoredTar: Sendable {
    let blob: StoredBlob
    let name: String
    private let temporaryDirectory: String
    private let passed = Mutex<LayerArchive?>(nil)

    init(blob: StoredBlob, name: String, temporaryDirectory: String) {
        self.blob = blob
        self.name = name
        self.temporaryDirectory = temporaryDirectory
    }

    /// The size of the tar, if it was passed through.
    var passedSize: Int64? { passed.withLock { $0?.size } }

    /// Where a tar stands that is stored as it is.
    var plainExtent: FileExtent? { blob.compression == .none ? blob.extent : nil }

    func archive() throws -> LayerArchive {
        try passed.withLock { passed in
            if let passed { return passed }
            let reader = try blob.openTar()
            let archive = try unsafe LayerArchive(named: name, in: place) { try unsafe reader.read(into: $0) }
            passed = archive
            return archive
        }
    }

    private var place: LayerArchive.Place {
        if let extent = plainExtent { return .file(path: extent.path, offset: extent.offset) }
        return .temporary(directory: temporaryDirectory)
    }
}
