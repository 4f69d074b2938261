// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockDigests
import DrydockFiles
import DrydockPackages
public import DrydockStorage

extension ImageBuild {
    /// Writes the layer with what is particular to the image as a plain tar: links to packages, `copyToRoot` and `files`.
    ///
    /// It is the tar that the image's last layer has; an image without such a layer gives the tar of an empty one.
    ///
    /// - Parameter path: The file, which has all its bytes or does not exist; `-` is standard output.
    /// - Returns: The tar's digest and size.
    /// - Throws: As ``plan()``; `SystemError`.
    public func writeOwnLayer(to path: String) async throws -> LayerMeasure {
        let plan = try await plan()
        let own = plan.layers.last { $0.kind == .customisation }
        return try await BlockingPool.withPool(width: 1) { _ in
            let recipe = try own?.content.recipe() ?? LayerRecipe(entries: [])
            if path == "-" { return try recipe.write(to: .standardOutput) }
            let file = try PendingFile(for: path)
            let measure = try recipe.write(to: OutputDescriptor(number: file.number, path: path))
            try file.commit()
            return measure
        }
    }
}

extension LayerRecipe {
    /// Appends the tar to a descriptor.
    func write(to output: OutputDescriptor) throws -> LayerMeasure {
        try unsafe measure { try unsafe output.append($0) }
    }

    /// Makes the tar, and tells its digest and size.
    func measure() throws -> LayerMeasure { try unsafe measure { _ in } }

    private func measure(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> LayerMeasure {
        let stream = LayerStream(self)
        let buffer = AlignedBuffer(capacity: 1 << 18)
        var hash = StreamingHash()
        while true {
            try Task.checkCancellation()
            buffer.count = try unsafe stream.read(into: buffer.storage)
            unsafe hash.update(buffer.bytes)
            try unsafe body(UnsafeRawBufferPointer(buffer.bytes))
            // Only the end of the tar leaves room.
            if buffer.count < buffer.capacity { break }
        }
        return LayerMeasure(diffID: hash.finish(), size: hash.byteCount)
    }
}
