// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockNix
import Foundation

/// Closures of made-up objects.
struct SampleClosure {
    let closure: StoreClosure

    /// The path of the object with a number; the first has the name `x`.
    static func path(_ number: Int) throws -> StorePath {
        try StorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-x" + (number == 0 ? "" : "\(number)"))
    }

    /// Objects of which each refers to up to `width` of those before it.
    static func chain(of count: Int, width: Int = 1) throws -> SampleClosure {
        let objects = try (0..<count).map { number in
            StoreObject(
                path: try path(number),
                narHash: Digest(of: Array("\(number)".utf8)),
                narSize: Int64(number) * 8,
                references: try (max(0, number - width)..<number).map(path).sorted()
            )
        }
        return SampleClosure(closure: try StoreClosure(objects))
    }

    /// Writes the database and its schema file below a state directory.
    func write(to state: String) throws {
        let directory = state + "/db"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let database = try StoreDatabaseEncoder.encode(closure, registrationTime: 1)
        try Data(database).write(to: URL(fileURLWithPath: directory + "/db.sqlite"))
        try Data(StoreDatabaseEncoder.schemaFile).write(to: URL(fileURLWithPath: directory + "/schema"))
    }
}
