// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockNix

extension NixStore {
    /// The store that Nix's option `--store` and its variable `NIX_REMOTE` name so.
    ///
    /// `auto`, `local`, `daemon` and nothing mean the store of this machine, which is read in its files even where a
    /// daemon writes them. `local?root=DIR`, or just an absolute directory, means a store below another root. The
    /// parameters `store`, `real` and `state` change single directories.
    /// [Nix manual, Local Store](https://nix.dev/manual/nix/2.28/store/types/local-store).
    ///
    /// - Throws: ``NixStoreFailure`` for stores elsewhere.
    public init(uri: String) throws {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var directories = try Self.directories(in: parts.count > 1 ? parts[1] : "", uri: uri)
        switch parts.first ?? "" {
        case "", "auto", "local", "daemon": break
        case let directory where directory.utf8.first == UInt8(ascii: "/"): directories["root"] = String(directory)
        default: throw NixStoreFailure.unsupportedStore(uri)
        }
        let root = directories["root"].map(Self.withoutFinalSlashes) ?? ""
        let storeDirectory = directories["store"].map(Self.withoutFinalSlashes) ?? StorePath.defaultStoreDirectory
        self.init(
            location: StoreLocation(
                storeDirectory: storeDirectory,
                physicalDirectory: directories["real"].map(Self.withoutFinalSlashes) ?? root + storeDirectory
            ),
            stateDirectory: directories["state"].map(Self.withoutFinalSlashes) ?? root + "/nix/var/nix"
        )
    }

    /// Parameters that name directories.
    private static let directoryParameters: Set<String> = ["root", "store", "real", "state"]
    /// Parameters that make no difference to a reader.
    private static let otherParameters: Set<String> = ["log", "read-only", "require-sigs", "trusted", "priority"]

    private static func directories(in query: Substring, uri: String) throws -> [String: String] {
        var directories: [String: String] = [:]
        for parameter in query.split(separator: "&") {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if otherParameters.contains(name) { continue }
            guard directoryParameters.contains(name), parts.count == 2, let value = percentDecoded(parts[1]) else {
                throw NixStoreFailure.unknownParameter(name, store: uri)
            }
            guard value.utf8.first == UInt8(ascii: "/") else {
                throw NixStoreFailure.relativeDirectory(value, store: uri)
            }
            directories[name] = value
        }
        return directories
    }

    /// The text with `%` and two hexadecimal digits replaced by the byte that they name; nil if digits are missing.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let decoded = Hex.decode(rest.prefix(2).map(lowercased)), decoded.count == 1 else { return nil }
            bytes += decoded
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) ? byte | 0x20 : byte
    }
}
