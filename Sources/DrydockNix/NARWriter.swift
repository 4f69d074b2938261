// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// Writes a file tree as a NAR, whose bytes depend on the tree alone.
///
/// Each call appends bytes to an output that its caller empties whenever it likes, so a tree of any size takes no more
/// memory than a file's name. The first call writes the root, whose name is empty. The content of a file comes between
/// ``beginFile(_:size:isExecutable:to:)`` and ``endFile(to:)``, from the caller directly.
public struct NARWriter: Sendable {
    /// The last name in each directory that is not ended.
    private var lastNames: [ByteString?] = []
    private var isStarted = false
    /// The size of the file that is not ended.
    private var openFile: Int64?

    /// A writer of one NAR.
    public init() {}

    /// Whether the NAR is complete.
    public var isFinished: Bool { isStarted && lastNames.isEmpty && openFile == nil }

    /// Begins a directory; what follows is in it.
    public mutating func beginDirectory(_ name: ByteString, to output: inout [UInt8]) {
        begin(name, .directory, to: &output)
        lastNames.append(nil)
    }

    /// Ends the directory that was begun last.
    public mutating func endDirectory(to output: inout [UInt8]) {
        precondition(!lastNames.isEmpty && openFile == nil, "A directory is ended only after it was begun")
        lastNames.removeLast()
        end(to: &output)
    }

    /// Writes a symbolic link.
    public mutating func symlink(_ name: ByteString, target: ByteString, to output: inout [UInt8]) {
        begin(name, .symlink, to: &output)
        Self.append(.target, to: &output)
        Self.append(target.bytes, to: &output)
        end(to: &output)
    }

    /// Begins a regular file; `size` bytes of content follow, then ``endFile(to:)``.
    public mutating func beginFile(_ name: ByteString, size: Int64, isExecutable: Bool, to output: inout [UInt8]) {
        precondition(size >= 0, "A file's size is not negative")
        begin(name, .regular, to: &output)
        if isExecutable {
            Self.append(.executable, to: &output)
            Self.append([], to: &output)
        }
        Self.append(.contents, to: &output)
        Self.append(length: size, to: &output)
        openFile = size
    }

    /// Ends the file whose content was written.
    public mutating func endFile(to output: inout [UInt8]) {
        guard let size = openFile else { preconditionFailure("A file is ended only after it was begun") }
        openFile = nil
        output.append(contentsOf: repeatElement(0, count: NARToken.paddingLength(size)))
        end(to: &output)
    }
}

extension NARWriter {
    private mutating func begin(_ name: ByteString, _ type: NARToken, to output: inout [UInt8]) {
        precondition(openFile == nil && !isFinished, "A file must be ended before something follows it")
        if isStarted {
            enter(name, to: &output)
        } else {
            precondition(name.isEmpty, "The root of a NAR has no name")
            isStarted = true
            Self.append(.magic, to: &output)
        }
        Self.append(.open, to: &output)
        Self.append(.type, to: &output)
        Self.append(type, to: &output)
    }

    private mutating func enter(_ name: ByteString, to output: inout [UInt8]) {
        let last = lastNames[lastNames.count - 1]
        precondition(last.map { $0 < name } ?? true, "The names in a directory of a NAR are in ascending order")
        precondition(NARName.isValid(name), "A name in a NAR is one that a file can have")
        lastNames[lastNames.count - 1] = name
        Self.append(.entry, to: &output)
        Self.append(.open, to: &output)
        Self.append(.name, to: &output)
        Self.append(name.bytes, to: &output)
        Self.append(.node, to: &output)
    }

    /// Ends a node, and the entry that it is.
    private func end(to output: inout [UInt8]) {
        Self.append(.close, to: &output)
        if !lastNames.isEmpty { Self.append(.close, to: &output) }
    }

    private static func append(_ token: NARToken, to output: inout [UInt8]) {
        append(Array(token.rawValue.utf8), to: &output)
    }

    private static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        let count = Int64(bytes.count)
        append(length: count, to: &output)
        output += bytes
        output.append(contentsOf: repeatElement(0, count: NARToken.paddingLength(count)))
    }

    private static func append(length: Int64, to output: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) { output.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }
}

/// What names of a NAR have in common.
enum NARName {
    /// Whether a file can have the name.
    static func isValid(_ name: ByteString) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.bytes.contains(UInt8(ascii: "/"))
            && !name.bytes.contains(0)
    }
}
