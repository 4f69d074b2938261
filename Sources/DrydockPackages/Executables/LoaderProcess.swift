// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// What a dynamic loader would do for one program: the objects that it loads, in its order, without running anything.
struct LoaderProcess {
    private var objects: [LoadedObject]
    private let search: any LibrarySearch
    /// Where the program moves; nil if it stays at its path.
    private let relocation: Relocation?
    /// The index of the loader itself among the objects.
    private var loader: Int?

    /// A program, or a library that stands for itself, before any of its libraries is loaded.
    ///
    /// - Parameters:
    ///   - file: The program.
    ///   - path: Where it is, without links.
    ///   - interpreter: The loader that it names, under that name; nil for a library.
    ///   - search: How that loader searches.
    ///   - place: Where the program goes in the image; nil if it stays at its path.
    init(
        _ file: ELFFile,
        at path: ByteString,
        interpreter: (name: ByteString, path: ByteString, file: ELFFile)?,
        search: any LibrarySearch,
        place: ByteString?
    ) {
        self.search = search
        relocation = place.map { Relocation(executable: path, place: $0) }
        // The kernel tells a program its real path, so that `$ORIGIN` does not depend on how it was started.
        objects = [
            LoadedObject(
                names: Self.names([], of: file, search),
                openedPath: path,
                realPath: path,
                file: file,
                loader: nil,
                isMoved: place != nil
            )
        ]
        guard let interpreter else { return }
        let candidate = LibraryCandidate(path: interpreter.name)
        loader = append(interpreter.file, candidate, realPath: interpreter.path, loader: nil)
    }

    /// Loads all libraries that the program needs, breadth first.
    ///
    /// - Returns: The libraries that are not found.
    mutating func loadNeeds(into closure: inout ClosureCollection) throws -> [MissingLibrary] {
        try loadNeeds(from: 0, &closure)
    }

    /// Loads a library as `dlopen` with a path does when the program calls it.
    ///
    /// - Returns: The libraries that are not found.
    mutating func open(
        _ path: ByteString,
        _ resolution: HostRoot.Resolution,
        _ file: ELFFile,
        into closure: inout ClosureCollection
    ) throws -> [MissingLibrary] {
        guard !remember(path, at: resolution.path) else { return [] }
        let index = append(file, LibraryCandidate(path: path), realPath: resolution.path, loader: 0)
        return try loadNeeds(from: index, &closure)
    }

    private mutating func loadNeeds(
        from start: Int,
        _ closure: inout ClosureCollection
    ) throws -> [MissingLibrary] {
        var missing: [MissingLibrary] = []
        var index = start
        // Objects are appended while this runs: that makes it breadth first.
        while index < objects.count {
            for need in objects[index].file.dynamic?.needs ?? [] {
                if let library = try load(need, for: index, &closure) { missing.append(library) }
            }
            index += 1
        }
        return missing
    }

    /// - Returns: The library, if it is not found and must be.
    private mutating func load(
        _ need: DynamicSection.Need,
        for index: Int,
        _ closure: inout ClosureCollection
    ) throws -> MissingLibrary? {
        let object = objects[index]
        var missing = MissingLibrary(name: need.name, neededBy: object.realPath)
        if loader != nil, search.isLoader(need.name) { return nil }
        // glibc replaces tokens in every name; a name that cannot be expanded leads nowhere.
        guard let name = search.name(need.name, neededBy: object) else { return need.isOptional ? nil : missing }
        if objects.contains(where: { $0.names.contains(name.text) }) { return nil }
        let hasSlash = name.text.bytes.contains(UInt8(ascii: "/"))
        let directories = hasSlash ? [] : search.directories(forNeedOf: index, in: objects)
        let candidates = hasSlash ? [name.candidate] : directories.map { $0.candidate(name.text) }
        for candidate in candidates {
            guard let found = try closure.library(candidate, search: search, missing: &missing) else { continue }
            try closure.add(try placement(of: candidate, found.resolution), .needed(by: object.realPath))
            closure.addConfigured(candidate, standard: directories)
            if !remember(name.text, at: found.resolution.path) {
                _ = append(found.file, candidate, realPath: found.resolution.path, loader: index)
            }
            return nil
        }
        missing.searched = directories.map(\.path)
        return need.isOptional ? nil : missing
    }

    private func placement(
        of candidate: LibraryCandidate,
        _ resolution: HostRoot.Resolution
    ) throws(ExecutableFailure) -> ClosureCollection.Placement {
        guard candidate.isMoved, let relocation else { return ClosureCollection.Placement(resolution) }
        return try relocation.placement(of: candidate.path, resolution)
    }

    /// Gives a loaded object another name.
    ///
    /// - Returns: Whether the file is loaded already.
    private mutating func remember(_ name: ByteString, at realPath: ByteString) -> Bool {
        guard let index = objects.firstIndex(where: { $0.realPath == realPath }) else { return false }
        objects[index].names.insert(name)
        return true
    }

    private mutating func append(
        _ file: ELFFile,
        _ candidate: LibraryCandidate,
        realPath: ByteString,
        loader: Int?
    ) -> Int {
        objects.append(
            LoadedObject(
                names: Self.names([candidate.name], of: file, search),
                openedPath: candidate.path,
                realPath: realPath,
                file: file,
                loader: loader,
                isMoved: candidate.isMoved
            )
        )
        return objects.count - 1
    }

    private static func names(
        _ names: Set<ByteString>,
        of file: ELFFile,
        _ search: any LibrarySearch
    ) -> Set<ByteString> {
        guard search.knowsSonames, let soname = file.dynamic?.soname else { return names }
        return names.union([soname])
    }
}

extension NeededName {
    /// The place that the name itself is.
    fileprivate var candidate: LibraryCandidate {
        LibraryCandidate(path: text, isMoved: isMoved)
    }
}

extension SearchDirectory {
    /// The place of a library in this directory.
    fileprivate func candidate(_ name: ByteString) -> LibraryCandidate {
        LibraryCandidate(name: name, path: path.appending(name), source: source, isMoved: isMoved)
    }
}
