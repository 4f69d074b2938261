// SPDX-License-Identifier: Apache-2.0

import DrydockDigests

/// The canonical form of a key: the bytes that its digest is computed of and that the store keeps.
///
/// Lines that each end with a line feed, of fields with a tab between them; a backslash stands before what is not meant
/// as such. The first line is `store layer`, format version, uid, gid, user name, group name, modification time. Each
/// further line is a store object: path, digits of the NAR hash, registration time, inode; `-` is what is not known.
///
/// Not JSON, whose reader bounds documents to the size of manifests: a layer may hold 100,000 store paths.
enum LayerKeyForm {
    private static let kind = "store layer"
    private static let unknown = "-"
    private static let tab = UInt8(ascii: "\t")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")

    static func head(_ formatVersion: Int64, _ owner: LayerKey.Owner, _ modificationTime: Int64) -> [UInt8] {
        line([
            kind, "\(formatVersion)", "\(owner.uid)", "\(owner.gid)", owner.uname, owner.gname, "\(modificationTime)",
        ])
    }

    static func body(_ objects: [LayerKey.StoreObject]) -> [UInt8] {
        objects.flatMap { object in
            line([
                object.path, object.narHash.encoded, object.registrationTime.map { "\($0)" } ?? unknown,
                object.inode.map { "\($0)" } ?? unknown,
            ])
        }
    }

    private static func line(_ fields: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (position, field) in fields.enumerated() {
            if position > 0 { bytes.append(tab) }
            for byte in field.utf8 {
                if byte == tab || byte == lineFeed || byte == backslash { bytes.append(backslash) }
                bytes.append(byte)
            }
        }
        bytes.append(lineFeed)
        return bytes
    }

    /// Reads what ``head(_:_:_:)`` and ``body(_:)`` write; nil for anything else.
    static func key(_ bytes: [UInt8]) -> LayerKey? {
        guard let lines = lines(bytes), let head = lines.first, head.count == 7, head[0] == kind,
            let formatVersion = Int64(head[1]), let uid = Int64(head[2]), let gid = Int64(head[3]),
            let modificationTime = Int64(head[6])
        else { return nil }
        var objects: [LayerKey.StoreObject] = []
        for line in lines.dropFirst() {
            guard let object = object(line) else { return nil }
            objects.append(object)
        }
        return LayerKey(
            formatVersion: formatVersion,
            storeObjects: objects,
            owner: LayerKey.Owner(uid: uid, gid: gid, uname: head[4], gname: head[5]),
            modificationTime: modificationTime
        )
    }

    private static func object(_ fields: [String]) -> LayerKey.StoreObject? {
        guard fields.count == 4, let narHash = try? Digest("sha256:" + fields[1]) else { return nil }
        return LayerKey.StoreObject(
            path: fields[0],
            narHash: narHash,
            registrationTime: Int64(fields[2]),
            inode: UInt64(fields[3])
        )
    }

    private static func lines(_ bytes: [UInt8]) -> [[String]]? {
        var lines: [[String]] = []
        var fields: [String] = []
        var field: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped || (byte != tab && byte != lineFeed && byte != backslash) {
                field.append(byte)
                isEscaped = false
            } else if byte == backslash {
                isEscaped = true
            } else {
                guard let text = String(validating: field, as: UTF8.self) else { return nil }
                fields.append(text)
                field = []
                guard byte == lineFeed else { continue }
                lines.append(fields)
                fields = []
            }
        }
        return field.isEmpty && fields.isEmpty && !isEscaped ? lines : nil
    }
}
