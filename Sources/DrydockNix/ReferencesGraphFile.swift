// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// The files in which Nix tells a build, which cannot ask the store, what a closure consists of.
///
/// Known by their content are
/// - the JSON of [`exportReferencesGraph`](https://nix.dev/manual/nix/2.28/language/advanced-attributes) with
///   `__structuredAttrs`: an array of objects, or the whole `.attrs.json`, whose graphs are then taken together;
/// - what `nix path-info --json --recursive` prints: that array, or since Nix 2.19 an object with a member for each path;
/// - the registration of `closureInfo` and of `nix-store --dump-db`: lines of text.
///
/// The text of `exportReferencesGraph` without `__structuredAttrs` is refused: layers are planned by size, and it has none.
public enum ReferencesGraphFile: Sendable {
    /// Enough for more than 100,000 store paths with twenty references each.
    public static let limits = JSONLimits(bytes: 256 << 20, values: 1 << 23)

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: The whole file, at most ``limits`` bytes.
    ///   - storeDirectory: The directory of the paths in it.
    /// - Returns: What the file lists.
    /// - Throws: ``ReferencesGraphFailure``.
    public static func decode(
        _ bytes: [UInt8],
        storeDirectory: String = StorePath.defaultStoreDirectory
    ) throws(ReferencesGraphFailure) -> StoreClosure {
        guard bytes.count <= limits.bytes else { throw .tooLarge(byteCount: bytes.count) }
        let objects = try objects(in: bytes, storeDirectory: storeDirectory)
        do { return try StoreClosure(objects) } catch { throw .incomplete(error) }
    }

    private static func objects(
        in bytes: [UInt8],
        storeDirectory: String
    ) throws(ReferencesGraphFailure) -> [StoreObject] {
        let isSpace = { (byte: UInt8) in [0x09, 0x0A, 0x0D, 0x20].contains(byte) }
        switch bytes.first(where: { !isSpace($0) }) {
        case nil: throw .empty
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            do { return try ReferencesGraphJSON(storeDirectory: storeDirectory).objects(in: bytes) } catch {
                throw .malformedJSON(error)
            }
        case UInt8(ascii: "/"):
            var text = RegistrationText(bytes, storeDirectory: storeDirectory)
            return try text.objects()
        default: throw .unknownForm
        }
    }
}
