// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// A library that the dynamic loader would not find.
public struct MissingLibrary: Hashable, Sendable, CustomStringConvertible {
    /// Why a file that has the library's name is not the library.
    public enum Obstacle: Hashable, Sendable, CustomStringConvertible {
        /// It is for another machine.
        case otherMachine(ByteString, actual: String)
        /// It is a link to nothing, or cannot be read.
        case unreachable(PathFailure)

        /// For example: `'/lib/libz.so.1' is for 386`.
        public var description: String {
            switch self {
            case .otherMachine(let path, let actual): "'\(path)' is for \(actual)"
            case .unreachable(let failure): failure.sentence.loweringFirstLetter
            }
        }
    }

    /// The name as the file that needs it has it.
    public let name: ByteString
    /// The path of that file, without links.
    public let neededBy: ByteString
    /// The directories where it was looked for, in order; empty for a name that is a path.
    public internal(set) var searched: [ByteString] = []
    /// Files that have the library's name but could not be used.
    public internal(set) var obstacles: [Obstacle] = []

    /// A library that has not been looked for yet.
    init(name: ByteString, neededBy: ByteString) {
        self.name = name
        self.neededBy = neededBy
    }

    /// For example: `'libz.so.1', which '/usr/bin/git' needs, in /lib, /usr/lib`.
    public var description: String {
        var text = "'\(name)', which '\(neededBy)' needs"
        var known: Set<ByteString> = []
        let places = searched.filter { known.insert($0).inserted }
        if !places.isEmpty { text += ", in " + places.map(\.description).joined(separator: ", ") }
        if !obstacles.isEmpty { text += " (" + obstacles.map(\.description).joined(separator: "; ") + ")" }
        return text
    }
}

/// All libraries that the dynamic loader would not find.
public struct MissingLibraries: Error, Equatable, CustomStringConvertible {
    /// The libraries, in the order in which the loader would look for them.
    public let libraries: [MissingLibrary]

    /// Names every library, what needs it, and where it was looked for.
    public var description: String {
        let noun = libraries.count == 1 ? "the library" : "\(libraries.count) libraries:"
        return """
            Cannot find \(noun) \(libraries.map(\.description).joined(separator: "; "))
            hint: install the package that has it, or name its directory in /etc/ld.so.conf
            """
    }
}

extension String {
    /// The text as it reads inside a sentence.
    var loweringFirstLetter: String { prefix(1).lowercased() + dropFirst() }
}
