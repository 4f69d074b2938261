// SPDX-License-Identifier: Apache-2.0

import DrydockDigests

/// Produces an archive with uncompressed layers piece by piece, and verifies each layer on the way.
final class ArchiveStream<Payload: ImagePayload> {
    private enum Part {
        case bytes([UInt8])
        case layer(Int)
    }

    private let payload: Payload
    private let layers: [PackedLayer]
    private var parts: [Part] = []
    private var next = 0
    private var pending: ArraySlice<UInt8> = []
    private var layer: (number: Int, stream: any ByteReader, hash: StreamingHash)?

    init(layout: ArchiveLayout, payload: Payload, layers: [PackedLayer]) {
        self.payload = payload
        self.layers = layers
        for place in layout.places {
            parts.append(.bytes(place.header))
            switch place.member.content {
            case .bytes(let bytes): parts.append(.bytes(bytes))
            case .link: break
            case .layer(let number, _): parts.append(.layer(number))
            }
            parts.append(.bytes([UInt8](repeating: 0, count: place.padding)))
        }
        parts.append(.bytes([UInt8](repeating: 0, count: layout.trailerSize)))
    }

    /// Puts the next bytes at the buffer's start and returns their number; 0 at the end.
    ///
    /// - Throws: ``DeliveryError`` when a layer is not what it was when its digest was taken.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if !pending.isEmpty {
                let count = min(pending.count, buffer.count)
                unsafe buffer.copyBytes(from: pending.prefix(count))
                pending = pending.dropFirst(count)
                return count
            }
            if layer != nil {
                let count = try unsafe readLayer(into: buffer)
                if count > 0 { return count }
            } else if next < parts.count {
                try start(parts[next])
                next += 1
            } else {
                return 0
            }
        }
    }

    private func start(_ part: Part) throws {
        switch part {
        case .bytes(let bytes): pending = bytes[...]
        case .layer(let number):
            layer = (number, try payload.openTar(number), StreamingHash())
        }
    }

    private func readLayer(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard var current = layer else { return 0 }
        let count = try unsafe current.stream.read(into: buffer)
        unsafe current.hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        layer = current
        guard count == 0 else { return count }
        layer = nil
        guard current.hash.finish() == layers[current.number].diffID else {
            throw DeliveryError.layerChanged(current.number)
        }
        return 0
    }
}
