// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import DrydockTestSupport
import Foundation
import GRDB
import Testing

@Suite
struct StoreDatabaseEncoderTests {
    @Test(arguments: [0, 1, 3, 300])
    func `what was written is read again`(count: Int) async throws {
        let closure = try SampleClosure.chain(of: count, width: 3).closure
        try await withTemporaryDirectory { directory in
            let file = directory + "/db.sqlite"
            try Data(StoreDatabaseEncoder.encode(closure, registrationTime: 1)).write(to: URL(fileURLWithPath: file))
            let connection = try DatabaseQueue(path: file)
            let findings = try await connection.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
            #expect(findings == ["ok"])
            let broken = try await connection.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").count }
            #expect(broken == 0)
            try connection.close()
            #expect(try StoreDatabase(file: file).everything() == closure)
        }
    }

    @Test
    func `equal closures give equal bytes, whatever their order`() throws {
        let closure = try SampleClosure.chain(of: 300, width: 5).closure
        let shuffled = closure.objects.reversed().map { object in
            var object = object
            object.references.reverse()
            return object
        }
        let bytes = try StoreDatabaseEncoder.encode(closure, registrationTime: 315_532_800)
        #expect(try StoreDatabaseEncoder.encode(StoreClosure(shuffled), registrationTime: 315_532_800) == bytes)
        #expect(try StoreDatabaseEncoder.encode(closure, registrationTime: 1) != bytes)
    }

    @Test
    func `the header tells nothing of the library that wrote it`() throws {
        let bytes = try StoreDatabaseEncoder.encode(SampleClosure.chain(of: 1).closure, registrationTime: 1)
        #expect(bytes.count.isMultiple(of: 4096))
        let header = bytes.prefix(100)
        let expected =
            Array("SQLite format 3\0".utf8)
            + [0x10, 0, 1, 1, 0, 64, 32, 32]  // page size 4096, rollback journal, no reserved bytes, fixed fractions
            + [0, 0, 0, 1, 0, 0, 0, UInt8(bytes.count / 4096)]  // change counter, pages
            + [0, 0, 0, 0, 0, 0, 0, 0]  // no free pages
            + [0, 0, 0, 1, 0, 0, 0, 4]  // schema cookie, schema format
            + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]  // cache size, no vacuum, UTF-8
            + [UInt8](repeating: 0, count: 32)
            + [0, 0, 0, 1, 0, 0x2E, 0x5B, 0x35]  // change counter again, 3.38.5
        #expect(Array(header) == expected)
    }

    @Test
    func `an object without a hash is not registered`() throws {
        let path = try SampleClosure.path(0)
        let closure = try StoreClosure([StoreObject(path: path, narSize: 1)])
        let failure = #expect(throws: StoreDatabaseEncoder.Failure.self) {
            try StoreDatabaseEncoder.encode(closure, registrationTime: 1)
        }
        #expect(failure?.description == "Cannot register \(path) in a Nix database: its NAR hash is not known")
    }

    @Test
    func `the state directory has the database, its schema and roots for the garbage collector`() throws {
        let closure = try SampleClosure.chain(of: 2).closure
        let roots = [try SampleClosure.path(1), try SampleClosure.path(0), try SampleClosure.path(1)]
        let entries = try StoreState.entries(of: closure, roots: roots, registrationTime: 1)
        let hash = "0123456789abcdfghijklmnpqrsvwxyz"
        #expect(
            entries.map(\.path) == [
                "nix/var", "nix/var/nix", "nix/var/nix/db", "nix/var/nix/db/db.sqlite", "nix/var/nix/db/schema",
                "nix/var/nix/gcroots", "nix/var/nix/gcroots/docker", "nix/var/nix/gcroots/docker/\(hash)-x",
                "nix/var/nix/gcroots/docker/\(hash)-x1", "nix/var/nix/gcroots/profiles",
            ]
        )
        #expect(entries[4].content == .file(Array("10".utf8)))
        #expect(entries[7].content == .link("/nix/store/\(hash)-x"))
        #expect(entries[9].content == .link("/nix/var/nix/profiles"))
        #expect(entries.filter { $0.content == .directory }.count == 5)
        #expect(try entries[3].content == .file(StoreDatabaseEncoder.encode(closure, registrationTime: 1)))
    }
}
