// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import DrydockFiles
import DrydockJSON
import NIOCore

extension DaemonClient {
    /// Loads a docker-archive while it is produced.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - progress: Told of the number of bytes of each piece that is sent.
    /// - Returns: The names of the loaded images, or else their identifiers.
    /// - Throws: ``DaemonFailure``, and what producing the archive throws.
    public func load(
        _ archive: DaemonArchive,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> [String] {
        let action = "load the image"
        return try await BlockingPool.withPool(width: 1) { pool in
            let upload = DaemonUpload(archive: archive, pool: pool, progress: progress)
            let body = HTTPClientRequest.Body.stream(upload, length: .known(archive.size))
            let response = try await send("/images/load?quiet=1", action: action, body: body)
            let answer = try await response.body.collect(upTo: 4 << 20)
            return try Self.loaded(Array(answer.readableBytesView), action)
        }
    }

    /// Reads one JSON object a line: names after `Loaded image: ` or `Loaded image ID: `, or an error.
    private static func loaded(_ answer: [UInt8], _ action: String) throws -> [String] {
        var names: [String] = []
        for line in answer.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let message = try? JSONMembers(parsing: Array(line)) else {
                throw DaemonFailure(.answer(action: action))
            }
            if case .string(let words)? = message.remaining["error"] {
                throw DaemonFailure(.refused(action: action, status: 200, message: words))
            }
            guard case .string(let text)? = message.remaining["stream"], text.hasPrefix("Loaded image") else {
                continue
            }
            let name = text.drop { $0 != ":" }.dropFirst()
            names.append(String(name.drop(while: \.isWhitespace).prefix { !$0.isWhitespace }))
        }
        return names
    }

    /// Writes a docker-archive of an image.
    ///
    /// - Parameters:
    ///   - name: A name or identifier of the image.
    ///   - write: Takes the archive's pieces in their order, on a thread that may wait.
    /// - Throws: ``DaemonFailure``, and what `write` throws.
    public func save(_ name: String, _ write: @Sendable ([UInt8]) throws -> Void) async throws {
        // Some daemons answer with an empty archive where there is no such image.
        _ = try await image(name)
        try await BlockingPool.withPool(width: 1) { _ in
            let path = "/images/\(DaemonRequest.encoded(name))/get"
            let response = try await send(path, action: "save the image '\(name)'")
            for try await piece in response.body {
                try write(Array(piece.readableBytesView))
            }
        }
    }

    /// Writes a docker-archive of an image to a file without a name in a directory.
    ///
    /// - Returns: The open file.
    /// - Throws: ``DaemonFailure`` and `SystemError`.
    public func save(_ name: String, toFileIn directory: String) async throws -> DaemonArchiveFile {
        let file = DaemonArchiveFile(try OwnedDescriptor(unnamedIn: directory))
        let output = OutputDescriptor(number: file.number, path: "a temporary file in '\(directory)'")
        try await save(name) { try output.append($0) }
        return file
    }
}

/// A docker-archive in a file that has no name; it is gone with the last copy of this value.
public final class DaemonArchiveFile: Sendable {
    private let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

    /// The number of the open file.
    var number: Int32 { descriptor.number }

    /// A path by which this process can open it.
    public var path: String { "/proc/self/fd/\(descriptor.number)" }
}
