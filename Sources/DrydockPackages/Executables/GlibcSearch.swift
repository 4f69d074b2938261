// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The search of glibc's `ld.so`, as ld.so(8) describes it, without the environment.
///
/// The `glibc-hwcaps` directories for newer processors are not searched: which of them the loader takes depends on the
/// processor that it runs on, and an image must not depend on the processor that built it.
struct GlibcSearch: LibrarySearch {
    private let machine: Machine
    private let configured: [ByteString]
    private let standard: [ByteString]
    private let lib: ByteString

    var skipsOtherMachines: Bool { true }
    var knowsSonames: Bool { true }

    init(_ machine: Machine, host: HostRoot) throws {
        self.machine = machine
        configured = try LoaderConfiguration(of: host).directories
        let multiarch = ["/lib/" + machine.triplet, "/usr/lib/" + machine.triplet].map { ByteString($0) }
        // Which directories are built in depends on the distribution: Debian's family names them by the machine,
        // the others by its width.
        if multiarch.contains(where: host.isDirectory) {
            standard = multiarch + ["/lib", "/usr/lib"]
            lib = ByteString("lib/" + machine.triplet)
        } else if machine.code.width == .wide {
            standard = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"]
            lib = "lib64"
        } else {
            standard = ["/lib", "/usr/lib"]
            lib = "lib"
        }
    }

    func isLoader(_ name: ByteString) -> Bool { false }

    func name(_ name: ByteString, neededBy object: LoadedObject) -> NeededName? {
        let tokens = tokens(object)
        return tokens.expand(name).map { NeededName(text: $0, isMoved: tokens.moves(name)) }
    }

    func directories(forNeedOf index: Int, in objects: [LoadedObject]) -> [SearchDirectory] {
        let dynamic = objects[index].file.dynamic
        let own =
            dynamic?.runpath.map { tokens(objects[index]).directories(of: $0) } ?? inheritedDirectories(index, objects)
        if dynamic?.ignoresDefaultDirectories ?? false { return own + configuredDirectories(isRestricted: true) }
        return own + configuredDirectories(isRestricted: false)
            + standard.map { SearchDirectory(path: $0, source: .standard) }
    }

    /// The `DT_RPATH` of the object and of everything that led to it, up to the executable.
    private func inheritedDirectories(_ index: Int, _ objects: [LoadedObject]) -> [SearchDirectory] {
        var directories: [SearchDirectory] = []
        var next: Int? = index
        while let index = next {
            directories += rpath(objects[index])
            next = objects[index].loader
        }
        return directories
    }

    private func rpath(_ object: LoadedObject) -> [SearchDirectory] {
        guard let dynamic = object.file.dynamic, dynamic.runpath == nil, let rpath = dynamic.rpath else { return [] }
        return tokens(object).directories(of: rpath)
    }

    /// The directories that `ldconfig` reads; without those below the built-in ones for `DF_1_NODEFLIB`.
    private func configuredDirectories(isRestricted: Bool) -> [SearchDirectory] {
        // ldconfig always adds the two directories that are named for no machine.
        let always: [ByteString] = ["/lib", "/usr/lib"]
        return (configured + always.filter { !configured.contains($0) }).filter { directory in
            !isRestricted || !standard.contains { (directory.bytes + [0x2F]).starts(with: $0.bytes + [0x2F]) }
        }.map { SearchDirectory(path: $0, source: .configuration) }
    }

    private func tokens(_ object: LoadedObject) -> LoaderTokens {
        let parent = object.openedPath.parent
        return LoaderTokens(
            origin: parent.isEmpty ? "/" : parent,
            lib: lib,
            platform: machine.platform.map { ByteString($0) },
            isMoved: object.isMoved
        )
    }
}
