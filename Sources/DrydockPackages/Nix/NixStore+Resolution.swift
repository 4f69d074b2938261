// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
public import DrydockNix
import Glibc

extension NixStore {
    /// The store object that a path leads to: a store path, a path below one, or a link such as `result`.
    ///
    /// Links are followed up to the store and not in it, so that a link which is itself a store object is found. The
    /// store's directory may be written as its paths name it or as it really is.
    ///
    /// - Parameter text: An absolute path, or one relative to the working directory.
    /// - Returns: The path of the object, which exists.
    /// - Throws: ``NixStoreFailure`` if it leads nowhere or elsewhere, `SystemError` if it cannot be followed. Whether the
    ///   object is valid is not asked.
    public func storePath(resolving text: String) throws -> StorePath {
        var walk = LinkWalk(text.utf8.first == UInt8(ascii: "/") ? text : Self.workingDirectory() + "/" + text)
        while true {
            if let name = storeName(in: walk.path) { return try existing(name, of: text) }
            guard walk.advance() else { break }
            guard try !walk.place.isEmpty && isLink(walk.place, of: text) else { continue }
            let target = String(decoding: try LinkWalk.target(of: walk.place).bytes, as: UTF8.self)
            guard walk.follow(target) else { throw NixStoreFailure.tooManyLinks(text) }
        }
        let place = walk.place.isEmpty ? "/" : walk.place
        throw NixStoreFailure.outside(text, place: place, storeDirectory: location.storeDirectory)
    }

    /// The name of the store's entry that a path is, or is below.
    private func storeName(in path: String?) -> String? {
        guard let path else { return nil }
        for directory in [location.storeDirectory, location.physicalDirectory]
        where path.utf8.starts(with: (directory + "/").utf8) {
            let rest = path.utf8.dropFirst(directory.utf8.count + 1)
            return String(rest.prefix { $0 != UInt8(ascii: "/") })
        }
        return nil
    }

    private func existing(_ name: String, of text: String) throws -> StorePath {
        let path: StorePath
        do { path = try StorePath(baseName: name, storeDirectory: location.storeDirectory) } catch {
            throw NixStoreFailure.malformed(text, error)
        }
        _ = try isLink(location.physicalPath(of: path), of: text)
        return path
    }

    private func isLink(_ place: String, of text: String) throws -> Bool {
        do { return try FileStatus(of: place, followingLinks: false).kind == .symlink } catch {
            let isAbsence = error.errorNumber == ENOENT || error.errorNumber == ENOTDIR
            throw isAbsence ? NixStoreFailure.missing(text, place: place) as any Error : error
        }
    }

    private static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "" }
        // Because getcwd(3) allocated it.
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }
}
