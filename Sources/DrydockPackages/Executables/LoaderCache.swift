// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The content of `/etc/ld.so.cache`, which tells glibc's loader where the libraries of configured directories are.
///
/// An image needs it if ``ExecutableClosure/configuredLibraries`` is not empty. It is the format that glibc has written
/// alone since 2.32 and read since 2.2: `struct cache_file_new` in
/// <https://sourceware.org/git/?p=glibc.git;a=blob;f=sysdeps/generic/dl-cache.h>.
///
///     offset  size  field
///          0    20  "glibc-ld.so.cache1.1"
///         20     4  number of entries
///         24     4  size of all strings, in bytes
///         28     1  byte order of the file: 2 little, 3 big
///         32     4  offset of extensions: 0, there are none
///         48        entries: kind (4), offset of the name (4), offset of the path (4), unused (4), features (8)
///                   strings, each with a zero byte at its end
public struct LoaderCache: Hashable, Sendable {
    /// The bytes of the file.
    public let bytes: [UInt8]

    private static let magic = Array("glibc-ld.so.cache1.1".utf8)
    private static let headerSize = 48
    private static let entrySize = 24
    /// `FLAG_ELF_LIBC6`: a library of the C library since version 2.
    private static let libc6: UInt32 = 3

    /// The cache of some libraries; of several with one name, the first is taken.
    public init(of libraries: some Sequence<ExecutableClosure.ConfiguredLibrary>, machine: Machine) {
        var names: Set<ByteString> = []
        let entries = libraries.filter { names.insert($0.name).inserted }
            .sorted { Self.compare($1.name.bytes, $0.name.bytes) < 0 }
        var strings: [UInt8] = []
        var records: [UInt8] = []
        let order = machine.code.order
        let start = Self.headerSize + entries.count * Self.entrySize
        for entry in entries {
            let name = UInt32(start + strings.count)
            strings += entry.name.bytes + [0]
            let path = UInt32(start + strings.count)
            strings += entry.path.bytes + [0]
            records += [Self.libc6 | machine.cacheKind, name, path, 0, 0, 0].flatMap { Self.field($0, order) }
        }
        var header = Self.magic + Self.field(UInt32(entries.count), order) + Self.field(UInt32(strings.count), order)
        header += [order == .little ? 2 : 3]
        header += [UInt8](repeating: 0, count: Self.headerSize - header.count)
        bytes = header + records + strings
    }

    private static func field(_ value: UInt32, _ order: ByteOrder) -> [UInt8] {
        let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        return order == .big ? bytes : bytes.reversed()
    }

    /// The order of the loader's binary search, which compares runs of digits as numbers (`_dl_cache_libcmp`).
    private static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var (left, right) = (left[...], right[...])
        while let first = left.first {
            let second = right.first ?? 0
            switch (isDigit(first), isDigit(second)) {
            case (true, true):
                let (one, other) = (number(&left), number(&right))
                if one != other { return one < other ? -1 : 1 }
            case (true, false): return 1
            case (false, true): return -1
            case (false, false):
                if first != second { return first < second ? -1 : 1 }
                left.removeFirst()
                right.removeFirst()
            }
        }
        return right.isEmpty ? 0 : -1
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Takes a run of digits; its value wraps as that of a C `int` does.
    private static func number(_ text: inout ArraySlice<UInt8>) -> Int32 {
        var value: Int32 = 0
        while let byte = text.first, isDigit(byte) {
            value = value &* 10 &+ Int32(byte - UInt8(ascii: "0"))
            text.removeFirst()
        }
        return value
    }
}
