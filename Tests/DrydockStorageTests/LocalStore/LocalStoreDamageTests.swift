// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Databases that are not what a store has written.
@Suite
struct LocalStoreDamageTests {
    private typealias Sample = SampleLayers

    /// A way to damage the file, as a function of its bytes.
    struct Damage: CustomTestStringConvertible {
        let name: String
        let change: @Sendable (inout Data) -> Void

        var testDescription: String { name }

        init(_ name: String, _ change: @escaping @Sendable (inout Data) -> Void) {
            self.name = name
            self.change = change
        }
    }

    /// Fields of the file's header. [SQLite, Database File Format, 1.3](https://www.sqlite.org/fileformat2.html#the_database_header)
    private static let userVersion = 60..<64
    private static let applicationID = 68..<72

    private static let damages = [
        Damage("text") { $0 = Data("not a database\n".utf8) },
        Damage("zeros") { $0 = Data(count: 8_192) },
        Damage("other bytes") { data in data = Data((0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }) },
        Damage("ten bytes are left") { $0 = $0.prefix(10) },
        Damage("one page is left") { $0 = $0.prefix(4_096) },
        Damage("half of it is left") { $0 = $0.prefix($0.count / 2) },
        Damage("another program's database") { $0.replaceSubrange(applicationID, with: [0, 0, 0, 1]) },
        Damage("a database without a version") { $0.replaceSubrange(userVersion, with: [0, 0, 0, 0]) },
        Damage("another table") { data in
            while let place = data.range(of: Data("diff_id".utf8)) {
                data.replaceSubrange(place, with: Data("diff_ix".utf8))
            }
        },
    ]

    /// The bytes of a store with layers.
    private func bytes(of layers: Range<Int>) async throws -> Data {
        try await withTemporaryDirectory { directory in
            try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(layers))
            return try Data(contentsOf: URL(fileURLWithPath: directory + "/digests.sqlite"))
        }
    }

    private func write(_ data: Data, to directory: String) throws {
        try data.write(to: URL(fileURLWithPath: directory + "/digests.sqlite"))
    }

    @Test(arguments: damages)
    func `a damaged store is moved aside and begun anew`(damage: Damage) async throws {
        var data = try await bytes(of: 0..<200)
        damage.change(&data)
        try await withTemporaryDirectory { directory in
            try write(data, to: directory)
            // The log of a database that was damaged must not become that of the next one.
            try Data("log".utf8).write(to: URL(fileURLWithPath: directory + "/digests.sqlite-wal"))
            let store = LocalStore(at: directory, now: Sample.now)
            #expect(try store.remembered(0..<200) == [])
            #expect(
                store.warnings.map(\.description) == [
                    "The cache '\(directory)/digests.sqlite' was damaged and is begun anew; "
                        + "the damaged file is now '\(directory)/digests.sqlite.damaged'"
                ]
            )
            #expect(try Data(contentsOf: URL(fileURLWithPath: store.damagedPath)) == data)
            try store.remember(Sample.layers(5..<7))
            let next = LocalStore(at: directory, now: Sample.now)
            #expect(try next.remembered(0..<10) == [5, 6])
            #expect(next.warnings == [])
            #expect(try next.removeLayers { _ in false }.freed == Int64(data.count))
            #expect(!FileManager.default.fileExists(atPath: store.damagedPath))
        }
    }

    @Test
    func `an empty file is a store that was not begun`() async throws {
        try await withTemporaryDirectory { directory in
            try write(Data(), to: directory)
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<2))
            #expect(try store.remembered(0..<3) == [0, 1])
            #expect(store.warnings == [])
        }
    }

    @Test
    func `no change of any byte of a row gives a wrong answer`() async throws {
        let data = try await bytes(of: 0..<1)
        let diffID = try #require(data.range(of: Data(Sample.measure(0).diffID.bytes)))
        try await withTemporaryDirectory { directory in
            // Before the digest stand the record's header and the key, behind it size, recipe, times and checksum.
            for position in (diffID.lowerBound - 60)..<min(data.count, diffID.upperBound + 260) {
                var changed = data
                changed[position] ^= 0x41
                try requireHonest(changed, 0..<1, in: "\(directory)/\(position)", "byte \(position)")
            }
        }
    }

    @Test
    func `no change of bytes anywhere gives a wrong answer`() async throws {
        let data = try await bytes(of: 0..<60)
        var generator = SystemRandomNumberGenerator()
        try await withTemporaryDirectory { directory in
            for attempt in 0..<500 {
                var changed = data
                var changes: [String] = []
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let position = Int.random(in: 0..<data.count, using: &generator)
                    changed[position] = UInt8.random(in: 0...255, using: &generator)
                    changes.append("byte \(position) is \(changed[position])")
                }
                try requireHonest(changed, 0..<60, in: "\(directory)/\(attempt)", changes.joined(separator: ", "))
            }
        }
    }

    /// Requires that a store says what was remembered, or nothing, or that it cannot be used.
    private func requireHonest(_ data: Data, _ numbers: Range<Int>, in directory: String, _ changes: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try write(data, to: directory)
        let store = LocalStore(at: directory, now: Sample.now)
        do {
            _ = try store.remembered(numbers)
            _ = try store.layers()
            try store.remember(Sample.layers(0..<2))
            let found = try store.remembered(0..<2)
            #expect(found == [0, 1], "\(changes)")
        } catch let failure as LocalStoreFailure {
            guard case .newerVersion = failure.reason else {
                Issue.record("\(failure), \(changes)")
                return
            }
        } catch { Issue.record("\(error), \(changes)") }
    }

    @Test
    func `a damaged store that others have open is left alone`() async throws {
        try await withTemporaryDirectory { directory in
            // The first one moves everything from the log into the file when it is closed.
            try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(0..<1))
            let other = LocalStore(at: directory, now: Sample.now)
            #expect(try other.remembered(0..<1) == [0])
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: directory + "/digests.sqlite"))
            try handle.write(contentsOf: Data("not a database any more".utf8))
            try handle.close()
            let store = LocalStore(at: directory, now: Sample.now, patience: 50)
            let error = #expect(throws: LocalStoreFailure.self) { try store.remembered(0..<1) }
            #expect(
                error?.description == """
                    The cache '\(directory)/digests.sqlite' is damaged, and other processes have it open
                    hint: it is begun anew as soon as they have ended
                    """
            )
            #expect(!FileManager.default.fileExists(atPath: store.damagedPath))
            withExtendedLifetime(other) {}
        }
    }
}
