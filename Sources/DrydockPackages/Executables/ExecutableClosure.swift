// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// Executables of a host with everything that they need to start.
///
/// Directories on the way to files and links are not listed.
public struct ExecutableClosure: Hashable, Sendable {
    /// A file, and why it is there.
    public struct File: Hashable, Sendable {
        /// The absolute path on the host; none of its components is a symbolic link.
        public let path: ByteString
        /// The absolute path in the image: the same, unless the file moves with an executable.
        public let place: ByteString
        /// Why the file is needed.
        public let reason: Reason
    }

    /// Why a file is needed; where there are several reasons, the first one that was met.
    public enum Reason: Hashable, Sendable, CustomStringConvertible {
        /// It was asked for.
        case requested
        /// It is the program that starts this file: a dynamic loader, or the interpreter of a script.
        case interpreter(of: ByteString)
        /// The command that `env` starts for this script.
        case command(of: ByteString)
        /// This file names it as a library.
        case needed(by: ByteString)
        /// It matches this pattern.
        case matches(ByteString)

        /// For example: `needed by '/usr/bin/git'`.
        public var description: String {
            switch self {
            case .requested: "requested"
            case .interpreter(let path): "interpreter of '\(path)'"
            case .command(let path): "command of '\(path)'"
            case .needed(let path): "needed by '\(path)'"
            case .matches(let pattern): "matches '\(pattern)'"
            }
        }
    }

    /// A symbolic link that leads to one of the files.
    public struct Link: Hashable, Sendable, Comparable {
        /// The absolute path of the link in the image; no component before the last one is a link.
        public let path: ByteString
        /// The target, exactly as the link has it.
        public let target: ByteString

        package init(path: ByteString, target: ByteString) {
            self.path = path
            self.target = target
        }

        /// By path.
        public static func < (left: Link, right: Link) -> Bool { left.path < right.path }
    }

    /// The files, sorted by path and place; one that is needed at two places is there twice.
    public let files: [File]
    /// The links through which the files are found, sorted by path.
    public let links: [Link]
    /// The libraries that the loader finds only because `/etc/ld.so.conf` names their directory, sorted by path.
    ///
    /// The loader does not read that file but the cache that is made of it, so that these need a ``LoaderCache`` as
    /// `/etc/ld.so.cache` in the image. Empty for most programs.
    public let configuredLibraries: [ConfiguredLibrary]

    /// A library that is found only through the loader's cache.
    public struct ConfiguredLibrary: Hashable, Sendable {
        /// The name by which others need it.
        public let name: ByteString
        /// The path at which the loader opens it; links in it are among ``ExecutableClosure/links``.
        public let path: ByteString

        package init(name: ByteString, path: ByteString) {
            self.name = name
            self.path = path
        }
    }
}
