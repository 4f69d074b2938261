// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// What a reader of a NAR comes across; the root's name is empty.
public enum NAREvent: Hashable, Sendable {
    /// A directory begins; what follows is in it.
    case directory(name: ByteString)
    /// The directory that was begun last ends.
    case endOfDirectory
    /// A regular file; `size` is that of its content in bytes.
    case file(name: ByteString, size: Int64, isExecutable: Bool)
    /// A symbolic link and its target, as written.
    case symlink(name: ByteString, target: ByteString)
}

/// Reads a NAR from its start to its end, without trust and in constant memory.
///
/// Only what Nix itself writes is taken: every tree has one NAR. Names are checked, so that none leads out of its
/// directory; a link's target can still lead anywhere.
public struct NARReader<Source: NARSource> {
    private var input: NARInput<Source>
    private let limits: NARLimits
    /// The last name in each directory that has not ended.
    private var lastNames: [ByteString?] = []
    private var entryCount = 0
    private var isStarted = false
    /// What of the current file was not read yet; nil if there is none.
    private var rest: Int64?
    private var fileSize: Int64 = 0
    /// What went wrong: the place of the next entry is unknown from then on.
    private var failure: (any Error)?

    /// A reader that begins at the source's present place.
    public init(_ source: Source, limits: NARLimits = .standard) {
        input = NARInput(source)
        self.limits = limits
    }

    /// The number of bytes that were read: at the end, the size of the NAR.
    public var offset: Int64 { input.offset }

    /// The next event; nil at the end, behind which the source must have nothing.
    ///
    /// What was not read of the current file is passed over. After an error, each call throws it again.
    ///
    /// - Throws: ``NARReadingFailure``, and what the source throws.
    public mutating func next() throws -> NAREvent? {
        if let failure { throw failure }
        do {
            return try readNext()
        } catch {
            failure = error
            throw error
        }
    }

    /// Reads a part of the current file's content; 0 at its end.
    ///
    /// - Throws: ``NARReadingFailure`` if the NAR ends too early, and what the source throws.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if let failure { throw failure }
        let count = Int(min(Int64(buffer.count), rest ?? 0))
        guard count > 0 else { return 0 }
        do {
            let read = try unsafe input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            rest = (rest ?? 0) - Int64(read)
            return read
        } catch {
            failure = error
            throw error
        }
    }
}

extension NARReader: Sendable where Source: Sendable {}

extension NARReader {
    private mutating func readNext() throws -> NAREvent? {
        try passFile()
        guard isStarted else {
            isStarted = true
            try readMagic()
            return try readNode(named: "")
        }
        guard let last = lastNames.last else {
            guard try input.isAtEnd() else { throw NARReadingFailure(.trailingBytes, at: input.offset) }
            return nil
        }
        guard try readToken(.entry, .close) == .entry else {
            lastNames.removeLast()
            try endEntry()
            return .endOfDirectory
        }
        return try readEntry(after: last)
    }

    /// Passes what is left of a file: content, padding and the end of its node.
    private mutating func passFile() throws {
        guard let content = rest else { return }
        try input.skip(content)
        try input.readPadding(fileSize)
        rest = nil
        try endNode()
    }

    private mutating func readMagic() throws {
        let magic = Array(NARToken.magic.rawValue.utf8)
        guard try input.readLength() == UInt64(magic.count), try input.readBytes(magic.count) == magic else {
            throw NARReadingFailure(.badMagic, at: 0)
        }
        try input.readPadding(Int64(magic.count))
    }

    private mutating func readEntry(after last: ByteString?) throws -> NAREvent {
        try expect(.open)
        try expect(.name)
        let offset = input.offset
        let limit = limits.nameLength
        let name = try readString(limit: limit) { .nameTooLong(length: $0, limit: limit) }
        guard NARName.isValid(name) else { throw NARReadingFailure(.badName(name), at: offset) }
        if let last, last >= name {
            throw NARReadingFailure(last == name ? .repeated(name) : .unsorted(name, after: last), at: offset)
        }
        lastNames[lastNames.count - 1] = name
        try expect(.node)
        return try readNode(named: name)
    }

    private mutating func readNode(named name: ByteString) throws -> NAREvent {
        guard entryCount < limits.entryCount else {
            throw NARReadingFailure(.tooManyEntries(limit: limits.entryCount), at: input.offset)
        }
        entryCount += 1
        try expect(.open)
        try expect(.type)
        let offset = input.offset
        switch try readToken(.directory, .regular, .symlink) {
        case .directory:
            guard lastNames.count < limits.depth else {
                throw NARReadingFailure(.tooDeep(limit: limits.depth), at: offset)
            }
            lastNames.append(nil)
            return .directory(name: name)
        case .symlink: return .symlink(name: name, target: try readTarget())
        default: return try readFile(named: name)
        }
    }

    private mutating func readTarget() throws -> ByteString {
        try expect(.target)
        let offset = input.offset
        let limit = limits.targetLength
        let target = try readString(limit: limit) { .targetTooLong(length: $0, limit: limit) }
        guard !target.isEmpty, !target.bytes.contains(0) else {
            throw NARReadingFailure(.badTarget(target), at: offset)
        }
        try endNode()
        return target
    }

    private mutating func readFile(named name: ByteString) throws -> NAREvent {
        let isExecutable = try readToken(.contents, .executable) == .executable
        if isExecutable {
            let offset = input.offset
            guard try input.readLength() == 0 else { throw NARReadingFailure(.markWithValue, at: offset) }
            try expect(.contents)
        }
        let offset = input.offset
        let length = try input.readLength()
        // Some room, so that no sum of an offset and a size overflows.
        guard let size = Int64(exactly: length), size <= 1 << 62 else {
            throw NARReadingFailure(.fileTooLarge(size: length), at: offset)
        }
        fileSize = size
        rest = size
        return .file(name: name, size: size, isExecutable: isExecutable)
    }

    /// Reads the end of a node, and of the entry that it is.
    private mutating func endNode() throws {
        try expect(.close)
        if !lastNames.isEmpty { try expect(.close) }
    }

    /// Reads the end of the entry whose node has ended.
    private mutating func endEntry() throws {
        if !lastNames.isEmpty { try expect(.close) }
    }

    private mutating func expect(_ token: NARToken) throws { _ = try readToken(token) }

    /// Reads a word that must be one of these.
    private mutating func readToken(_ tokens: NARToken...) throws -> NARToken {
        let offset = input.offset
        let expected = tokens.map(\.rawValue)
        let text = try readString(limit: NARToken.maximumLength) { .unexpectedLength(expected: expected, length: $0) }
        guard let token = tokens.first(where: { text.bytes.elementsEqual($0.rawValue.utf8) }) else {
            throw NARReadingFailure(.unexpectedWord(expected: expected, actual: text), at: offset)
        }
        return token
    }

    /// Reads a string; a length over the limit is refused before there is room for it.
    private mutating func readString(
        limit: Int,
        _ tooLong: (UInt64) -> NARReadingFailure.Reason
    ) throws -> ByteString {
        let offset = input.offset
        let length = try input.readLength()
        guard length <= UInt64(limit) else { throw NARReadingFailure(tooLong(length), at: offset) }
        let bytes = try input.readBytes(Int(length))
        try input.readPadding(Int64(length))
        return ByteString(bytes)
    }
}
