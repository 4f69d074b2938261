// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
public import DrydockNix
import Glibc

/// A Nix store on this machine: where its objects are, and who knows what they refer to.
public struct NixStore: Hashable, Sendable {
    /// What the store's paths are called, and where they are.
    public let location: StoreLocation
    /// The directory of the database's directory `db`, where it really lies.
    public let stateDirectory: String
    /// How many seconds to wait for a process that has locked the database.
    public var busyTimeout: Double = 10

    /// A store whose objects and whose state lie in these directories.
    public init(location: StoreLocation, stateDirectory: String) {
        self.location = location
        self.stateDirectory = stateDirectory
    }

    /// The store of this machine, or one below another root directory.
    ///
    /// - Parameters:
    ///   - storeDirectory: The directory of the store as its paths name it.
    ///   - root: What the paths are below; empty for this machine's root, `/mnt` for a store in `/mnt/nix/store`.
    public init(storeDirectory: String = StorePath.defaultStoreDirectory, root: String = "") {
        let root = Self.withoutFinalSlashes(root)
        let location = StoreLocation(storeDirectory: storeDirectory, root: root)
        self.init(location: location, stateDirectory: root + "/nix/var/nix")
    }

    static func withoutFinalSlashes(_ path: String) -> String {
        var path = Substring(path)
        while path.utf8.last == UInt8(ascii: "/") { path.unicodeScalars.removeLast() }
        return String(path)
    }

    /// Store objects with everything that they refer to.
    ///
    /// The first of these sources that there is decides: the graph, the database, the contents of the objects, which are
    /// then all read.
    ///
    /// - Parameters:
    ///   - roots: The objects that are wanted.
    ///   - graph: What is known of them from elsewhere; then neither the store nor its database is looked at.
    /// - Returns: The roots and all that they refer to.
    /// - Throws: ``NixStoreFailure`` if a path is not in the graph or not on disk, `StoreDatabaseFailure` if the database
    ///   cannot be read or does not know a path, and what ``StoreScan`` throws.
    public func closure(of roots: [StorePath], graph: StoreClosure? = nil) throws -> StoreClosure {
        if let graph { return try Self.part(of: graph, from: roots) }
        guard let database = try database() else {
            for root in roots where try !isPresent(root) {
                throw NixStoreFailure.missing(root.description, place: location.physicalPath(of: root))
            }
            return try StoreScan(location).closure(of: roots)
        }
        let closure = try database.closure(of: roots)
        for object in closure.objects where try !isPresent(object.path) {
            throw NixStoreFailure.absent(object.path, place: location.physicalPath(of: object.path))
        }
        return closure
    }

    /// The store's database; nil if it has none.
    ///
    /// - Throws: `StoreDatabaseFailure` if it cannot be read.
    public func database() throws -> StoreDatabase? {
        do {
            return try StoreDatabase(
                stateDirectory: stateDirectory,
                storeDirectory: location.storeDirectory,
                busyTimeout: busyTimeout
            )
        } catch let error as StoreDatabaseFailure where error.reason == .missing {
            return nil
        }
    }

    /// Those of the store's paths that have one of these hash parts.
    ///
    /// The database is asked for each, as Nix itself asks it. What it does not know is looked for in the store's directory,
    /// where a path can lie that is not valid: whoever mentions it is to hear of that, and not to do without it.
    ///
    /// - Throws: `SystemError` if the directory cannot be listed. What is wrong with a database shows when a closure is
    ///   wanted of it.
    public func paths(withHashParts parts: Set<HashPart>) throws -> [StorePath] {
        let registered = (try? database()?.paths(withHashParts: parts)) ?? []
        let others = parts.subtracting(registered.map(HashPart.init(of:)))
        guard !others.isEmpty else { return registered }
        return try registered + StoreScan.paths(in: location, among: others)
    }

    private static func part(of graph: StoreClosure, from roots: [StorePath]) throws -> StoreClosure {
        if let part = graph.restricted(to: roots) { return part }
        let known = Set(graph.objects.map(\.path))
        guard let unknown = roots.first(where: { !known.contains($0) }) else { return graph }
        throw NixStoreFailure.notInGraph(unknown)
    }

    private func isPresent(_ path: StorePath) throws -> Bool {
        do { _ = try FileStatus(of: location.physicalPath(of: path), followingLinks: false) } catch {
            guard error.errorNumber == ENOENT else { throw error }
            return false
        }
        return true
    }
}
