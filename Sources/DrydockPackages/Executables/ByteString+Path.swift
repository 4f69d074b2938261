// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

extension ByteString {
    /// The part before the last slash; empty for a path directly below the root.
    var parent: ByteString {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return ByteString(bytes[..<slash])
    }

    /// The part behind the last slash.
    var lastComponent: ByteString {
        ByteString(bytes.suffix(while: { $0 != UInt8(ascii: "/") }))
    }

    /// This directory's entry of a name.
    func appending(_ name: ByteString) -> ByteString {
        ByteString(bytes + (bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name.bytes)
    }
}

extension [UInt8] {
    /// The longest end of which every byte fulfils a condition.
    fileprivate func suffix(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        self[(lastIndex { !condition($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}
