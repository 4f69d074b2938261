// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation

/// An image of store paths that the command builds in a test's directory, with a cache of that directory's own.
struct StoreImage: Sendable {
    let name: String
    let directory: String
    let options: [String]

    /// Writes a spec.
    ///
    /// - Parameters:
    ///   - name: What the image and its files are called.
    ///   - contents: Store paths, or links to them.
    ///   - keys: What the spec says beside its name, its contents and `/tmp`.
    ///   - options: What the command gets beside the spec.
    ///   - directory: Where the spec, the archive and the cache are.
    /// - Throws: An error of Foundation's if the spec cannot be written.
    init(
        _ name: String,
        contents: [String],
        keys: [String: JSON] = [:],
        options: [String] = [],
        in directory: String
    ) throws {
        self.name = name
        self.directory = directory
        self.options = options
        var members: [String: JSON] = [
            "name": .string(name), "tag": .string("test"),
            "contents": .array(contents.map { .object(["nix": .string($0)]) }),
            "files": .array([
                .object(["path": .string("/tmp"), "directory": .boolean(true), "mode": .string("1777")])
            ]),
            "config": .object(["Env": .array([.string("PATH=/bin"), .string("HOME=/tmp"), .string("USER=root")])]),
        ]
        members.merge(keys) { _, given in given }
        try JSONEncoder().encode(JSON.object(members)).write(to: URL(filePath: spec))
    }

    var spec: String { "\(directory)/\(name).json" }
    var archive: String { "\(directory)/\(name).tar" }
    var environment: [String: String] { ["XDG_CACHE_HOME": directory + "/cache"] }

    /// Builds the archive.
    @discardableResult
    func build() async throws -> Drydock.Image {
        try await Drydock.build(spec, to: "docker-archive:" + archive, options: options, environment: environment)
    }

    /// The command line that streams the image, for a shell's pipe.
    var streaming: [String] {
        get throws {
            ["env", "XDG_CACHE_HOME=\(directory)/cache", try Drydock.path, "stream"] + options + [spec]
        }
    }

    /// The plan, with the store paths of each layer.
    func plan() async throws -> Plan {
        Plan(
            try JSON(
                Array(try await Drydock.check(["plan", "--json"] + options + [spec], environment: environment).utf8)
            )
        )
    }

    /// The layers of a plan, lowest first.
    struct Plan: Equatable {
        let layers: [Layer]

        struct Layer: Equatable {
            let kind: String
            let storePaths: [String]
            let diffID: String?
        }

        init(_ json: JSON) {
            layers = (json["layers"]?.elements ?? []).map { layer in
                Layer(
                    kind: layer["kind"]?.string ?? "",
                    storePaths: layer["storePaths"]?.elements.compactMap(\.string) ?? [],
                    diffID: layer["diffID"]?.string
                )
            }
        }

        /// The number and the paths of each layer of store paths.
        var storeLayers: [(offset: Int, paths: [String])] {
            layers.enumerated().filter { $0.element.kind == "store" }.map { ($0.offset, $0.element.storePaths) }
        }

        /// The store paths of all layers.
        var storePaths: [String] { storeLayers.flatMap(\.paths) }
    }
}
