// SPDX-License-Identifier: Apache-2.0

import DrydockFiles

/// What a look at every byte of an archive or layout found.
///
/// It stands beside the readers, whose parts it uses: a reader stops at the first fault, this collects all of them.
public struct ImageValidation: Sendable {
    /// The number of images.
    public let imageCount: Int
    /// The number of layers and other blobs that were read, each counted once.
    public let blobCount: Int
    /// The bytes of these blobs as they are stored.
    public let byteCount: Int64
    /// What is wrong, in the order of the documents.
    public let faults: [ImageStorageFailure]

    /// Recomputes every digest, size and diffID of all images at a location.
    ///
    /// - Parameters:
    ///   - location: Where the images are; all are looked at, whichever is named.
    ///   - temporaryDirectory: Where an archive that is compressed as a whole is kept meanwhile.
    ///   - width: The number of threads, by default that of the processors.
    /// - Throws: ``ImageStorageFailure`` if the path holds no image in a form that is read; `SystemError`.
    public init(
        of location: ImageLocation,
        temporaryDirectory: String = "/tmp",
        width: Int? = nil
    ) async throws {
        self = try await BlockingPool.withPool(width: width ?? BlockingPool.machineWidth) { pool in
            let walk = try ValidationWalk.all(at: location, temporaryDirectory)
            return try await ImageValidation(walk, width: pool.width)
        }
    }

    private init(_ walk: ValidationWalk.Outcome, width: Int) async throws {
        imageCount = walk.imageCount
        blobCount = walk.checks.count
        byteCount = walk.checks.reduce(0) { $0 + $1.place.size }
        faults = try await walk.faults + Self.faults(of: walk.checks, width: width)
    }

    private static func faults(of checks: [BlobCheck], width: Int) async throws -> [ImageStorageFailure] {
        var found: [[ImageStorageFailure]] = Array(repeating: [], count: checks.count)
        try await withThrowingTaskGroup(of: (Int, [ImageStorageFailure]).self) { group in
            for (number, check) in checks.enumerated() {
                if number >= width, let (done, faults) = try await group.next() { found[done] = faults }
                group.addTask {
                    try Task.checkCancellation()
                    return (number, try check.faults())
                }
            }
            for try await (done, faults) in group { found[done] = faults }
        }
        return Array(found.joined())
    }
}
