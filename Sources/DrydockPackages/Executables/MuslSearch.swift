// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The search of musl's loader: <https://git.musl-libc.org/cgit/musl/tree/ldso/dynlink.c>, `load_library`.
struct MuslSearch: LibrarySearch {
    private let system: [ByteString]
    private let interpreter: ByteString

    var skipsOtherMachines: Bool { false }
    var knowsSonames: Bool { false }

    /// These belong to the loader's own file.
    private static let builtIn: [ByteString] = [
        "libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.",
    ]
    private static let prefix: ByteString = "ld-musl-"
    private static let suffix: ByteString = ".so.1"

    /// Nil if the interpreter is not musl's.
    init?(interpreter: ByteString, host: HostRoot) throws {
        let name = interpreter.lastComponent.bytes
        guard name.starts(with: Self.prefix.bytes), name.reversed().starts(with: Self.suffix.bytes.reversed()) else {
            return nil
        }
        self.interpreter = interpreter
        let architecture = name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
        // The file is searched below the directory that holds the loader's `lib`.
        let path = interpreter.parent.parent.bytes + Array("/etc/ld-musl-".utf8) + architecture + Array(".path".utf8)
        system =
            try LoaderConfiguration.muslDirectories(at: ByteString(path), of: host)
            ?? ["/lib", "/usr/local/lib", "/usr/lib"]
    }

    func isLoader(_ name: ByteString) -> Bool {
        name == interpreter || Self.builtIn.contains { name.bytes.starts(with: $0.bytes) }
    }

    func name(_ name: ByteString, neededBy object: LoadedObject) -> NeededName? {
        NeededName(text: name, isMoved: false)
    }

    func directories(forNeedOf index: Int, in objects: [LoadedObject]) -> [SearchDirectory] {
        var directories: [SearchDirectory] = []
        var next: Int? = index
        while let index = next {
            directories += searchPath(objects[index])
            next = objects[index].loader
        }
        return directories + system.map { SearchDirectory(path: $0, source: .standard) }
    }

    /// musl makes no difference between `DT_RPATH` and `DT_RUNPATH`, and drops a path with any token but `$ORIGIN`.
    private func searchPath(_ object: LoadedObject) -> [SearchDirectory] {
        guard let path = object.file.dynamic?.runpath ?? object.file.dynamic?.rpath else { return [] }
        let parent = object.openedPath.parent
        let tokens = LoaderTokens(
            origin: parent.isEmpty ? "/" : parent,
            lib: "$",
            platform: nil,
            isMoved: object.isMoved
        )
        guard let expanded = tokens.expand(path), !expanded.bytes.contains(UInt8(ascii: "$")) else { return [] }
        return tokens.directories(of: path)
    }
}
