// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockJSON
import DrydockOCI

/// What a daemon knows of one of its images.
public struct DaemonImage: Hashable, Sendable {
    /// The identifier that the daemon gives it: the digest of its configuration, or of its manifest with newer stores.
    public let id: Digest
    /// The names that it has.
    public let names: [String]
    /// The diffIDs of its layers, lowest first.
    public let diffIDs: [Digest]

    /// Reads the answer of `GET /images/NAME/json`.
    init(parsing bytes: [UInt8]) throws(JSONFailure) {
        var members = try JSONMembers(json: try JSONValue(parsing: bytes))
        id = try members.require("Id")
        names = try members.take("RepoTags") ?? []
        var rootFS: JSONMembers = try members.take("RootFS") ?? JSONMembers()
        diffIDs = try rootFS.take("Layers") ?? []
    }
}

extension DaemonClient {
    /// What the daemon knows of an image.
    ///
    /// - Throws: ``DaemonFailure``, of which one reason is that there is no such image.
    public func image(_ name: String) async throws -> DaemonImage {
        let action = "tell about the image '\(name)'"
        do {
            return try DaemonImage(
                parsing: try await document("/images/\(DaemonRequest.encoded(name))/json", action: action)
            )
        } catch is JSONFailure {
            throw DaemonFailure(.answer(action: action))
        } catch let failure as DaemonFailure {
            throw failure.about(image: name)
        }
    }

    /// The chain IDs of the layers that need not be sent, out of those that an image has.
    ///
    /// Docker looks for a layer in its store before it opens the layer's file, so an archive may leave out the files of
    /// layers that it has. Podman, and Docker with the image store of containerd, want all of them: nothing is left out.
    ///
    /// - Parameter diffIDs: The layers of the image that is to be sent.
    /// - Returns: The number of layers from the lowest one on that the daemon has.
    /// - Throws: ``DaemonFailure``.
    public func layersPresent(of diffIDs: [Digest]) async throws -> Int {
        guard engine == .docker, !diffIDs.isEmpty, try await hasOwnLayerStore() else { return 0 }
        var present = 0
        for id in try await imageIDs() {
            // An image that is removed meanwhile has nothing to offer.
            guard let image = try? await image(id) else { continue }
            let common = zip(image.diffIDs, diffIDs).prefix { $0 == $1 }.count
            present = max(present, common)
            if present == diffIDs.count { break }
        }
        return present
    }

    private func imageIDs() async throws -> [String] {
        let action = "list its images"
        let bytes = try await document("/images/json", action: action, limit: Self.listLimit)
        do {
            let limits = JSONLimits(bytes: Self.listLimit, values: 1 << 21)
            let images = try [JSONMembers](json: JSONValue(parsing: bytes, limits: limits))
            return images.compactMap { image in
                guard case .string(let id)? = image.remaining["Id"] else { return nil }
                return id
            }
        } catch { throw DaemonFailure(.answer(action: action)) }
    }

    /// The most that is read of a list of images, in bytes; one of them takes about five hundred.
    private static var listLimit: Int { 64 << 20 }

    /// Whether layers are in Docker's own store, and not in that of containerd.
    private func hasOwnLayerStore() async throws -> Bool {
        let action = "tell about itself"
        let bytes = try await document("/info", action: action)
        do {
            var members = try JSONMembers(json: try JSONValue(parsing: bytes))
            let status: [[String]] = try members.take("DriverStatus") ?? []
            return !status.contains { $0.contains { $0.hasPrefix("io.containerd.snapshotter") } }
        } catch { throw DaemonFailure(.answer(action: action)) }
    }
}

extension DaemonFailure {
    /// The failure of a question about an image.
    func about(image name: String) -> DaemonFailure {
        guard case .refused(_, 404, _) = reason else { return self }
        return DaemonFailure(.missingImage(name))
    }
}
