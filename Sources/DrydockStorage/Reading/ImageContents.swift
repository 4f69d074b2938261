// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockFiles
import DrydockJSON
import DrydockOCI
import Glibc

/// The files that make up stored images, by name; implemented by directories and by archives.
protocol ImageContents {
    /// The path in the user's words.
    var path: String { get }

    /// Where a file's bytes are; nil if there is none of that name.
    func place(of name: String) throws -> BlobPlace?

    /// All bytes of a file of bounded size; nil if there is none of that name.
    func bytes(of name: String) throws -> [UInt8]?
}

extension ImageContents {
    /// The size of a file in bytes; nil if there is none of that name.
    func size(of name: String) throws -> Int64? { try place(of: name)?.size }

    /// Parses a document that must be there.
    func document<Document: JSONConvertible>(_ name: String, as type: Document.Type = Document.self) throws -> Document
    {
        guard let bytes = try bytes(of: name) else { throw ImageStorageFailure(.missingMember(name), path: path) }
        return try parse(bytes, named: name)
    }

    /// Parses a document that was read.
    func parse<Document: JSONConvertible>(_ bytes: [UInt8], named name: String) throws -> Document {
        do { return try Document(parsing: bytes) } catch {
            throw ImageStorageFailure(.malformedDocument(name: name, failure: error), path: path)
        }
    }

    /// The bytes of a small blob, whose size and digest are checked.
    func blob(_ descriptor: Descriptor, named name: String) throws -> [UInt8] {
        guard descriptor.size <= JSONLimits.document.bytes else {
            throw failure(.documentTooLarge(name: name, size: descriptor.size, limit: JSONLimits.document.bytes))
        }
        guard let bytes = try bytes(of: Self.blobName(descriptor.digest)) else {
            throw failure(.missingMember("\(name) \(descriptor.digest)"))
        }
        guard Int64(bytes.count) == descriptor.size else {
            throw failure(.sizeMismatch(name: name, expected: descriptor.size, actual: Int64(bytes.count)))
        }
        let digest = Digest(of: bytes)
        guard digest == descriptor.digest else {
            throw failure(.digestMismatch(name: name, expected: descriptor.digest, actual: digest))
        }
        return bytes
    }

    func failure(_ reason: ImageStorageFailure.Reason) -> ImageStorageFailure {
        ImageStorageFailure(reason, path: path)
    }

    /// The name of a blob in a layout.
    static func blobName(_ digest: Digest) -> String { "blobs/\(digest.algorithm)/\(digest.encoded)" }
}

/// The files of a directory.
struct DirectoryContents: ImageContents {
    let path: String

    func place(of name: String) throws -> BlobPlace? {
        do {
            let file = "\(path)/\(name)"
            let status = try FileStatus(of: file)
            guard status.kind == .regular else { return nil }
            return .file(FileExtent(path: file, offset: 0, size: status.size))
        } catch {
            guard error.errorNumber == ENOENT else { throw error }
            return nil
        }
    }

    func bytes(of name: String) throws -> [UInt8]? {
        guard try place(of: name) != nil else { return nil }
        return try ImageLayout.readDocument("\(path)/\(name)", named: name, of: path)
    }
}
