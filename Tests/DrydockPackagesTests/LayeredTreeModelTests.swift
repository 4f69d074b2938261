// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTar
import DrydockTestSupport
import Testing

/// Random layers against a model that is too simple to be wrong: a list of paths.
@Suite
struct LayeredTreeModelTests {
    /// What is at each path; nil for a directory.
    private struct Model {
        var files: [String: String?] = [:]

        mutating func remove(_ path: String) {
            files = files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
        }

        mutating func add(_ layer: [LayerMember]) {
            for path in layer.map({ "\($0.entry.name)" }) where path.contains(".wh.") {
                let parts = path.split(separator: "/").map(String.init)
                let folder = parts.dropLast().joined(separator: "/")
                let name = parts[parts.count - 1].dropFirst(4)
                if name == ".wh..opq" {
                    files = files.filter { folder.isEmpty ? false : !$0.key.hasPrefix(folder + "/") }
                } else {
                    remove(folder.isEmpty ? String(name) : "\(folder)/\(name)")
                }
            }
            for member in layer where !"\(member.entry.name)".contains(".wh.") {
                let path = "\(member.entry.name)"
                if member.entry.kind == .directory {
                    if files[path] != .some(nil) { remove(path) }
                    files[path] = .some(nil)
                } else if case .bytes(let bytes)? = member.content {
                    remove(path)
                    files[path] = String(decoding: bytes, as: UTF8.self)
                }
            }
        }

        var lines: [String] {
            files.map { path, text in
                (path.split(separator: "/").map { Array($0.utf8) }, text.map { "\(path) = \($0)" } ?? "\(path)/")
            }
            .sorted { left, right in left.0.lexicographicallyPrecedes(right.0) { $0.lexicographicallyPrecedes($1) } }
            .map(\.1)
        }
    }

    @Test(arguments: 0..<40)
    func `random layers make up what the model says`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = Model()
        var layers: [[LayerMember]] = []
        for number in 0..<Int.random(in: 1...6, using: &random) {
            let layer = Self.layer(number, &random)
            layers.append(layer)
            model.add(layer)
            #expect(try Layers.lines(layers) == model.lines)
        }
    }

    /// A layer as programs write it: each directory before what is in it, deletions anywhere.
    private static func layer(_ number: Int, _ random: inout SeededGenerator) -> [LayerMember] {
        var members: [LayerMember] = []
        var known: [String: Bool] = [:]
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let names = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                ["a", "b", "c"].randomElement(using: &random) ?? "a"
            }
            guard addParents(names.dropLast(), to: &members, &known) else { continue }
            let folder = names.dropLast().map { $0 + "/" }.joined()
            let path = folder + names[names.count - 1]
            switch Int.random(in: 0..<6, using: &random) {
            case 0: members.append(Layers.whiteout(ByteString(folder + ".wh." + names[names.count - 1])))
            case 1: members.append(Layers.whiteout(ByteString(folder + ".wh..wh..opq")))
            case 2, 3:
                if known[path] == nil { add(Layers.directory(ByteString(path)), path, true, to: &members, &known) }
            default:
                if known[path] == nil {
                    add(Layers.file(ByteString(path), "\(number)"), path, false, to: &members, &known)
                }
            }
        }
        return members
    }

    private static func add(
        _ member: LayerMember,
        _ path: String,
        _ isDirectory: Bool,
        to members: inout [LayerMember],
        _ known: inout [String: Bool]
    ) {
        members.append(member)
        known[path] = isDirectory
    }

    /// Adds the directories above; false where the layer itself has a file there.
    private static func addParents(
        _ names: ArraySlice<String>,
        to members: inout [LayerMember],
        _ known: inout [String: Bool]
    ) -> Bool {
        for count in names.indices {
            let path = names[...count].joined(separator: "/")
            if known[path] == false { return false }
            if known[path] == nil { add(Layers.directory(ByteString(path)), path, true, to: &members, &known) }
        }
        return true
    }
}
