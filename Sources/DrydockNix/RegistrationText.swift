// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON

/// Reads the registration of store objects, as `nix-store --load-db` takes it.
///
/// Each object has a line for its path, its NAR hash, its NAR size, its deriver (which may be empty) and the number of
/// its references, and then one for each reference.
struct RegistrationText {
    private let bytes: [UInt8]
    private let storeDirectory: String
    private var position = 0
    /// The number of the line that was read last, from one.
    private var line = 0
    /// The number of the line that began the entry.
    private var entryLine = 0

    init(_ bytes: [UInt8], storeDirectory: String) {
        self.bytes = bytes
        self.storeDirectory = storeDirectory
    }

    mutating func objects() throws(ReferencesGraphFailure) -> [StoreObject] {
        var objects: [StoreObject] = []
        while position < bytes.count {
            entryLine = line + 1
            objects.append(try object())
        }
        return objects
    }

    private mutating func object() throws(ReferencesGraphFailure) -> StoreObject {
        let path = try storePath()
        let narHash = try hash()
        let narSize = try number("a NAR size")
        let deriver = try deriver()
        let count = try number("a number of references")
        // Every reference has a line, so a number that is too large cannot ask for memory.
        guard count <= bytes.count - position else { throw .truncated(line: entryLine) }
        var references: [StorePath] = []
        for _ in 0..<count { references.append(try storePath()) }
        return StoreObject(
            path: path,
            narHash: narHash,
            narSize: narSize,
            references: references.sorted(),
            deriver: deriver
        )
    }

    private mutating func storePath() throws(ReferencesGraphFailure) -> StorePath {
        let text = try readLine()
        do { return try StorePath(text, storeDirectory: storeDirectory) } catch {
            throw .malformedLine(line, error.description.clippedForMessage)
        }
    }

    private mutating func hash() throws(ReferencesGraphFailure) -> Digest {
        let text = try readLine()
        // The old form goes on with the deriver here: the path of a derivation, or nothing.
        guard !text.isEmpty, !text.utf8.starts(with: "/".utf8) else { throw .withoutSizes }
        let hasAlgorithm = text.utf8.contains(UInt8(ascii: ":")) || text.utf8.contains(UInt8(ascii: "-"))
        do { return try Digest(nix: hasAlgorithm ? text : "sha256:" + text) } catch {
            throw .malformedLine(line, error.description.clippedForMessage)
        }
    }

    private mutating func number(_ meaning: String) throws(ReferencesGraphFailure) -> Int64 {
        let text = try readLine()
        guard text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains), let number = Int64(text) else {
            throw .malformedLine(line, "expected \(meaning), got '\(text)'".clippedForMessage)
        }
        return number
    }

    private mutating func deriver() throws(ReferencesGraphFailure) -> String? {
        let text = try readLine()
        if text.isEmpty { return nil }
        do { return try StorePath(text, storeDirectory: storeDirectory).description } catch {
            throw .malformedLine(line, error.description.clippedForMessage)
        }
    }

    private mutating func readLine() throws(ReferencesGraphFailure) -> String {
        guard position < bytes.count else { throw .truncated(line: entryLine) }
        line += 1
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        guard let text = String(validating: bytes[position..<end], as: UTF8.self) else {
            throw .malformedLine(line, "it is not UTF-8")
        }
        // The last line may lack its line break.
        position = min(end + 1, bytes.count)
        return text
    }
}
