// SPDX-License-Identifier: Apache-2.0

/// Something whose files appear in the image.
public enum ContentItem: Hashable, Sendable {
    /// Executables of this host, each with everything that it needs to start.
    ///
    /// `dlopen` holds absolute globs of further libraries that the programs load while they run. `at` is the absolute path of the
    /// file in the image, or with a slash at its end the directory that the files go into under their own names; without
    /// it they stay at their paths on this host, which then must be absolute.
    case executable([String], dlopen: [String] = [], at: String? = nil)
    /// The content of a directory, at an absolute path of the image.
    ///
    /// `exclude` holds patterns for what is left out, as `Exclusions` has them. `owner` is that of everything in it and of
    /// the place where it goes, unless that is `/`; without it the owner is the spec's.
    case directory(String, at: String = "/", exclude: [String] = [], owner: ContentOwner? = nil)
    /// The content of a tar archive, plain or compressed, at an absolute path of the image.
    ///
    /// `strip` leading components of each name are left out.
    case archive(String, at: String = "/", strip: Int = 0)
    /// A package of a Nix store: its closure becomes layers, and unless `links` is false, links to its files appear at `/`.
    case nix(NixPackage, links: Bool = true)
}

/// The numbers of a user and a group.
public struct ContentOwner: Hashable, Sendable {
    /// The user's number.
    public var uid: UInt32
    /// The group's number.
    public var gid: UInt32

    /// A user and a group.
    public init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }
}

extension ContentItem {
    static let keys = SpecKeys([
        "executable", "dlopen", "directory", "exclude", "owner", "archive", "at", "strip", "nix", "links",
    ])
    private static let kinds = ["executable", "directory", "archive", "nix"]

    /// Reads an element of `contents`.
    static func read(_ field: SpecField) -> ContentItem? {
        guard let map = field.map(keys), let kind = map.only(of: kinds) else { return nil }
        if kind.key != "executable" { map.forbid("dlopen", "'dlopen' only goes with 'executable'") }
        if kind.key != "directory" {
            map.forbid("exclude", "'exclude' only goes with 'directory'")
            map.forbid("owner", "'owner' only goes with 'directory'")
        }
        if kind.key != "archive" { map.forbid("strip", "'strip' only goes with 'archive'") }
        if kind.key != "nix" { map.forbid("links", "'links' only goes with 'nix'") }
        if kind.key == "executable" { return executable(kind, in: map) }
        if kind.key == "nix" {
            map.forbid("at", "'at' does not go with 'nix': a package keeps its place in the store")
            let links = map["links"]?.bool() ?? true
            return kind.string(.nixPackage).flatMap(NixPackage.init).map { .nix($0, links: links) }
        }
        let place = map["at"].map { $0.string(.imageDirectory) ?? "/" } ?? "/"
        let strip = map["strip"].map { $0.integer(in: 0...255) ?? 0 } ?? 0
        if kind.key == "directory" { return directory(kind, in: map, at: place) }
        return kind.string(.nonemptyText).map { .archive($0, at: place, strip: Int(strip)) }
    }

    private static func directory(_ field: SpecField, in map: SpecMap, at place: String) -> ContentItem? {
        let exclude = map["exclude"].map { $0.stringOrStrings(.exclusion) ?? [] } ?? []
        let owner = map["owner"]?.string(.owner).flatMap(OwnerText.parse).map { ContentOwner(uid: $0.uid, gid: $0.gid) }
        return field.string(.nonemptyText).map { .directory($0, at: place, exclude: exclude, owner: owner) }
    }

    private static func executable(_ field: SpecField, in map: SpecMap) -> ContentItem? {
        let globs = map["dlopen"].map { $0.strings(.libraryGlob) ?? [] } ?? []
        let place = map["at"].flatMap { $0.string(.executablePlace) }
        guard let paths = paths(field) else { return nil }
        if map["at"] == nil, let path = paths.first(where: { !$0.hasPrefix("/") }) {
            let name = path.split(separator: "/").last ?? "app"
            // A name alone is most often meant to be found as a shell finds it.
            let installed = path.contains("/") ? "" : "write the whole path of a program that is installed, or "
            let place = "/usr/bin/\(paths.count > 1 ? "" : name)"
            field.report(
                "Missing key 'at' for the relative path \(SpecProblem.quoted(path))",
                hint: "\(installed)say where it goes in the image, for example at: \(place)"
            )
        }
        if let place, paths.count > 1, !place.hasSuffix("/") {
            map.report("Several executables cannot go to one path", hint: "write '\(place)/' for a directory", at: "at")
        }
        return .executable(paths, dlopen: globs, at: place)
    }

    private static func paths(_ field: SpecField) -> [String]? {
        if case .list(let elements) = field.node.value, elements.isEmpty {
            field.report("An empty list of executables cannot stand here")
            return nil
        }
        return field.stringOrStrings(.nonemptyText)
    }
}
