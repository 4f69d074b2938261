// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles

/// A place where a library may be.
struct LibraryCandidate {
    /// The name that is needed.
    let name: ByteString
    let path: ByteString
    let source: SearchDirectory.Source
    /// Whether the place is relative to an executable that moves, so that the library moves with it.
    let isMoved: Bool
}

extension LibraryCandidate {
    /// A library whose name is its path.
    init(path: ByteString, isMoved: Bool = false) {
        self.init(name: path, path: path, source: .object, isMoved: isMoved)
    }
}

/// The files and links that have been found so far.
struct ClosureCollection {
    let host: HostRoot
    let machine: Machine
    /// The files by their place in the image.
    private var files: [ByteString: ExecutableClosure.File] = [:]
    private var links: Set<ExecutableClosure.Link> = []
    /// What of the host stands at a place of the image.
    private var sources: [ByteString: ByteString] = [:]
    private var configured: Set<ExecutableClosure.ConfiguredLibrary> = []
    /// What was read of each file, by its path without links.
    private var read: [ByteString: ELFFile] = [:]

    /// A link with its path on the host.
    struct PlacedLink: Hashable {
        let source: ByteString
        let link: ExecutableClosure.Link
    }

    /// Where a file of the host goes, with the links that lead to it there.
    struct Placement: Hashable {
        let source: ByteString
        let place: ByteString
        let links: [PlacedLink]

        /// A placement with links of the image.
        init(source: ByteString, place: ByteString, links: [PlacedLink]) {
            self.source = source
            self.place = place
            self.links = links
        }

        /// At the path on the host.
        init(_ resolution: HostRoot.Resolution) {
            source = resolution.path
            place = resolution.path
            links = resolution.links.map { PlacedLink(source: $0.path, link: $0) }
        }
    }

    init(host: HostRoot, machine: Machine) {
        self.host = host
        self.machine = machine
    }

    /// All that was added, sorted.
    var closure: ExecutableClosure {
        ExecutableClosure(
            files: files.values.sorted { ($0.path, $0.place) < ($1.path, $1.place) },
            links: links.sorted(),
            configuredLibraries: configured.sorted { ($0.path, $0.name) < ($1.path, $1.name) }
        )
    }

    /// Adds a file with the links that lead to it; the first reason stays.
    ///
    /// - Throws: ``ExecutableFailure`` if something else of the host goes to one of the places.
    mutating func add(_ placement: Placement, _ reason: ExecutableClosure.Reason) throws(ExecutableFailure) {
        let (source, place) = (placement.source, placement.place)
        try occupy(place, with: source)
        if files[place] == nil { files[place] = ExecutableClosure.File(path: source, place: place, reason: reason) }
        for placed in placement.links {
            try occupy(placed.link.path, with: placed.source)
            links.insert(placed.link)
        }
    }

    private mutating func occupy(_ place: ByteString, with source: ByteString) throws(ExecutableFailure) {
        if let other = sources[place], other != source {
            throw ExecutableFailure(.samePlace(place, as: other), path: source)
        }
        sources[place] = source
    }

    /// Notes a library that the loader finds only through its cache.
    mutating func addConfigured(_ candidate: LibraryCandidate, standard directories: [SearchDirectory]) {
        let isStandard = directories.contains {
            $0.source == .standard && $0.path.appending(candidate.name) == candidate.path
        }
        guard candidate.source == .configuration, !isStandard else { return }
        configured.insert(ExecutableClosure.ConfiguredLibrary(name: candidate.name, path: candidate.path))
    }

    /// Reads an ELF file, once.
    ///
    /// - Throws: ``ELFFailure``, ``PathFailure``, or `SystemError`.
    mutating func elf(at resolution: HostRoot.Resolution) throws -> ELFFile {
        if let file = read[resolution.path] { return file }
        let file = try ELFFile(reading: try host.open(resolution))
        read[resolution.path] = file
        return file
    }

    /// Reads an ELF file that must be for the wanted machine; `path` is its path in the user's words.
    mutating func elfOfMachine(at resolution: HostRoot.Resolution, named path: ByteString) throws -> ELFFile {
        let file = try elf(at: resolution)
        try requireMachine(of: file, named: path)
        return file
    }

    private func requireMachine(of file: ELFFile, named path: ByteString) throws(ExecutableFailure) {
        guard file.machine != machine.code else { return }
        let actual = file.machine.description
        throw ExecutableFailure(.otherMachine(expected: machine, actual: actual), path: path)
    }

    /// The library at a place, if the loader would take it; otherwise `missing` may learn why not.
    mutating func library(
        _ candidate: LibraryCandidate,
        search: any LibrarySearch,
        missing: inout MissingLibrary
    ) throws -> (resolution: HostRoot.Resolution, file: ELFFile)? {
        do {
            let resolution = try host.resolve(candidate.path)
            guard resolution.kind == .regular else { return nil }
            let file = try elf(at: resolution)
            if !search.skipsOtherMachines { try requireMachine(of: file, named: candidate.path) }
            guard file.machine == machine.code else {
                missing.obstacles.append(.otherMachine(candidate.path, actual: file.machine.description))
                return nil
            }
            guard candidate.source != .configuration || Self.isInCache(candidate.name, file) else { return nil }
            return (resolution, file)
        } catch let failure as PathFailure {
            if !failure.isAbsence { missing.obstacles.append(.unreachable(failure)) }
            return nil
        } catch let failure as ELFFailure where failure.reason == .notELF && candidate.source == .configuration {
            return nil
        }
    }

    /// Whether `ldconfig` puts a library into its cache under a name: files that are called like a library, under
    /// their `DT_SONAME`.
    private static func isInCache(_ name: ByteString, _ file: ELFFile) -> Bool {
        let hasPrefix = ["lib", "ld-"].contains { name.bytes.starts(with: Array($0.utf8)) }
        let soname = file.dynamic?.soname
        return hasPrefix && (soname == nil || soname == name)
    }
}
