// SPDX-License-Identifier: Apache-2.0

/// What the headers before a member say of it.
struct MemberExtensions {
    private(set) var pax: PaxHeader?
    private(set) var longName: [UInt8]?
    private(set) var longLink: [UInt8]?
    /// Where the first of them stands in the archive.
    private(set) var offset: Int64?

    mutating func add(_ pax: PaxHeader, from header: TarHeader) throws(TarReadingFailure) {
        try note(header, isRepeated: self.pax != nil)
        self.pax = pax
    }

    mutating func addLongName(_ name: [UInt8], from header: TarHeader) throws(TarReadingFailure) {
        try note(header, isRepeated: longName != nil)
        longName = name
    }

    mutating func addLongLink(_ link: [UInt8], from header: TarHeader) throws(TarReadingFailure) {
        try note(header, isRepeated: longLink != nil)
        longLink = link
    }

    /// Readers differ in which one of two counts, so two could show a person one thing and a program another.
    private mutating func note(_ header: TarHeader, isRepeated: Bool) throws(TarReadingFailure) {
        if isRepeated { throw TarReadingFailure(.repeatedExtension(header.typeFlag), at: header.offset) }
        offset = offset ?? header.offset
    }
}
