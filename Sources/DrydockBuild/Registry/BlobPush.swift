// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockRegistry
import DrydockStorage

/// Puts blobs of the local store into a repository, each in the cheapest way.
struct BlobPush: Sendable {
    let repository: RegistryRepository
    let store: LocalStore
    let transfer: TransferProgress

    var blobs: LocalBlobs { LocalBlobs(store) }
    private var uploads: LocalUploads { LocalUploads(store) }
    private var place: String { "\(repository.registry)/\(repository.name)" }

    /// A smaller blob is sent again sooner than it is asked for.
    private static let smallestSession: Int64 = 256 << 10

    /// Whether the repository has the blob now: it had it, or it could take it over from another one.
    func isThere(_ blob: Descriptor) async throws -> Bool {
        if try await repository.hasBlob(blob) {
            transfer.skip(blob)
            return true
        }
        // What is remembered only saves time: without it the blob is sent.
        let others = (try? store.places(of: blob.digest, registry: repository.registry)) ?? []
        for other in others where other != repository.name {
            guard try await repository.mountBlob(blob.digest, from: other) else { continue }
            transfer.skip(blob, .mounted)
            return true
        }
        return false
    }

    /// Sends the blob unless the repository has it; from the local store, unless it is elsewhere.
    func push(_ blob: Descriptor, from source: (any BlobSource)? = nil) async throws {
        if try await isThere(blob) { return }
        try await send(blob, from: source ?? blobs)
    }

    /// Sends a blob that the repository does not have.
    func send(_ blob: Descriptor, from source: any BlobSource) async throws {
        let upload = blob.size < Self.smallestSession ? nil : uploads.begin(blob.digest, to: place)
        let counted = CountedSource(source: source, progress: transfer)
        try await repository.sendBlob(blob, from: counted, session: upload.map(KeptSession.init))
        transfer.finish(blob)
    }

    func rememberPlaces(of all: [Descriptor]) {
        try? store.rememberPlace(of: all.map(\.digest), registry: repository.registry, repository: repository.name)
    }
}

/// An upload as the client sees it.
private struct KeptSession: UploadSession {
    let upload: LocalUpload

    var location: String? { upload.location }
    func remember(_ location: String) { upload.remember(location) }
    func forget() { upload.forget() }
}
