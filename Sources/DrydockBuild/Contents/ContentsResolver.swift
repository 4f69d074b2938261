// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockNix
import DrydockOCI
import DrydockPackages
import DrydockTar

/// Finds everything that a spec names on this host.
///
/// Reads metadata, and the headers of executables and archives.
struct ContentsResolver {
    let spec: ImageSpec
    let environment: BuildEnvironment
    let style: EntryStyle
    let machine: Machine

    init(spec: ImageSpec, environment: BuildEnvironment) throws {
        self.spec = spec
        self.environment = environment
        style = EntryStyle(
            owner: TreeEntry.Ownership(uid: spec.uid, gid: spec.gid, userName: spec.uname, groupName: spec.gname),
            modificationTime: try environment.instant(of: spec.mtime).seconds
        )
        let platform = environment.platform(of: spec)
        machine = try Machine(architecture: platform.architecture, variant: platform.variant)
    }

    /// The inputs in the order in which later ones win.
    ///
    /// - Parameters:
    ///   - foundation: The base image, if there is one.
    ///   - previous: What the layers of the previous image held.
    /// - Returns: The inputs, and the layers of store paths.
    /// - Throws: ``InputFailures`` where several inputs are missing; the errors of `DrydockPackages`, each with the path that
    ///   it failed on.
    func resolve(on foundation: Foundation? = nil, after previous: PreviousLayers = PreviousLayers()) throws -> Contents
    {
        var faults = InputFaults()
        let (packages, copied, declared) = try inputs(&faults)
        try faults.report()
        let resolver = StoreResolver(spec: spec, environment: environment, style: style)
        let store = try resolver.resolve(besides: (copied + declared).flatMap(\.entries), on: foundation)
        let first = packages + (store?.links ?? []) + (try store?.database() ?? [])
        let copies = RootTree.Copies(
            inputs: first.count..<(first.count + copied.count),
            keepsLinks: spec.keepContentsDirlinks
        )
        var contents = Contents(inputs: first + copied + declared, style: style, copies: copies)
        contents.store = try store?.layers(after: previous)
        contents.foundation = foundation
        guard !spec.scripts.isEmpty, environment.store.isOpened else { return contents }
        contents.scripts = ScriptRunner(
            scripts: spec.scripts,
            environment: environment,
            style: style,
            storePaths: try resolver.visibleToScripts(store)
        )
        if spec.squash { return contents }
        // What scripts leave may mention store paths that nothing else does.
        let scripted = try contents.runScripts()
        contents.store = try resolver.resolve(besides: scripted, on: foundation)?.layers(after: previous)
        return contents
    }

    /// What is wrong with the base image, and with everything else that the spec names.
    func failure(besides error: any Error) throws -> any Error {
        guard PlacedFailure.isOfInput(error) else { return error }
        var faults = InputFaults()
        faults.add(error, at: spec.places.texts(\.fromImage, count: 1).first ?? nil)
        _ = try inputs(&faults)
        do { try faults.report() } catch let several as InputFailures { return several }
        return error
    }

    /// The inputs of `contents`, without those of a store, of `copyToRoot` and of `files`, as far as they can be read.
    private func inputs(
        _ faults: inout InputFaults
    ) throws -> (packages: [Contents.Input], copied: [Contents.Input], declared: [Contents.Input]) {
        // An image has one cache of its loader: each item's holds the libraries of those before it, too.
        var configured: [ExecutableClosure.ConfiguredLibrary] = []
        let packages = try zip(spec.contents, places(\.contents, of: spec.contents)).compactMap { item, place in
            try faults.gathering(at: place) { try input(item, &configured) }??.standing(at: [place])
        }
        try StoreResolver(spec: spec, environment: environment, style: style).check(&faults)
        let copied = try zip(spec.copyToRoot, places(\.copyToRoot, of: spec.copyToRoot)).compactMap { path, place in
            try faults.gathering(at: place) { try self.copied(path) }?.standing(at: [place])
        }
        let declared = spec.files.isEmpty ? [] : [try declared(&faults)]
        return (packages, copied, declared)
    }

    private func places(_ list: KeyPath<SpecPlaces, [SpecPosition]>, of elements: [some Any]) -> [String?] {
        spec.places.texts(list, count: elements.count)
    }

    private func input(
        _ item: ContentItem,
        _ configured: inout [ExecutableClosure.ConfiguredLibrary]
    ) throws -> Contents.Input? {
        switch item {
        case .nix: nil
        case .executable(let paths, let dlopen, let place):
            try executables(paths, dlopen: dlopen, at: place, &configured)
        case .directory(let path, let place, let exclude, let owner):
            try directory(path, at: place, excluding: exclude, owner: owner)
        case .archive(let path, let place, let strip): try archive(path, at: place, strip: strip)
        }
    }

    private func executables(
        _ paths: [String],
        dlopen: [String],
        at place: String?,
        _ configured: inout [ExecutableClosure.ConfiguredLibrary]
    ) throws -> Contents.Input {
        let closure = try closure(of: paths, opening: dlopen, at: place)
        configured += closure.configuredLibraries
        let cache = closure.configuredLibraries.isEmpty ? nil : LoaderCache(of: configured, machine: machine)
        return Contents.Input(
            kind: .store,
            label: InputLabel(kind: "executable", names: paths),
            paths: Set(closure.files.map(\.path)).sorted().map(\.description),
            entries: try ExecutableTree(closure: closure, style: style, cache: cache).entries(),
            modules: ExecutableResolver(machine: machine).modules(of: closure)
        )
    }

    /// Finds executables with what they need; what is wrong with any of them is told at once.
    private func closure(of paths: [String], opening dlopen: [String], at place: String?) throws -> ExecutableClosure {
        let resolver = ExecutableResolver(machine: machine)
        let patterns = dlopen.map { ByteString($0) }
        do {
            return try resolver.closure(of: paths.map { try executable($0, at: place) }, opening: patterns)
        } catch let missing as MissingLibraries {
            throw missing
        } catch {
            // The first one has ended it: look at each by itself.
            var faults = InputFaults()
            for path in paths {
                _ = try faults.gathering(at: nil) {
                    try finding(path) { try resolver.closure(of: [executable(path, at: place)]) }
                }
            }
            for pattern in patterns {
                // Without the programs a library may miss what they find for it.
                do { _ = try resolver.closure(of: [ByteString](), opening: [pattern]) } catch is MissingLibraries {
                } catch { faults.add(error, at: nil) }
            }
            try faults.report()
            throw error
        }
    }

    private func executable(_ path: String, at place: String?) throws(ExecutableFailure) -> RequestedExecutable {
        let source = ByteString(environment.absolute(spec.resolve(path)))
        guard let place else {
            guard path.hasPrefix("/") else { throw ExecutableFailure(.unplaced, path: ByteString(path)) }
            return RequestedExecutable(path: source)
        }
        guard place.utf8.last == UInt8(ascii: "/") else {
            return RequestedExecutable(path: source, place: ByteString(place))
        }
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
        return RequestedExecutable(path: source, place: ByteString(Array(place.utf8) + name))
    }

    private func directory(
        _ path: String,
        at place: String,
        excluding exclude: [String],
        owner: ContentOwner?
    ) throws -> Contents.Input {
        var style = style
        if let owner { style.owner = TreeEntry.Ownership(uid: owner.uid, gid: owner.gid) }
        let tree = DirectoryTree(
            root: spec.resolve(path),
            prefix: Self.imagePath(place),
            style: style,
            exclusions: Exclusions(exclude)
        )
        let found = try reading(.directory, path) { try tree.walked() }
        var input = Contents.Input(
            kind: .store,
            label: InputLabel(kind: "directory", names: [path]),
            paths: [spec.resolve(path)],
            entries: (owner == nil || tree.prefix.isEmpty ? [] : [Self.root(of: tree)]) + found.entries
        )
        input.notes = found.idleExclusions.map { pattern in
            let hint = pattern.contains("/") ? "" : "\nhint: '**/\(pattern)' matches at any depth"
            return "'exclude: \(pattern)' matches nothing in '\(path)'\(hint)"
        }
        return input
    }

    /// The place of a directory whose owner the spec names, who most often is to write there.
    private static func root(of tree: DirectoryTree) -> TreeEntry {
        TreeEntry(
            path: tree.prefix,
            node: .directory,
            attributes: TreeEntry.Attributes(
                mode: 0o755,
                owner: tree.style.owner,
                modificationTime: tree.style.modificationTime
            )
        )
    }

    private func archive(_ path: String, at place: String, strip: Int) throws -> Contents.Input {
        let tree = ArchiveTree(
            path: spec.resolve(path),
            prefix: Self.imagePath(place),
            strippedComponents: strip,
            modificationTime: style.modificationTime,
            temporaryDirectory: environment.temporaryDirectory
        )
        return Contents.Input(
            kind: .store,
            label: InputLabel(kind: "archive", names: [path]),
            paths: [spec.resolve(path)],
            entries: try reading(.archive, path) { try tree.entries() }
        )
    }

    /// A tree of `copyToRoot`, with links to directories as `rsync -ak` or `rsync -aK` treats them.
    private func copied(_ path: String) throws -> Contents.Input {
        let file = spec.resolve(path)
        if (try? FileStatus(of: file, followingLinks: true).kind) == .regular { return try copiedArchive(path) }
        let tree = DirectoryTree(
            root: spec.resolve(path),
            style: style,
            copiesDirectoryLinks: !spec.keepContentsDirlinks,
            linkedPlaces: [StorePath.defaultStoreDirectory]
        )
        let found = try reading(.copyToRoot, path) { try tree.walked() }
        var input = Contents.Input(
            kind: .customisation,
            label: InputLabel(kind: "copyToRoot", names: [path.withoutStoreHash]),
            paths: [spec.resolve(path)],
            entries: spec.keepContentsDirlinks ? found.entries.inCopyingOrder : found.entries
        )
        if let first = found.leavingLinks.first {
            let others = found.leavingLinks.count > 1 ? " and \(found.leavingLinks.count - 1) more" : ""
            input.notes = ["'/\(first)'\(others) of '\(path)' stays a link: it leads out of that directory"]
        }
        return input
    }

    /// An archive of `copyToRoot`, whose entries keep their owners.
    private func copiedArchive(_ path: String) throws -> Contents.Input {
        var input: Contents.Input
        do { input = try archive(path, at: "/", strip: 0) } catch let error as TreeError {
            guard error.isBrokenArchive else { throw error }
            let hint = "use 'files:' with 'source:' for a single file; get the file again if it should be an archive"
            throw InputFailure(cause: error, hint: hint)
        }
        input.kind = .customisation
        input.label = InputLabel(kind: "copyToRoot", names: [path.withoutStoreHash])
        return input
    }

    private func declared(_ faults: inout InputFaults) throws -> Contents.Input {
        let files = DeclaredFiles(spec: spec, environment: environment, style: style)
        let places = self.places(\.files, of: spec.files)
        return Contents.Input(
            kind: .customisation,
            label: InputLabel(kind: "files", names: spec.files.map(\.path)),
            paths: files.sources,
            entries: try zip(spec.files, places).compactMap { file, place in
                try faults.gathering(at: place) { try entry(file, files) }
            }
        ).standing(at: places)
    }

    private func entry(_ file: FileSpec, _ files: DeclaredFiles) throws -> TreeEntry {
        guard case .source(let path) = file.content else { return try files.entry(file) }
        return try reading(.source, path) { try files.entry(file) }
    }

    static func imagePath(_ path: String) -> ByteString {
        ByteString(Array(path.utf8.drop { $0 == UInt8(ascii: "/") }))
    }
}
