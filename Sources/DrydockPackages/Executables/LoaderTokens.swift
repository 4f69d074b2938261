// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What stands for `$ORIGIN`, `$LIB` and `$PLATFORM` in the search paths of one object (ld.so(8), "Dynamic string
/// tokens").
struct LoaderTokens {
    /// The directory of the object; the root is written `/`.
    let origin: ByteString
    /// The name of the directory of libraries below `/` and `/usr`.
    let lib: ByteString
    /// The name of the processor; nil where it has none, which makes a path with `$PLATFORM` invalid.
    let platform: ByteString?
    /// Whether the object moves, and everything that it finds through `$ORIGIN` with it.
    let isMoved: Bool

    /// Replaces all tokens.
    ///
    /// An unknown token stays as it is, as with glibc.
    ///
    /// - Returns: Nil if a token has no value.
    func expand(_ text: ByteString) -> ByteString? {
        var result: [UInt8] = []
        var rest = text.bytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "$"), let (length, value) = token(at: rest) else {
                result.append(byte)
                continue
            }
            guard let value else { return nil }
            result += value.bytes
            rest.removeFirst(length)
        }
        return ByteString(result)
    }

    /// The directories of a search path in which `$` may begin tokens; those that depend on the working directory
    /// are left out, because a container's working directory is not the place where the host's libraries are.
    func directories(of searchPath: ByteString) -> [SearchDirectory] {
        searchPath.bytes.split(separator: UInt8(ascii: ":")).compactMap { part in
            let text = ByteString(part)
            guard let path = expand(text), path.bytes.first == UInt8(ascii: "/") else { return nil }
            return SearchDirectory(path: path, source: .object, isMoved: moves(text))
        }
    }

    /// Whether a path is relative to an object that moves.
    func moves(_ path: ByteString) -> Bool {
        isMoved && ["$ORIGIN", "${ORIGIN}"].contains { path.bytes.starts(with: Array($0.utf8)) }
    }

    private func token(at text: ArraySlice<UInt8>) -> (length: Int, value: ByteString?)? {
        let values: [(ByteString, ByteString?)] = [("ORIGIN", origin), ("PLATFORM", platform), ("LIB", lib)]
        for (name, value) in values {
            if text.starts(with: name.bytes) { return (name.count, value) }
            if text.starts(with: Array("{".utf8) + name.bytes + Array("}".utf8)) { return (name.count + 2, value) }
        }
        return nil
    }
}
