// SPDX-License-Identifier: Apache-2.0

import DrydockDaemon
import DrydockStorage

extension Delivery {
    /// Loads the images into a daemon: digests first, then an archive without the layers that the daemon has.
    func deliver(_ writer: ArchiveWriter<Payload>, to endpoint: DaemonEndpoint) async throws -> [BuiltImage] {
        try await DaemonClient.with(endpoint) { client in
            let (packed, images) = try await writer.measured()
            let present = try await layersPresent(images, client)
            do {
                try await load(writer, packed, images, omitting: present, client)
            } catch let failure as DaemonFailure where failure.isMissingLayer && !present.isEmpty {
                // The image that these layers belonged to was removed meanwhile.
                try await load(writer, packed, images, omitting: [], client)
            }
            return images.map(\.image)
        }
    }

    /// The numbers of the layers whose bytes need not be sent.
    ///
    /// Of several images all are sent: a layer may be where the daemon has it in one of them and not in another.
    private func layersPresent(_ images: [PayloadImage], _ client: DaemonClient) async throws -> Set<Int> {
        guard images.count == 1, let only = images.first else { return [] }
        let count = try await client.layersPresent(of: only.image.layers.map(\.diffID))
        return Set(only.layerNumbers.prefix(count)).subtracting(only.layerNumbers.dropFirst(count))
    }

    private func load(
        _ writer: ArchiveWriter<Payload>,
        _ packed: [PackedLayer],
        _ images: [PayloadImage],
        omitting present: Set<Int>,
        _ client: DaemonClient
    ) async throws {
        let members = try writer.form.members(for: images, nil, modificationTime: modificationTime).filter { member in
            guard case .layer(let number, _) = member.content else { return true }
            return !present.contains(number)
        }
        let layout = try ArchiveLayout(members)
        let archive = DaemonArchive(size: layout.size) { [payload] in
            let stream = ArchiveStream(layout: layout, payload: payload, layers: packed)
            return { count in
                try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
                    length = try unsafe stream.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
            }
        }
        _ = try await client.load(archive) { [progress] count in progress.add(count) }
    }
}
