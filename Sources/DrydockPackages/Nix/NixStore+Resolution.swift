// SPDX-License-Identifier: Apache-2.0

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
            guard walk.follow(try target(of: walk.place), limit: Self.linkLimit) else {
                throw NixStoreFailure.tooManyLinks(text)
            }
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

    private func target(of link: String) throws -> String {
        // PATH_MAX is the longest target that Linux allows.
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(link, &target, target.count)
        guard count >= 0 else { throw SystemError("read", link, errorNumber: errno) }
        return String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "" }
        // Because getcwd(3) allocated it.
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }
}

/// A walk along a path, component by component.
private struct LinkWalk {
    /// The place that was reached, without a slash at its end; empty for the root.
    private(set) var place = ""
    /// What is still to be gone, the next component last.
    private var rest: [Substring] = []
    private var linkCount = 0

    init(_ path: String) { add(path) }

    /// The whole path from here; nil while it goes back up, so that what it means depends on links.
    var path: String? {
        guard !rest.contains("..") else { return nil }
        return place + rest.reversed().map { "/" + $0 }.joined()
    }

    /// Goes on by one component; false if there is none.
    mutating func advance() -> Bool {
        guard let component = rest.popLast() else { return false }
        if component == ".." {
            place = parent
        } else {
            place += "/" + component
        }
        return true
    }

    /// Goes on along a link's target; false if there were too many links.
    mutating func follow(_ target: String, limit: Int) -> Bool {
        linkCount += 1
        place = target.utf8.first == UInt8(ascii: "/") ? "" : parent
        add(target)
        return linkCount <= limit
    }

    private var parent: String { place.lastIndex(of: "/").map { String(place[..<$0]) } ?? "" }

    private mutating func add(_ path: String) {
        rest += path.split(separator: "/").filter { $0 != "." }.reversed()
    }
}
