// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc

extension CallHandler {
    /// setxattr(2) and its kin, for the attributes of `EmulatedAttribute`; others are the kernel's.
    func attribute(of subject: CallSubject, _ access: AttributeAccess) throws(CallFailure) -> CallAnswer {
        switch access {
        case .set(let name, let value, let flags): return try setAttribute(of: subject, name, value, flags: flags)
        case .get(let name, let buffer): return try readAttribute(of: subject, name, into: buffer)
        case .list(let buffer): return try listAttributes(of: subject, into: buffer)
        case .remove(let name): return try removeAttribute(of: subject, name)
        }
    }

    private func name(at address: UInt64) throws(CallFailure) -> ByteString? {
        let name = ByteString(try caller.text(at: address, limit: maximumNameLength + 1, tooLong: ERANGE))
        return EmulatedAttribute.contains(name) ? name : nil
    }

    private func requirePrivilege(for name: ByteString) throws(CallFailure) {
        let capability: Capabilities = name == EmulatedAttribute.capability ? .labelFiles : .administer
        guard state.credentials.credentials(of: caller.number).has(capability) else { throw CallFailure(EPERM) }
    }

    private func setAttribute(
        of subject: CallSubject,
        _ address: UInt64,
        _ buffer: CallBuffer,
        flags: Int32
    ) throws(CallFailure) -> CallAnswer {
        guard let name = try name(at: address) else { return .proceed }
        guard buffer.size <= maximumValueLength else { throw CallFailure(E2BIG) }
        let value = ByteString(try caller.memory(at: buffer.address, count: Int(buffer.size)))
        guard EmulatedAttribute.accepts(value, as: name) else { throw CallFailure(EINVAL) }
        try requirePrivilege(for: name)
        try update(try open(subject)) { record throws(CallFailure) in
            let isThere = record.attributes[name] != nil
            if isThere && flags & createFlag != 0 { throw CallFailure(EEXIST) }
            if !isThere && flags & replaceFlag != 0 { throw CallFailure(ENODATA) }
            record.attributes[name] = value
            return true
        }
        return .value(0)
    }

    private func removeAttribute(of subject: CallSubject, _ address: UInt64) throws(CallFailure) -> CallAnswer {
        guard state.table.hasAttributes, let name = try name(at: address) else { return .proceed }
        try requirePrivilege(for: name)
        let file = try open(subject)
        let record = state.table.record(of: RecordedFile(try facts(of: file)))
        // Perhaps a layer below has it for real: the kernel knows.
        guard record.attributes[name] != nil else { return .proceed }
        try update(file) { record throws(CallFailure) in record.attributes.removeValue(forKey: name) != nil }
        return .value(0)
    }

    /// Changes the record of a file, once the file itself is touched, so that overlayfs has copied it.
    private func update(
        _ file: consuming OwnedDescriptor,
        _ change: (inout OwnershipRecord) throws(CallFailure) -> Bool
    ) throws(CallFailure) {
        let before = try facts(of: file)
        var record = state.table.record(of: RecordedFile(before))
        guard try change(&record) else { return }
        try confirm()
        // A symbolic link has no permission bits to set, and no capabilities: programs never get here with one.
        if !before.isSymlink {
            _ = try succeeded(drydock_touch_mode(file.number, before.mode & 0o7777))
        }
        let after = try facts(of: file)
        try remember(record, of: file, after)
    }

    private func readAttribute(
        of subject: CallSubject,
        _ address: UInt64,
        into buffer: CallBuffer
    ) throws(CallFailure) -> CallAnswer {
        guard state.table.hasAttributes, let name = try name(at: address) else { return .proceed }
        let file = try open(subject)
        let record = state.table.record(of: RecordedFile(try facts(of: file)))
        guard let value = record.attributes[name] else { return .proceed }
        return try give(value.bytes, into: buffer)
    }

    private func listAttributes(of subject: CallSubject, into buffer: CallBuffer) throws(CallFailure) -> CallAnswer {
        guard state.table.hasAttributes else { return .proceed }
        let file = try open(subject)
        let record = state.table.record(of: RecordedFile(try facts(of: file)))
        if record.attributes.isEmpty { return .proceed }
        var names = Self.realNames(of: file)
        for name in record.attributes.keys.sorted() { names += name.bytes + [0] }
        return try give(names, into: buffer)
    }

    private func give(_ bytes: [UInt8], into buffer: CallBuffer) throws(CallFailure) -> CallAnswer {
        // A size of 0 asks for the length only.
        if buffer.size == 0 { return .value(Int64(bytes.count)) }
        guard bytes.count <= buffer.size else { throw CallFailure(ERANGE) }
        try write(bytes, at: buffer.address)
        return .value(Int64(bytes.count))
    }

    /// The names that the file system itself tells, each with a NUL behind it.
    private static func realNames(of file: borrowing OwnedDescriptor) -> [UInt8] {
        var names = [CChar](repeating: 0, count: maximumListLength)
        let length = unsafe drydock_listxattr(file.number, &names, names.count)
        return names[..<max(0, length)].map { UInt8(bitPattern: $0) }
    }
}

// The limits and flags of linux/limits.h and linux/xattr.h.
private let maximumNameLength = 255
private let maximumValueLength: UInt64 = 65_536
private let maximumListLength = 65_536
private let createFlag: Int32 = 1
private let replaceFlag: Int32 = 2
