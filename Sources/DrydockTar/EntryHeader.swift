// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What comes before an entry's content: the PAX records that it needs, and its header block.
struct EntryHeader {
    private static let paxName = Array("././@PaxHeader".utf8)
    private let entry: TarEntry
    /// The name with a directory's slash.
    private let name: [UInt8]
    private let link: [UInt8]
    private let userName: [UInt8]
    private let groupName: [UInt8]
    /// What the header block cannot hold, in the order of the format; nearly always empty.
    private let records: [PaxRecord]

    /// - Throws: ``TarWritingFailure`` if the format cannot express the entry.
    init(_ entry: TarEntry) throws(TarWritingFailure) {
        try entry.check()
        self.entry = entry
        name = entry.storedName
        link = entry.linkTarget?.bytes ?? []
        userName = Array(entry.userName.utf8)
        groupName = Array(entry.groupName.utf8)
        var records: [PaxRecord] = []
        if !TarField.name.holds(name) { records.append(PaxRecord(PaxKeyword.path, name)) }
        if !TarField.linkName.holds(link) { records.append(PaxRecord(PaxKeyword.linkPath, link)) }
        if !TarField.userName.holds(userName) { records.append(PaxRecord(PaxKeyword.userName, userName)) }
        if !TarField.groupName.holds(groupName) { records.append(PaxRecord(PaxKeyword.groupName, groupName)) }
        if records.contains(where: { !$0.isText }) { records.insert(.binaryCharacterSet, at: 0) }
        self.records = records + Self.numbers(of: entry) + Self.attributes(of: entry)
    }

    /// The number of bytes that ``append(to:)`` appends.
    var size: Int {
        guard !records.isEmpty else { return TarFormat.blockSize }
        return 2 * TarFormat.blockSize + Int(TarFormat.paddedSize(recordBytes))
    }

    private var recordBytes: Int64 { records.reduce(0) { $0 + Int64($1.length) } }

    func append(to output: inout [UInt8]) {
        if !records.isEmpty { appendRecords(to: &output) }
        let block = HeaderBlock(appendedTo: &output)
        block.putText(name, in: .name, of: &output)
        block.putNumber(Int64(entry.mode), in: .mode, of: &output)
        block.putNumber(Int64(entry.uid), in: .uid, of: &output)
        block.putNumber(Int64(entry.gid), in: .gid, of: &output)
        block.putNumber(entry.contentSize, in: .size, of: &output)
        block.putNumber(entry.modificationTime, in: .modificationTime, of: &output)
        block.put(entry.kind.typeFlag, in: .typeFlag, of: &output)
        block.putText(link, in: .linkName, of: &output)
        block.putText(userName, in: .userName, of: &output)
        block.putText(groupName, in: .groupName, of: &output)
        if let device = entry.kind.device {
            block.putNumber(Int64(device.major), in: .deviceMajor, of: &output)
            block.putNumber(Int64(device.minor), in: .deviceMinor, of: &output)
        }
        block.putChecksum(in: &output)
    }

    /// The header of type `x`, its records, and zeros up to the next block.
    private func appendRecords(to output: inout [UInt8]) {
        let content = recordBytes
        let block = HeaderBlock(appendedTo: &output)
        block.put(Self.paxName, in: .name, of: &output)
        for field in [TarField.mode, .uid, .gid, .modificationTime] { block.putNumber(0, in: field, of: &output) }
        block.putNumber(content, in: .size, of: &output)
        block.put(TypeFlag.pax, in: .typeFlag, of: &output)
        block.putChecksum(in: &output)
        for record in records { record.append(to: &output) }
        output.append(contentsOf: repeatElement(0, count: Int(TarFormat.paddedSize(content) - content)))
    }

    private static func numbers(of entry: TarEntry) -> [PaxRecord] {
        var records: [PaxRecord] = []
        if !TarField.uid.holds(Int64(entry.uid)) { records.append(PaxRecord(PaxKeyword.uid, Int64(entry.uid))) }
        if !TarField.gid.holds(Int64(entry.gid)) { records.append(PaxRecord(PaxKeyword.gid, Int64(entry.gid))) }
        if !TarField.size.holds(entry.contentSize) { records.append(PaxRecord(PaxKeyword.size, entry.contentSize)) }
        if !TarField.modificationTime.holds(entry.modificationTime) {
            records.append(PaxRecord(PaxKeyword.modificationTime, entry.modificationTime))
        }
        return records
    }

    private static func attributes(of entry: TarEntry) -> [PaxRecord] {
        guard !entry.extendedAttributes.isEmpty else { return [] }
        return entry.extendedAttributes.sorted { $0.name < $1.name }.map { PaxRecord($0) }
    }
}
