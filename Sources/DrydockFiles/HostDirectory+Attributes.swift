// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
public import DrydockBytes
import Glibc

extension HostDirectory {
    /// The names of the extended attributes of the entry itself, never of what a link points to; sorted.
    ///
    /// - Throws: ``SystemError``.
    public func extendedAttributeNames(of name: ByteString) throws(SystemError) -> [ByteString] {
        var list: [CChar] = []
        while true {
            let length = unsafe name.withCString { unsafe drydock_listxattrat(number, $0, &list, list.count) }
            // The list grew between the two calls: ask again.
            if length == -Int(ERANGE) {
                list = []
                continue
            }
            let needed = try checked(length, "read the attributes of", path(of: name))
            if needed == 0 { return [] }
            if !list.isEmpty { return Self.split(list[..<needed]).sorted() }
            list = Array(repeating: 0, count: needed)
        }
    }

    /// The value of one extended attribute.
    ///
    /// - Throws: ``SystemError``.
    public func extendedAttribute(_ attribute: ByteString, of name: ByteString) throws(SystemError) -> [UInt8] {
        // XATTR_SIZE_MAX, the largest value that Linux stores.
        var value = [UInt8](repeating: 0, count: 65_536)
        let length = unsafe name.withCString { name in
            unsafe attribute.withCString { unsafe drydock_getxattrat(number, name, $0, &value, value.count) }
        }
        let count = try checked(length, "read the attribute \(attribute) of", path(of: name))
        return Array(value[..<count])
    }

    /// Sets one extended attribute of the entry itself, never of what a link points to.
    ///
    /// - Throws: ``SystemError``.
    public func setExtendedAttribute(
        _ attribute: ByteString,
        of name: ByteString,
        to value: [UInt8]
    ) throws(SystemError) {
        let result = unsafe name.withCString { name in
            unsafe attribute.withCString { unsafe drydock_setxattrat(number, name, $0, value, value.count) }
        }
        _ = try checked(result, "set the attribute \(attribute) of", path(of: name))
    }

    private static func split(_ list: ArraySlice<CChar>) -> [ByteString] {
        list.split(separator: 0).map { ByteString($0.map { UInt8(bitPattern: $0) }) }
    }
}
