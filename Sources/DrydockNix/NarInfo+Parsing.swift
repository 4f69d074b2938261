// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
public import DrydockDigests

extension NarInfo {
    /// The size that a narinfo file may have, in bytes: room for about ten thousand references.
    public static let maximumSize = 1 << 20

    /// Why bytes are not a narinfo file.
    public struct ParsingFailure: Error, Equatable, CustomStringConvertible {
        /// What is wrong.
        public enum Reason: Equatable, Sendable {
            /// It is larger than ``NarInfo/maximumSize``.
            case tooLarge(size: Int)
            /// It has bytes that are not UTF-8.
            case notText
            /// The last line has no end.
            case truncated
            /// A line is not a key, `: ` and a value.
            case malformedLine
            /// A key that describes one thing occurs twice.
            case repeatedKey(String)
            /// A key that every narinfo file has is not there, or has no value.
            case missingKey(String)
            /// A number is not one, or too large.
            case malformedNumber(key: String, value: String)
            /// A hash is not one.
            case malformedHash(key: String, Digest.NixFormFailure)
            /// A store path is not one.
            case malformedPath(key: String, StorePath.ParsingFailure)
        }

        /// What is wrong.
        public let reason: Reason
        /// The number of the line, from 1; nil if it is not about one line.
        public let line: Int?

        /// A failure in a line.
        package init(_ reason: Reason, line: Int? = nil) {
            self.reason = reason
            self.line = line
        }

        /// For example: `Cannot read the narinfo at line 5: the FileSize 'x' is not a number`.
        public var description: String {
            "Cannot read the narinfo\(line.map { " at line \($0)" } ?? ""): \(reason.text)"
        }
    }

    /// Parses a narinfo file; keys that it does not know do not matter.
    ///
    /// - Throws: ``ParsingFailure``.
    public init(
        _ bytes: [UInt8],
        storeDirectory: String = StorePath.defaultStoreDirectory
    ) throws(ParsingFailure) {
        let fields = try Fields(bytes)
        func path(_ key: String, _ baseName: String) throws(ParsingFailure) -> StorePath {
            do { return try StorePath(baseName: baseName, storeDirectory: storeDirectory) } catch {
                throw ParsingFailure(.malformedPath(key: key, error), line: fields.line(of: key))
            }
        }
        let object = StoreObject(
            path: try fields.storePath(in: storeDirectory),
            narHash: try fields.requiredHash("NarHash"),
            narSize: try fields.requiredNumber("NarSize"),
            references: try fields.words("References").map { name throws(ParsingFailure) in
                try path("References", name)
            }.sorted(),
            deriver: try fields.deriver.map { name throws(ParsingFailure) in try path("Deriver", name).description },
            signatures: fields.signatures,
            contentAddress: fields["CA"]
        )
        self.init(
            object: object,
            url: try fields.required("URL"),
            compression: fields["Compression"] ?? Self.defaultCompression,
            fileHash: try fields.hash("FileHash"),
            fileSize: try fields.number("FileSize")
        )
    }
}

extension NarInfo.ParsingFailure.Reason {
    fileprivate var text: String {
        switch self {
        case .tooLarge(let size): "it has \(size) bytes, the limit is \(NarInfo.maximumSize)"
        case .notText: "it has bytes that are not UTF-8"
        case .truncated: "its last line has no end"
        case .malformedLine: "expected a key, ': ' and a value"
        case .repeatedKey(let key): "\(key) is there twice"
        case .missingKey(let key): "\(key) is missing"
        case .malformedNumber(let key, let value): "the \(key) '\(value)' is not a number of bytes"
        case .malformedHash(let key, let failure): "\(key): \(failure)"
        case .malformedPath(let key, let failure): "\(key): \(failure)"
        }
    }
}

/// The lines of a narinfo file by key.
private struct Fields {
    private struct Field {
        let value: String
        let line: Int
    }

    private static let known: Set = [
        "StorePath", "URL", "Compression", "FileHash", "FileSize", "NarHash", "NarSize", "References", "Deriver", "CA",
    ]

    private var fields: [String: Field] = [:]
    private(set) var signatures: [String] = []

    init(_ bytes: [UInt8]) throws(NarInfo.ParsingFailure) {
        guard bytes.count <= NarInfo.maximumSize else { throw .init(.tooLarge(size: bytes.count)) }
        guard ByteString(bytes).utf8Text != nil else { throw .init(.notText) }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.popLast()?.isEmpty ?? true else { throw .init(.truncated, line: lines.count + 1) }
        for (index, line) in lines.enumerated() { try add(line, number: index + 1) }
    }

    private mutating func add(_ line: ArraySlice<UInt8>, number: Int) throws(NarInfo.ParsingFailure) {
        let key = line.prefix { $0 != UInt8(ascii: ":") }
        let rest = line[key.endIndex...].dropFirst()
        // A tool that strips the ends of lines leaves no space behind an empty value.
        guard !key.isEmpty, key.endIndex < line.endIndex, rest.isEmpty || rest.first == UInt8(ascii: " "),
            line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .init(.malformedLine, line: number) }
        let name = String(decoding: key, as: UTF8.self)
        let value = String(decoding: rest.dropFirst(), as: UTF8.self)
        if name == "Sig" {
            signatures.append(value)
        } else if Self.known.contains(name) {
            guard fields.updateValue(Field(value: value, line: number), forKey: name) == nil else {
                throw .init(.repeatedKey(name), line: number)
            }
        }
    }

    /// The value of a key; nil also if it is empty.
    subscript(_ key: String) -> String? { fields[key].flatMap { $0.value.isEmpty ? nil : $0.value } }

    func line(of key: String) -> Int? { fields[key]?.line }

    /// The base name of the derivation, where it is known.
    var deriver: String? { self["Deriver"].flatMap { $0 == "unknown-deriver" ? nil : $0 } }

    func required(_ key: String) throws(NarInfo.ParsingFailure) -> String {
        guard let value = self[key] else { throw .init(.missingKey(key)) }
        return value
    }

    func words(_ key: String) -> [String] { (self[key] ?? "").split(separator: " ").map(String.init) }

    func storePath(in storeDirectory: String) throws(NarInfo.ParsingFailure) -> StorePath {
        do { return try StorePath(try required("StorePath"), storeDirectory: storeDirectory) } catch {
            guard let failure = error as? StorePath.ParsingFailure else { throw .init(.missingKey("StorePath")) }
            throw .init(.malformedPath(key: "StorePath", failure), line: line(of: "StorePath"))
        }
    }

    func number(_ key: String) throws(NarInfo.ParsingFailure) -> Int64? {
        guard let text = self[key] else { return nil }
        let isDecimal = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDecimal, let number = Int64(text) else {
            throw .init(.malformedNumber(key: key, value: text), line: line(of: key))
        }
        return number
    }

    func requiredNumber(_ key: String) throws(NarInfo.ParsingFailure) -> Int64 {
        guard let number = try number(key) else { throw .init(.missingKey(key)) }
        return number
    }

    func hash(_ key: String) throws(NarInfo.ParsingFailure) -> Digest? {
        guard let text = self[key] else { return nil }
        do { return try Digest(nix: text) } catch { throw .init(.malformedHash(key: key, error), line: line(of: key)) }
    }

    func requiredHash(_ key: String) throws(NarInfo.ParsingFailure) -> Digest {
        guard let hash = try hash(key) else { throw .init(.missingKey(key)) }
        return hash
    }
}
