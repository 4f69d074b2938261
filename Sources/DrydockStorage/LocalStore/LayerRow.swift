// SPDX-License-Identifier: Apache-2.0

import DrydockCompression
import DrydockDigests
import Foundation
import GRDB

/// A row of the table `layer`.
///
/// SQLite's files have no checksums, and a page that a disk has damaged may still read as a table. So each row has one
/// of its own, and a row without the right one is never believed.
struct LayerRow {
    let layer: RememberedLayer

    /// What a row holds is not what was written.
    struct Damage: Error {}

    static let columns = "key, diff_id, size, recipe, created, used, checksum, tar_checksum"

    /// The times that a date can be given for: 1970 to 9999.
    private static let times = Int64(0)...253_402_300_799

    /// Reads a row with ``columns``.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - known: The key that was asked for, if it is known: then the stored recipe need not be read.
    /// - Throws: ``Damage``.
    init(_ row: Row, key known: LayerKey? = nil) throws {
        guard let keyBytes = Self.bytes(row, 0), let diffIDBytes = Self.bytes(row, 1),
            let diffID = Digest(bytes: diffIDBytes), let size = Int64.fromDatabaseValue(row[2]), size >= 0,
            let created = Int64.fromDatabaseValue(row[4]), let used = Int64.fromDatabaseValue(row[5]),
            Self.times.contains(created), Self.times.contains(used)
        else { throw Damage() }
        let key = try known ?? Self.recipe(row)
        guard key.digest.bytes == keyBytes else { throw Damage() }
        let measure = LayerMeasure(diffID: diffID, size: size, checksum: try Self.tarChecksum(row))
        guard Self.bytes(row, 6) == Self.checksum(key, measure).bytes else { throw Damage() }
        layer = RememberedLayer(key: key, measure: measure, created: created, used: used)
    }

    /// The bytes of a column; nil if it holds something else.
    private static func bytes(_ row: Row, _ column: Int) -> [UInt8]? {
        Data.fromDatabaseValue(row[column]).map { Array($0) }
    }

    /// The checksums of the tar; nil in a row of a program that did not compute them.
    private static func tarChecksum(_ row: Row) throws -> Checksum? {
        let value: DatabaseValue = row[7]
        if value.isNull { return nil }
        guard let number = Int64.fromDatabaseValue(value) else { throw Damage() }
        return Checksum(bits: UInt64(bitPattern: number))
    }

    private static func recipe(_ row: Row) throws -> LayerKey {
        guard let bytes = bytes(row, 3), let key = LayerKeyForm.key(bytes) else { throw Damage() }
        return key
    }

    /// Binds a measure to the one key that it was remembered for.
    private static func checksum(_ key: LayerKey, _ measure: LayerMeasure) -> Digest {
        let numbers = [UInt64(bitPattern: measure.size)] + (measure.checksum.map { [$0.bits] } ?? [])
        let bytes = numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        return Digest(of: key.digest.bytes + measure.diffID.bytes + bytes)
    }

    /// Writes a layer, in place of what was remembered for its key.
    static func write(_ key: LayerKey, _ measure: LayerMeasure, now: Int64, to database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO layer (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (key) DO UPDATE SET diff_id = excluded.diff_id, size = excluded.size,
                    created = excluded.created, used = excluded.used, checksum = excluded.checksum,
                    tar_checksum = excluded.tar_checksum
                """
        )
        let recipe =
            LayerKeyForm.head(key.formatVersion, key.owner, key.modificationTime)
            + LayerKeyForm.body(key.storeObjects)
        try statement.execute(arguments: [
            Data(key.digest.bytes), Data(measure.diffID.bytes), measure.size, Data(recipe), now, now,
            Data(checksum(key, measure).bytes), measure.checksum.map { Int64(bitPattern: $0.bits) },
        ])
    }
}
