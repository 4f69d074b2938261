// SPDX-License-Identifier: Apache-2.0

package import DrydockBytes
import DrydockFiles

/// A pattern for names and paths, as a shell has it: `*`, `?`, `[a-z]`, `[!a-z]` and `\` before a literal character.
///
/// It works on bytes. No wildcard matches a slash, or, unless that is wanted, a dot at the beginning of a name (glob(7)).
package struct GlobPattern: Hashable, Sendable {
    private enum Element: Hashable, Sendable {
        case literal(UInt8)
        case any
        case anySequence
        case set([ClosedRange<UInt8>], isNegated: Bool)
    }

    private let elements: [Element]
    private let matchesHiddenNames: Bool

    /// A pattern for one component of a path.
    ///
    /// - Parameters:
    ///   - component: The pattern.
    ///   - matchesHiddenNames: Whether a wildcard may stand for a dot at the beginning of a name.
    package init(component: some Sequence<UInt8>, matchesHiddenNames: Bool = false) {
        self.matchesHiddenNames = matchesHiddenNames
        var rest = ArraySlice(Array(component))
        var elements: [Element] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): elements.append(.anySequence)
            case UInt8(ascii: "?"): elements.append(.any)
            case UInt8(ascii: "["): elements.append(Self.set(&rest) ?? .literal(byte))
            case UInt8(ascii: "\\"): elements.append(.literal(rest.popFirst() ?? byte))
            default: elements.append(.literal(byte))
            }
        }
        self.elements = elements
    }

    /// The name, if the pattern has no wildcard.
    package var literal: ByteString? {
        var bytes: [UInt8] = []
        for element in elements {
            guard case .literal(let byte) = element else { return nil }
            bytes.append(byte)
        }
        return ByteString(bytes)
    }

    /// Whether a name matches as a whole.
    ///
    /// Takes time in proportion to both lengths multiplied: only the last `*` is ever tried again.
    package func matches(_ name: ByteString) -> Bool {
        let bytes = name.bytes
        let isHidden = bytes.first == UInt8(ascii: ".") && !matchesHiddenNames
        if isHidden, elements.first != .literal(UInt8(ascii: ".")) { return false }
        var (element, index) = (0, 0)
        var retry: (element: Int, index: Int)?
        while index < bytes.count {
            if element < elements.count, elements[element] == .anySequence {
                element += 1
                retry = (element, index)
            } else if element < elements.count, Self.matches(elements[element], bytes[index]) {
                element += 1
                index += 1
            } else if let last = retry {
                retry = (last.element, last.index + 1)
                (element, index) = (last.element, last.index + 1)
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .anySequence }
    }

    private static func matches(_ element: Element, _ byte: UInt8) -> Bool {
        switch element {
        case .literal(let literal): literal == byte
        case .any, .anySequence: true
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
        }
    }

    /// The set whose bracket was just read; nil, with nothing taken, if no bracket closes it.
    private static func set(_ rest: inout ArraySlice<UInt8>) -> Element? {
        var content = rest
        let isNegated = content.first == UInt8(ascii: "!") || content.first == UInt8(ascii: "^")
        if isNegated { content.removeFirst() }
        var ranges: [ClosedRange<UInt8>] = []
        var isFirst = true
        while let low = content.popFirst() {
            // A closing bracket that comes first stands for itself.
            if low == UInt8(ascii: "]"), !isFirst {
                rest = content
                return .set(ranges, isNegated: isNegated)
            }
            isFirst = false
            let high = content.dropFirst().first
            if content.first == UInt8(ascii: "-"), let high, high != UInt8(ascii: "]") {
                content.removeFirst(2)
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }
}

extension HostRoot {
    /// The paths that match an absolute pattern, sorted; links among them are not followed.
    ///
    /// - Throws: ``PathFailure`` for a relative pattern, or when a directory cannot be read.
    package func paths(matching pattern: ByteString) throws(PathFailure) -> [ByteString] {
        guard pattern.bytes.first == UInt8(ascii: "/") else { throw PathFailure(.relative, path: pattern) }
        var paths: [ByteString] = [""]
        for component in pattern.bytes.split(separator: UInt8(ascii: "/")) {
            let glob = GlobPattern(component: component)
            var longer: [ByteString] = []
            for path in paths {
                let names: [ByteString] =
                    if let name = glob.literal { [name] } else { try names(matching: glob, in: path) }
                longer += names.map { ByteString(path.bytes + [UInt8(ascii: "/")] + $0.bytes) }
            }
            paths = longer
        }
        // A name without wildcards was taken unseen.
        return paths.filter(exists).sorted()
    }

    /// Whether there is anything at a path, be it a link that points to nothing.
    private func exists(_ path: ByteString) -> Bool {
        do {
            _ = try resolve(path)
            return true
        } catch {
            return switch error.reason {
            case .missing, .notDirectory, .relative, .zeroByte: false
            case .dangling, .tooManyLinks, .system: true
            }
        }
    }

    private func names(matching glob: GlobPattern, in directory: ByteString) throws(PathFailure) -> [ByteString] {
        let path: ByteString = directory.isEmpty ? "/" : directory
        guard isDirectory(path) else { return [] }
        return try names(in: resolve(path)).filter(glob.matches)
    }
}
