// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockPackages
import DrydockTestSupport
import Foundation
import Testing

/// Random pairs of trees, copied over each other by `copyToRoot` and by rsync.
@Suite
struct CopyToRootPeerTests {
    /// What Drydock said to a pair.
    private enum Answer: Equatable {
        case packed
        case refused(ContentsConflict.Code)
    }

    /// How links to directories are copied.
    enum Mode: String, CaseIterable, Sendable {
        case replaced = "-ak"
        case kept = "-aK"
    }

    private static let pairs = 100

    /// Pairs that chance hardly makes: each tree's entries by path.
    private static let madePairs: [(one: Tree, two: Tree)] = [
        // What the link leads to comes from the same tree, in another directory.
        (one: [("a/l", .link("../b"))], two: [("a/l/y", .file), ("b/x", .file)]),
        (one: [("a/l", .link("../b/c"))], two: [("a/l/y", .file), ("b/c/x", .file)]),
        (one: [("c", .link("b"))], two: [("b/x", .file), ("c/y", .file)]),
        (one: [("a", .link("b"))], two: [("b/x", .file), ("a/y", .file)]),
        // A link to a link to a directory, to itself, to a file, to nothing.
        (one: [("a", .link("b")), ("b", .link("c")), ("c", .directory)], two: [("a/x/y", .file)]),
        (one: [("a", .link("a"))], two: [("a/x", .file)]),
        (one: [("a", .link("b")), ("b", .file)], two: [("a/x", .file)]),
        (one: [("a", .link("b/c"))], two: [("a/x", .file)]),
        // The other way round: files and links over links and directories.
        (one: [("a", .link("b")), ("b/x", .file)], two: [("a", .file)]),
        (one: [("a", .link("b")), ("b/x", .file)], two: [("a", .link("c")), ("c/x", .file)]),
        (one: [("a/x", .file)], two: [("a", .link("b")), ("b/y", .file)]),
        (one: [("a", .directory)], two: [("a", .link("b"))]),
        (one: [("a", .directory)], two: [("a", .file)]),
        (one: [("a", .file)], two: [("a/x", .file)]),
    ]

    @Test(.requires("rsync", "tar"), arguments: Mode.allCases, [1, 2] as [UInt64])
    func `copyToRoot gives what rsync gives`(mode: Mode, seed: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            var random = SeededGenerator(seed: seed)
            var answers: [Int: Answer] = [:]
            let pairs = Self.madePairs + (0..<Self.pairs).map { _ in (one: random.tree(), two: random.tree()) }
            for (number, trees) in pairs.enumerated() {
                let pair = "\(directory)/\(number)"
                try Self.make(trees.one, at: pair + "/one")
                try Self.make(trees.two, at: pair + "/two")
                answers[number] = try await Self.answer(to: pair, mode)
            }
            try await Command.check(["bash", "-euc", Self.comparison, "bash", mode.rawValue], in: directory)
            for (number, answer) in answers.sorted(by: { $0.key < $1.key }) {
                try Self.check(answer, of: "\(directory)/\(number)", "seed \(seed) pair \(number)")
            }
            // Enough must have been compared.
            #expect(answers.values.count { $0 == .packed } > Self.pairs / 4)
        }
    }

    private static func check(_ answer: Answer, of pair: String, _ comment: Comment) throws {
        let status = try String(contentsOfFile: pair + "/status", encoding: .utf8)
        switch answer {
        case .packed:
            #expect(status == "0 0\n", comment)
            let theirs = try String(contentsOfFile: pair + "/rsync.txt", encoding: .utf8)
            #expect(try String(contentsOfFile: pair + "/drydock.txt", encoding: .utf8) == theirs, comment)
        case .refused(let code) where status == "0 0\n":
            // Where rsync replaces a file by a directory, or an empty directory by a file, Drydock asks.
            #expect([.directoryOverFile, .fileOverDirectory].contains(code), comment)
        case .refused:
            break
        }
    }

    /// Packs a pair's trees into its file `layer.tar`; nil, and no file, where a link of a tree leads in a circle.
    private static func answer(to pair: String, _ mode: Mode) async throws -> Answer? {
        var spec = ImageSpec(name: "pair", directory: pair)
        spec.copyToRoot = ["one", "two"]
        spec.keepContentsDirlinks = mode == .kept
        do {
            let plan = try await ImageBuild(spec: spec, environment: Pipeline.environment).plan()
            let recipe = try #require(plan.layers.first).content.recipe()
            try Data(try Pipeline.bytes(of: recipe)).write(to: URL(filePath: pair + "/layer.tar"))
            try "".write(toFile: pair + "/compared", atomically: false, encoding: .utf8)
            return .packed
        } catch let conflict as ContentsConflict {
            try "".write(toFile: pair + "/compared", atomically: false, encoding: .utf8)
            return .refused(conflict.code)
        } catch let error as TreeError where error.code == .linkLoop {
            return nil
        }
    }

    /// Lets rsync copy each pair, and lists both results.
    ///
    /// No link of the trees leads out of them. Files of one size and time count as different, and modes are those of new
    /// files: some versions of rsync refuse to set the mode of a directory that they reach through a link.
    private static let comparison = """
        list() {
            (cd "$1"; find . -mindepth 1 -printf '%P %y %m %l\\n' | LC_ALL=C sort; find . -type f -exec sha256sum {} + | sort)
        }
        for pair in */; do
            cd "$pair"
            if [ -e compared ]; then
                mkdir theirs ours
                first=0 second=0
                rsync "$1" --ignore-times --no-perms one/ theirs/ 2>/dev/null || first=$?
                rsync "$1" --ignore-times --no-perms two/ theirs/ 2>/dev/null || second=$?
                echo "$first $second" >status
                list theirs >rsync.txt
                if [ -e layer.tar ]; then tar -xf layer.tar -C ours; list ours >drydock.txt; fi
            fi
            cd ..
        done
        """

    private static func make(_ tree: Tree, at root: String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (path, entry) in tree {
            let place = root + "/" + path
            try files.createDirectory(
                atPath: URL(filePath: place).deletingLastPathComponent().path,
                withIntermediateDirectories: true
            )
            switch entry {
            case .directory: try files.createDirectory(atPath: place, withIntermediateDirectories: true)
            case .file: try Data((root.suffix(3) + " " + path).utf8).write(to: URL(filePath: place))
            case .link(let target): try files.createSymbolicLink(atPath: place, withDestinationPath: target)
            }
        }
    }
}

/// What a tree of this host is made of.
private typealias Tree = [(path: String, entry: MadeEntry)]

/// An entry of such a tree.
private enum MadeEntry {
    case directory
    case file
    case link(String)
}

extension SeededGenerator {
    /// A tree of few names, so that two of them meet; nothing lies below what is no directory.
    fileprivate mutating func tree() -> Tree {
        var entries: Tree = []
        var leaves: Set<String> = []
        var parents: Set<String> = []
        for _ in 0..<(1 + below(6)) {
            let names = (0...below(3)).map { _ in pick(["a", "b", "c", "d"]) }
            let above = (1..<names.count).map { names[..<$0].joined(separator: "/") }
            let path = names.joined(separator: "/")
            guard leaves.isDisjoint(with: above + [path]), !parents.contains(path) else { continue }
            let entry = entry(atDepth: names.count - 1)
            if case .directory = entry { parents.insert(path) } else { leaves.insert(path) }
            parents.formUnion(above)
            entries.append((path, entry))
        }
        return entries
    }

    /// An entry; a link never leads out of the tree, wherever in the other tree it comes to stand.
    private mutating func entry(atDepth depth: Int) -> MadeEntry {
        switch below(5) {
        case 0: return .file
        case 1, 2: return .directory
        default:
            let target = (0...below(2)).map { _ in pick(["a", "b", "c", "d"]) }
            return .link(((depth > 0 && below(2) == 0 ? [".."] : []) + target).joined(separator: "/"))
        }
    }
}
