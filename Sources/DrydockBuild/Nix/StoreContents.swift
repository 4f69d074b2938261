// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockJSON
import DrydockNix
import DrydockPackages
import DrydockSandbox
import DrydockStorage

/// What an image has of a Nix store: packages that are linked at `/`, and the closure of all that it mentions.
struct StoreContents {
    let spec: ImageSpec
    let environment: BuildEnvironment
    let style: EntryStyle
    let store: NixStore
    /// The packages of `contents`, in order.
    let packages: [StorePath]
    /// Those of them whose files appear at `/`.
    let linked: [StorePath]
    /// How they do; nil if there are none, or none may be looked into.
    let joined: PackageLinks.Joined?
    /// Everything that goes into layers.
    let closure: StoreClosure
    /// Where what is in the closure was mentioned.
    let mentions: Mentions
    /// The base image, if there is one.
    let foundation: Foundation?

    /// Owner and time of the store paths.
    private var storeStyle: EntryStyle {
        guard let owner = spec.storeOwner else { return style }
        return EntryStyle(
            owner: TreeEntry.Ownership(uid: owner.uid, gid: owner.gid, userName: owner.uname, groupName: owner.gname),
            modificationTime: style.modificationTime
        )
    }

    /// The store paths that the image mentions, by the place.
    struct Mentions: Sendable {
        /// In the configuration.
        let inConfiguration: [StorePath]
        /// In what lies at `/`, the links to packages included.
        let inEntries: [StorePath]
        /// Packages that are wanted whether or not anything mentions them.
        let kept: [StorePath]

        /// Everything that the image needs for its own sake.
        var all: Set<StorePath> { Set(inConfiguration + inEntries + kept) }
    }

    /// The links at `/` to the packages, if there are any.
    var links: [Contents.Input] {
        guard let joined else { return [] }
        return [
            Contents.Input(
                kind: .customisation,
                label: InputLabel(kind: "links to", names: linked.map(\.description)),
                paths: linked.map { store.location.physicalPath(of: $0) },
                entries: joined.entries,
                warnings: joined.overlaps.map(\.description)
            )
        ]
    }

    /// The Nix database in which the closure is valid, if the spec wants one.
    func database() throws -> [Contents.Input] {
        guard spec.includeNixDB, environment.store.isOpened else { return [] }
        let registered = try environment.instant(of: spec.mtime).seconds
        let entries = try StoreState.entries(of: registeredClosure(), roots: packages, registrationTime: registered)
        return [
            Contents.Input(
                kind: .customisation,
                label: InputLabel(kind: "Nix database", names: []),
                paths: [],
                entries: entries.map(entry)
            )
        ]
    }

    /// The closure, and what a database of the base image has registered.
    private func registeredClosure() throws -> StoreClosure {
        let own = try hashed()
        guard let foundation else { return own }
        let directory = environment.temporaryDirectory
        let storeDirectory = store.location.storeDirectory
        guard let lower = try foundation.registered(storeDirectory: storeDirectory, temporaryDirectory: directory)
        else {
            return own
        }
        return try own.merging(lower)
    }

    /// The closure with the hash of every NAR; those that nobody has told are computed.
    private func hashed() throws -> StoreClosure {
        try StoreClosure(
            closure.objects.map { object in
                guard object.narHash == nil else { return object }
                var object = object
                object.narHash = try StoreObjectNAR(of: store.location.physicalPath(of: object.path)).measure().hash
                return object
            }
        )
    }

    private func entry(_ entry: StoreStateEntry) -> TreeEntry {
        let (node, mode): (TreeEntry.Node, UInt16) =
            switch entry.content {
            case .directory: (.directory, 0o755)
            case .file(let bytes): (.file(.bytes(bytes)), 0o644)
            case .link(let target): (.symlink(ByteString(target)), 0o777)
            }
        return TreeEntry(
            path: ByteString(entry.path),
            node: node,
            attributes: TreeEntry.Attributes(
                mode: mode,
                owner: style.owner,
                modificationTime: style.modificationTime
            )
        )
    }

    /// What of the closure the base image does not have.
    private func closureAbove() throws -> StoreClosure {
        guard let foundation, !spec.squash else { return closure }
        let location = environment.store.isOpened ? store.location : nil
        let paths = closure.objects.map(\.path)
        let present = try foundation.storePaths(among: paths, in: location, style: storeStyle)
        guard !present.isEmpty else { return closure }
        return try closure.leavingOut(present)
    }

    /// The layers of store paths, unless the spec leaves the store out.
    ///
    /// - Parameter previous: What the layers of the previous image held.
    /// - Returns: nil if the spec leaves the store out.
    /// - Throws: ``StoreObjectFailure`` for a path that was to be verified and has another content.
    func layers(after previous: PreviousLayers) throws -> StoreLayers? {
        guard spec.includeStorePaths else { return nil }
        if environment.store.isVerified, environment.store.isOpened {
            for object in closure.objects {
                try StoreObjectNAR(of: store.location.physicalPath(of: object.path)).verify(object)
            }
        }
        return StoreLayers(
            store: store,
            closure: try closureAbove(),
            layering: spec.layering,
            files: DockerToolsFiles(
                config: spec.config,
                platform: environment.platform(of: spec),
                mentions: mentions
            ),
            style: storeStyle,
            previous: previous.paths,
            memory: environment.store.isOpened ? environment.memory : LayerMemory(nil),
            isOpened: environment.store.isOpened
        )
    }
}

/// Finds what a spec wants of a Nix store.
struct StoreResolver {
    let spec: ImageSpec
    let environment: BuildEnvironment
    let style: EntryStyle
    private let known: KnownMentions

    init(spec: ImageSpec, environment: BuildEnvironment, style: EntryStyle) {
        self.spec = spec
        self.environment = environment
        self.style = style
        // Only what scripts leave is looked through after them.
        known = KnownMentions(keepsParts: !spec.scripts.isEmpty)
    }

    /// The packages, and the closure of them and of what `config`, `files` and `copyToRoot` mention.
    ///
    /// - Parameters:
    ///   - entries: What goes into the image besides, in which mentions are looked for.
    ///   - foundation: The base image, if there is one.
    /// - Returns: nil if the image has nothing of a store.
    /// - Throws: What a store that lacks a path throws; ``ContentsError``.
    func resolve(besides entries: [TreeEntry], on foundation: Foundation? = nil) throws -> StoreContents? {
        let items = packages
        let store = try NixStore(uri: environment.store.uri ?? "")
        let graph = try environment.store.referencesGraph.map {
            try ReferencesGraphFile.decode($0, storeDirectory: store.location.storeDirectory)
        }
        guard !items.isEmpty || mayMention(store, graph, entries) else { return nil }
        let found = try items.map { item in
            try PlacedFailure.placing(item.place) {
                (paths: try paths(of: item.package, in: store, graph), links: item.links)
            }
        }
        let packages = found.flatMap(\.paths)
        let linked = found.filter(\.links).flatMap(\.paths)
        let joined =
            linked.isEmpty || !environment.store.isOpened
            ? nil : try PackageLinks(to: linked, in: store.location, style: style).joined()
        let mentions = try mentions(
            of: joined,
            besides: entries,
            kept: try kept(found, in: store),
            among: StoreMentions(in: store, graph: graph, known: known)
        )
        let roots = packages.filter(mentions.all.contains) + mentions.all.subtracting(packages).sorted()
        guard !roots.isEmpty || joined != nil else { return nil }
        return StoreContents(
            spec: spec,
            environment: environment,
            style: style,
            store: store,
            packages: packages,
            linked: linked,
            joined: joined,
            closure: try store.closure(of: roots, graph: graph),
            mentions: mentions,
            foundation: foundation
        )
    }

    /// Looks for the packages that are paths; those that Nix has to build are not built for it.
    ///
    /// A references graph is made by Nix, which has the paths that it names.
    func check(_ faults: inout InputFaults) throws {
        guard environment.store.referencesGraph == nil else { return }
        let paths = packages.filter { if case .path = $0.package { true } else { false } }
        guard !paths.isEmpty else { return }
        let store = try NixStore(uri: environment.store.uri ?? "")
        for item in paths {
            _ = try faults.gathering(at: item.place) { try self.paths(of: item.package, in: store, nil) }
        }
    }

    /// The packages of `contents` with the places where the spec names them.
    private var packages: [(package: NixPackage, links: Bool, place: String?)] {
        let places = spec.places.texts(\.contents, count: spec.contents.count)
        return zip(spec.contents, places).compactMap { item, place in
            if case .nix(let package, let links) = item { (package, links, place) } else { nil }
        }
    }

    /// The store paths that scripts see: all of a references graph; else those of the image, and what scripts mention.
    ///
    /// - Throws: As ``resolve(besides:on:)``.
    func visibleToScripts(_ contents: StoreContents?) throws -> [SandboxProgram.Bind] {
        let store = try NixStore(uri: environment.store.uri ?? "")
        return try objectsVisibleToScripts(contents, store).compactMap { object in
            let source = store.location.physicalPath(of: object.path)
            // A link is nothing that can appear at another place; without its target it is of no use.
            guard let kind = try? FileStatus(of: source, followingLinks: false).kind, kind != .symlink else {
                return nil
            }
            return SandboxProgram.Bind(source: source, path: object.path.description, isReadOnly: true)
        }
    }

    private func objectsVisibleToScripts(_ contents: StoreContents?, _ store: NixStore) throws -> [StoreObject] {
        if let graph = environment.store.referencesGraph {
            return try ReferencesGraphFile.decode(graph, storeDirectory: store.location.storeDirectory).objects
        }
        let prefix = Array((store.location.storeDirectory + "/").utf8)
        let texts = spec.scripts.runs.map { Array($0.text.utf8) }.filter { $0.firstRange(of: prefix) != nil }
        guard !texts.isEmpty else { return contents?.closure.objects ?? [] }
        var mentions = StoreMentions(in: store, graph: nil, known: known)
        for text in texts { try mentions.scan(text) }
        let roots = Set(contents?.closure.objects.map(\.path) ?? []).union(try mentions.found())
        return try store.closure(of: roots.sorted()).objects
    }

    /// Whether it makes sense to look for mentions in an image without packages of the store.
    ///
    /// Where there is no store, a file that is copied has nothing to mention, and need not be read for it.
    private func mayMention(_ store: NixStore, _ graph: StoreClosure?, _ entries: [TreeEntry]) -> Bool {
        let prefix = Array((store.location.storeDirectory + "/").utf8)
        if (specTexts + [configurationText]).contains(where: { $0.firstRange(of: prefix) != nil }) { return true }
        guard spec.includeStorePaths || spec.includeNixDB else { return false }
        return !entries.isEmpty && (graph != nil || (try? FileStatus(of: store.location.physicalDirectory)) != nil)
    }

    /// The packages that are wanted themselves; of the others it is enough what the links to them mention.
    ///
    /// A package may be nothing but links into other packages, which are made again at `/`.
    private func kept(_ found: [(paths: [StorePath], links: Bool)], in store: NixStore) throws -> [StorePath] {
        // The database has a root for each.
        guard environment.store.isOpened, !spec.includeNixDB else { return found.flatMap(\.paths) }
        return try found.flatMap { package in
            try package.paths.filter { path in
                let physical = store.location.physicalPath(of: path)
                return try !package.links || FileStatus(of: physical, followingLinks: false).kind == .symlink
            }
        }
    }

    private func mentions(
        of links: PackageLinks.Joined?,
        besides entries: [TreeEntry],
        kept: [StorePath],
        among candidates: StoreMentions
    ) throws -> StoreContents.Mentions {
        var (inConfiguration, inEntries) = (candidates, candidates)
        try inConfiguration.scan(configurationText)
        for text in specTexts { try inEntries.scan(text) }
        for entry in entries { try inEntries.scan(entry) }
        if let links {
            for case .symlink(let target) in links.entries.map(\.node) { try inEntries.scan(target.bytes) }
            for target in links.copied { try inEntries.scan(target.bytes) }
        }
        return StoreContents.Mentions(
            inConfiguration: try inConfiguration.found(),
            inEntries: Set(try inEntries.found() + (spec.includeNixDB || !environment.store.isOpened ? kept : []))
                .sorted(),
            kept: kept
        )
    }

    private func paths(of package: NixPackage, in store: NixStore, _ graph: StoreClosure?) throws -> [StorePath] {
        let directory = environment.absolute(spec.directory)
        let command: NixCommand
        switch package {
        case .path(let path):
            // What a graph knows need not be here.
            if let known = graph?.objects.first(where: { $0.path.description == path }) { return [known.path] }
            return [try store.storePath(resolving: environment.absolute(spec.resolve(path)))]
        case .flake(let installable):
            command = .flake(installable, directory: directory, store: environment.store.uri)
        case .file(let path, let attribute):
            command = .file(path, attribute: attribute, directory: directory, store: environment.store.uri)
        }
        return try command.build().map { try StorePath($0, storeDirectory: store.location.storeDirectory) }
    }

    private var configurationText: [UInt8] { CanonicalJSON.encode(spec.config) }

    /// The spec's own words about files, in which store paths may stand.
    private var specTexts: [[UInt8]] {
        spec.files.compactMap { file -> [UInt8]? in
            switch file.content {
            case .text(let text): Array(text.utf8)
            case .symlink(let target): Array(target.utf8)
            default: nil
            }
        }
    }
}
