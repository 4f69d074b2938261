// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// Carries the bytes of a request's body from the task that reads them to the connection, one piece ahead of it.
///
/// One task sends and one receives. Whoever ends first ends the other one, too.
final class BodyChannel: Sendable {
    /// The connection wants no more.
    struct Closed: Error {}

    private struct Waiting: Sendable {
        let piece: ByteBuffer
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State: Sendable {
        var piece: ByteBuffer?
        var result: Result<Void, any Error>?
        var sender: Waiting?
        var receiver: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let state = Mutex(State())

    /// Hands over a piece; returns when there is room for it.
    ///
    /// - Throws: ``Closed``.
    func send(_ piece: ByteBuffer) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            state.withLock { state in
                if state.result != nil { return continuation.resume(throwing: Closed()) }
                if let receiver = state.receiver {
                    state.receiver = nil
                    receiver.resume(returning: piece)
                } else if state.piece == nil {
                    state.piece = piece
                } else {
                    state.sender = Waiting(piece: piece, continuation: continuation)
                    return
                }
                continuation.resume()
            }
        }
    }

    /// The next piece; nil at the end.
    func receive() async throws -> ByteBuffer? {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { state in
                if let piece = state.piece {
                    state.piece = state.sender?.piece
                    state.sender?.continuation.resume()
                    state.sender = nil
                    continuation.resume(returning: piece)
                } else if let result = state.result {
                    continuation.resume(with: result.map { nil })
                } else {
                    state.receiver = continuation
                }
            }
        }
    }

    /// Why no more will come; nil if all was read or the connection wanted no more.
    var failure: (any Error)? {
        guard case .failure(let error)? = state.withLock(\.result), !(error is Closed) else { return nil }
        return error
    }

    /// Says that no more will come, or why not; only the first time counts.
    func finish(_ result: Result<Void, any Error> = .success(())) {
        state.withLock { state in
            guard state.result == nil else { return }
            state.result = result
            state.sender?.continuation.resume(throwing: Closed())
            state.sender = nil
            state.receiver?.resume(with: result.map { nil })
            state.receiver = nil
        }
    }
}

extension BodyChannel: AsyncSequence {
    typealias Element = ByteBuffer

    struct AsyncIterator: AsyncIteratorProtocol {
        let channel: BodyChannel

        mutating func next() async throws -> ByteBuffer? { try await channel.receive() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(channel: self) }
}
