// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockDigests
import DrydockFiles
public import DrydockNix

/// What the contents of store objects say of them, for stores of which nothing else is known.
///
/// A store object refers to those paths of the store whose hash part occurs in its NAR, which is how Nix finds the
/// references of what it has built. Every file is read once, for its part of the NAR hash and for the references.
public struct StoreScan: Sendable {
    private let store: StoreLocation
    private let scanner: ReferenceScanner

    /// Lists the store's directory.
    ///
    /// - Throws: ``SystemError``.
    public init(_ store: StoreLocation) throws {
        self.store = store
        scanner = ReferenceScanner(Self.paths(try HostDirectory(store.physicalDirectory).names(), in: store))
    }

    /// What its content says of a store object.
    ///
    /// - Throws: As ``StoreObjectNAR/read(_:)`` does.
    public func object(at path: StorePath) throws -> StoreObject {
        var scanner = scanner.fresh
        var hash = StreamingHash()
        try unsafe StoreObjectNAR(of: store.physicalPath(of: path)).read { piece in
            unsafe hash.update(piece)
            unsafe scanner.update(piece.bindMemory(to: UInt8.self).span)
        }
        return StoreObject(
            path: path,
            narHash: hash.finish(),
            narSize: hash.byteCount,
            references: scanner.found
        )
    }

    /// The store objects at these paths and all that they refer to.
    ///
    /// - Throws: As ``StoreObjectNAR/read(_:)`` does.
    public func closure(of roots: some Sequence<StorePath>) throws -> StoreClosure {
        var pending = Array(roots)
        var seen = Set(pending)
        var objects: [StorePath: StoreObject] = [:]
        while let path = pending.popLast() {
            guard objects[path] == nil else { continue }
            let object = try object(at: path)
            objects[path] = object
            pending += object.references.filter { seen.insert($0).inserted }
        }
        return try StoreClosure(objects.values)
    }

    /// The store paths in a store's directory.
    ///
    /// - Throws: ``SystemError``.
    public static func paths(in store: StoreLocation) throws -> [StorePath] {
        paths(try HostDirectory(store.physicalDirectory).names(), in: store)
    }

    /// The store paths in a store's directory that have one of these hash parts; the other names are not even copied.
    ///
    /// - Throws: ``SystemError``.
    static func paths(in store: StoreLocation, among parts: Set<HashPart>) throws -> [StorePath] {
        let names = try HostDirectory(store.physicalDirectory).names { name in
            name.count > StorePath.hashPartLength && parts.contains(HashPart(name, at: 0))
        }
        return paths(names, in: store)
    }

    /// The store paths among the names in a store's directory.
    ///
    /// Nix puts files beside a path while it works on it: `HASH-NAME.lock`, `HASH-NAME.drv.chroot`. The shortest of the
    /// names with one hash part is the path itself.
    private static func paths(_ names: [ByteString], in store: StoreLocation) -> [StorePath] {
        let all = names.compactMap { name -> StorePath? in
            guard let text = name.utf8Text else { return nil }
            return try? StorePath(baseName: text, storeDirectory: store.storeDirectory)
        }
        let byHashPart = Dictionary(grouping: all, by: HashPart.init(of:))
        return byHashPart.values.compactMap { $0.min { $0.baseName.utf8.count < $1.baseName.utf8.count } }
    }
}
