// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTar

/// Produces a layer's tar piece by piece; every file is read once, straight into the piece.
package final class LayerStream {
    private let recipe: LayerRecipe
    private let reader = ContentReader()
    private var next = 0
    /// Bytes that come before anything else: a header, or zeros.
    private var pending: [UInt8] = []
    private var pendingPosition = 0
    /// The bytes of the current member's content that are still to come.
    private var hasOpenContent = false
    private var contentSize: Int64 = 0
    /// Whether zeros follow on the content up to the next block.
    private var isPadded = true
    private var isAtEnd = false

    /// A stream at the start of the tar.
    package init(_ recipe: LayerRecipe) { self.recipe = recipe }

    /// Fills the buffer from its start, and returns the number of bytes: fewer than it holds only at the end of the tar.
    ///
    /// - Throws: ``SystemError`` and ``TreeError`` when a file cannot be read or has changed.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var count = 0
        while count < buffer.count {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            if pendingPosition < pending.count {
                count += unsafe takePending(into: room)
            } else if hasOpenContent {
                count += try unsafe takeContent(into: room)
            } else if !(try advance()) {
                break
            }
        }
        return count
    }

    private func takePending(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(pending.count - pendingPosition, room.count)
        unsafe room.copyBytes(from: pending[pendingPosition..<pendingPosition + count])
        pendingPosition += count
        return count
    }

    private func takeContent(into room: UnsafeMutableRawBufferPointer) throws -> Int {
        if reader.remaining > 0 { return try unsafe reader.read(into: room) }
        try reader.finish()
        hasOpenContent = false
        setPending(zeros: isPadded ? Int(TarFormat.paddedSize(contentSize) - contentSize) : 0)
        return 0
    }

    /// Goes on to the next member, or to the end; false when there is nothing more.
    private func advance() throws -> Bool {
        guard next < recipe.members.count else { return advanceToEnd() }
        let member = recipe.members[next]
        next += 1
        pending.removeAll(keepingCapacity: true)
        pendingPosition = 0
        if let header = member.header { try TarFormat.appendHeader(of: header, to: &pending) }
        isPadded = member.header != nil
        guard let content = member.content else { return true }
        try reader.open(content)
        contentSize = content.size
        hasOpenContent = true
        return true
    }

    private func advanceToEnd() -> Bool {
        guard !isAtEnd else { return false }
        isAtEnd = true
        setPending(zeros: recipe.trailerSize)
        return true
    }

    private func setPending(zeros count: Int) {
        pending.removeAll(keepingCapacity: true)
        pending.append(contentsOf: repeatElement(0, count: count))
        pendingPosition = 0
    }
}

@available(*, unavailable)
extension LayerStream: Sendable {}
