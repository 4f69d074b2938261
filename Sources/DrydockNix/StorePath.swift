// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The name of a store object: `HASH-NAME` in a store directory.
///
/// A value of this type is always valid. [Nix manual, Store Path](https://nix.dev/manual/nix/2.28/store/store-path).
public struct StorePath: Hashable, Sendable {
    /// The store directory of nearly every Nix installation.
    public static let defaultStoreDirectory = "/nix/store"
    /// The number of nix32 digits of the hash part.
    public static let hashPartLength = 32
    /// The greatest length of the name in bytes.
    public static let maximumNameLength = 211

    /// The directory that holds the object, absolute, without a slash at its end.
    public let storeDirectory: String
    /// The hash part and the name, with `-` between: the name of the file.
    public let baseName: String

    /// The 32 nix32 digits before the name.
    public var hashPart: Substring { Substring(baseName.utf8.prefix(Self.hashPartLength)) }
    /// What follows the hash part and its `-`.
    public var name: Substring { Substring(baseName.utf8.dropFirst(Self.hashPartLength + 1)) }

    /// Why a text is not a store path.
    public enum ParsingFailure: Error, Equatable, CustomStringConvertible {
        /// It is not directly in the store directory.
        case outsideStore(String, storeDirectory: String)
        /// It does not start with 32 nix32 digits and `-`.
        case malformedHash(String)
        /// The name is empty, longer than 211 bytes, or has characters that names do not have.
        case malformedName(String)

        /// One sentence for the person.
        public var description: String {
            switch self {
            case .outsideStore(let text, let directory):
                "'\(text)' is not a store path: it is not directly in \(directory)"
            case .malformedHash(let text):
                "'\(text)' is not a store path: its name does not start with 32 nix32 digits and '-'"
            case .malformedName(let text):
                "'\(text)' is not a store path: a name has 1 to 211 of the characters A-Z a-z 0-9 + - . _ ? ="
            }
        }
    }

    /// Parses an absolute store path.
    ///
    /// - Throws: ``ParsingFailure``.
    public init(_ text: String, storeDirectory: String = defaultStoreDirectory) throws(ParsingFailure) {
        guard let baseName = Self.name(of: text, in: storeDirectory) else {
            throw .outsideStore(text, storeDirectory: storeDirectory)
        }
        try self.init(baseName: baseName, storeDirectory: storeDirectory)
    }

    /// What is left of a path that is directly in a directory.
    ///
    /// A closure has thousands of paths: their bytes are compared in place.
    private static func name(of path: String, in directory: String) -> String? {
        let (bytes, above) = (path.utf8Span.span, directory.utf8Span.span)
        guard bytes.count > above.count, bytes[above.count] == UInt8(ascii: "/") else { return nil }
        for index in above.indices where bytes[index] != above[index] { return nil }
        for index in (above.count + 1)..<bytes.count where bytes[index] == UInt8(ascii: "/") { return nil }
        return String(path.utf8.dropFirst(above.count + 1))
    }

    /// Parses the base name of a store path.
    ///
    /// - Throws: ``ParsingFailure``.
    public init(
        baseName: String,
        storeDirectory: String = defaultStoreDirectory
    ) throws(ParsingFailure) {
        let bytes = baseName.utf8Span.span
        guard bytes.count > Self.hashPartLength, bytes[Self.hashPartLength] == UInt8(ascii: "-"),
            Self.areAll(bytes.extracting(first: Self.hashPartLength), in: Self.isDigit)
        else { throw .malformedHash(baseName) }
        guard Self.isName(bytes.extracting(droppingFirst: Self.hashPartLength + 1)) else {
            throw .malformedName(baseName)
        }
        self.storeDirectory = storeDirectory
        self.baseName = baseName
    }

    private static let isDigit = (0..<256).map { Nix32.isDigit(UInt8($0)) }
    private static let isNameByte = (0..<256).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "+-._?=".utf8.contains(UInt8(byte))
        }
    }

    private static func isName(_ name: borrowing Span<UInt8>) -> Bool {
        guard 1...maximumNameLength ~= name.count, areAll(name, in: isNameByte) else { return false }
        // Since Nix 2.22 a name may start with a dot, but may not be `.` or `..`, nor start with `.-` or `..-`.
        let dots = name.indices.prefix(2).prefix { name[$0] == UInt8(ascii: ".") }.count
        return dots == 0 || (dots < name.count && name[dots] != UInt8(ascii: "-"))
    }

    private static func areAll(_ bytes: borrowing Span<UInt8>, in set: [Bool]) -> Bool {
        for index in bytes.indices where !set[Int(bytes[index])] { return false }
        return true
    }
}

extension StorePath {
    /// Hashes the base name, which nearly always tells two paths apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(baseName) }
}

extension StorePath: CustomStringConvertible, Comparable {
    /// The absolute path.
    public var description: String { storeDirectory + "/" + baseName }

    /// Compares by bytes.
    public static func < (left: StorePath, right: StorePath) -> Bool {
        // The usual case, and closures have many references to sort: no text is put together for it. Names are ASCII, of
        // which the order of texts is that of the bytes, and the library compares these at once.
        if left.storeDirectory == right.storeDirectory { return left.baseName < right.baseName }
        return left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
