// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockNix

/// A file or directory of a package in a store, by the path that the store gives it.
struct StorePlace: Hashable {
    /// The package that it was found in.
    let package: StorePath
    /// The absolute path, wherever the store is on this host.
    let path: String

    /// An entry of this directory; nil if its name is not UTF-8.
    func below(_ name: ByteString) -> StorePlace? {
        name.utf8Text.map { StorePlace(package: package, path: "\(path)/\($0)") }
    }

    /// What it is, links not followed.
    func kind(in store: StoreLocation) throws(SystemError) -> FileStatus.Kind {
        try FileStatus(of: store.physicalPath(of: path), followingLinks: false).kind
    }

    /// The directory that it is or leads to; nil if it leads to something else.
    func directory(in store: StoreLocation) throws -> StorePlace? {
        guard let end = try store.end(of: path) else { return nil }
        let place = StorePlace(package: package, path: end)
        return try place.kind(in: store) == .directory ? place : nil
    }

    /// The target of a link, as it is written.
    func linkTarget(in store: StoreLocation) throws(SystemError) -> ByteString {
        try LinkWalk.target(of: store.physicalPath(of: path))
    }
}

extension StoreLocation {
    /// Where a path of the store is on this host.
    func physicalPath(of path: String) -> String { physicalDirectory + path.dropFirst(storeDirectory.count) }

    /// The path of the store that a path leads to once all links are followed; nil if it leads nowhere or elsewhere.
    ///
    /// Links of a chroot store name paths of the store, not of this host; therefore the kernel cannot follow them.
    func end(of path: String) throws(SystemError) -> String? {
        var walk = LinkWalk(path)
        while walk.advance() {
            guard isInStore(walk.place) else {
                // On the way down to the store there are no links that matter; beside that way there is no store.
                if (storeDirectory + "/").hasPrefix(walk.place + "/") { continue }
                return nil
            }
            let place = physicalPath(of: walk.place)
            guard let status = try? FileStatus(of: place, followingLinks: false) else { return nil }
            guard status.kind == .symlink else { continue }
            guard let target = try LinkWalk.target(of: place).utf8Text, walk.follow(target) else { return nil }
        }
        return isInStore(walk.place) ? walk.place : nil
    }

    private func isInStore(_ place: String) -> Bool { place.hasPrefix(storeDirectory + "/") }
}
