// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// A file that a dynamic loader has loaded.
struct LoadedObject {
    /// The names by which it is found again without a search.
    var names: Set<ByteString>
    /// The path at which the loader opened it; `$ORIGIN` is the directory of this one.
    let openedPath: ByteString
    /// The same without links.
    let realPath: ByteString
    /// What the file says.
    let file: ELFFile
    /// Which object was the first to need it.
    let loader: Int?
    /// Whether it is the executable that moves, or found relative to it.
    let isMoved: Bool
}

/// A directory in which a library is looked for.
struct SearchDirectory: Hashable {
    enum Source: Hashable {
        /// `DT_RPATH` or `DT_RUNPATH`.
        case object
        /// `/etc/ld.so.conf`.
        case configuration
        /// Built into the loader.
        case standard
    }

    let path: ByteString
    let source: Source
    /// Whether it is relative to an executable that moves.
    var isMoved = false
}

/// Where the loader of one C library looks for libraries.
protocol LibrarySearch: Sendable {
    /// Whether a file for another machine is passed over; otherwise it is an error.
    var skipsOtherMachines: Bool { get }

    /// Whether a library that is loaded under another name is found by its `DT_SONAME`.
    var knowsSonames: Bool { get }

    /// The directories for a name without a slash, in the order of the search, when an object of `objects` needs it.
    ///
    /// The objects are all that are loaded, the executable first.
    func directories(forNeedOf index: Int, in objects: [LoadedObject]) -> [SearchDirectory]

    /// Whether a name means the loader itself.
    func isLoader(_ name: ByteString) -> Bool

    /// A name with its tokens replaced; nil if that cannot be done.
    func name(_ name: ByteString, neededBy object: LoadedObject) -> NeededName?
}

/// The name of a library with its tokens replaced.
struct NeededName {
    let text: ByteString
    /// Whether it is a path relative to an executable that moves.
    let isMoved: Bool
}
