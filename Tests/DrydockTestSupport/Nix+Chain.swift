// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Nix {
    /// A new, empty store below a new directory of that name.
    public static func store(in directory: String, name: String = "root") throws -> Nix {
        let root = directory + "/" + name
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        return Nix(root: root)
    }

    /// Where Nix keeps what it knows of the store.
    public var stateDirectory: String { root + "/nix/var/nix" }

    /// The file of the store's database.
    public var database: String { stateDirectory + "/db/db.sqlite" }

    /// Evaluates an expression whose value is a text, for example the path of something that it put into the store.
    ///
    /// - Throws: ``Command/Failure`` if it fails.
    public func evaluate(_ expression: String) async throws -> String {
        let arguments = ["nix-instantiate", "--eval", "--strict", "--read-write-mode", "--expr", expression]
        return try await check(arguments).trimmingCharacters(in: ["\""])
    }

    /// Puts three files into the store: the second refers to the first, the third to the first and the second.
    ///
    /// - Returns: Their paths in this order.
    /// - Throws: ``Command/Failure`` if it fails.
    public func addChain() async throws -> [String] {
        let expression = """
            let
              base = builtins.toFile "base" "base";
              middle = builtins.toFile "middle" "on ${base}";
              top = builtins.toFile "top" "on ${middle} and ${base}";
            in builtins.concatStringsSep " " [ base middle top ]
            """
        return try await evaluate(expression).split(separator: " ").map(String.init)
    }
}
