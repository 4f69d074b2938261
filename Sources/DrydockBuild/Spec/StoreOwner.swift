// SPDX-License-Identifier: Apache-2.0

/// Whom the store paths of an image belong to, where that is not the owner of everything else.
public struct StoreOwner: Hashable, Sendable {
    /// The user's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32
    /// The user's name in the archive.
    public var uname: String
    /// The group's name in the archive.
    public var gname: String

    /// An owner; by default root.
    public init(uid: UInt32 = 0, gid: UInt32 = 0, uname: String = "root", gname: String = "root") {
        self.uid = uid
        self.gid = gid
        self.uname = uname
        self.gname = gname
    }
}

extension StoreOwner {
    static let keys = SpecKeys(["uid", "gid", "uname", "gname"])

    /// Reads the key `storeOwner`.
    static func read(_ field: SpecField) -> StoreOwner? {
        guard let map = field.map(keys) else { return nil }
        var owner = StoreOwner()
        if let number = map["uid"]?.integer(in: 0...Int64(OwnerText.limit)) { owner.uid = UInt32(number) }
        if let number = map["gid"]?.integer(in: 0...Int64(OwnerText.limit)) { owner.gid = UInt32(number) }
        if let text = map["uname"]?.string(.accountName) { owner.uname = text }
        if let text = map["gname"]?.string(.accountName) { owner.gname = text }
        return owner
    }
}
