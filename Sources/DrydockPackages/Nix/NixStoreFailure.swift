// SPDX-License-Identifier: Apache-2.0

public import DrydockNix

/// Why something is not to be had from a Nix store.
public enum NixStoreFailure: Error, Equatable, CustomStringConvertible {
    /// A store on another machine, or something that is no store.
    case unsupportedStore(String)
    /// A store with a parameter that would change its meaning and is not known.
    case unknownParameter(String, store: String)
    /// A directory of a store that depends on the working directory.
    case relativeDirectory(String, store: String)
    /// A path that leads nowhere; `place` is where it ends, if not in itself.
    case missing(String, place: String)
    /// A path that does not lead into the store; `place` is where it leads, if not to itself.
    case outside(String, place: String, storeDirectory: String)
    /// A path that leads to something in the store that is not a store object.
    case malformed(String, StorePath.ParsingFailure)
    /// A path through more symbolic links than Linux follows.
    case tooManyLinks(String)
    /// A path that is registered but gone; `place` is where it should be.
    case absent(StorePath, place: String)
    /// A path that the given references graph does not have.
    case notInGraph(StorePath)

    /// One sentence for the person, and what usually helps.
    public var description: String {
        switch self {
        case .unsupportedStore, .unknownParameter, .relativeDirectory: storeText
        case .missing(let text, let place): "Cannot find '\(text)'\(Self.leads(text, place)) does not exist"
        case .outside(let text, let place, let storeDirectory):
            "Cannot find '\(text)' in a Nix store\(Self.leads(text, place)) is not in \(storeDirectory)"
        case .malformed(let text, let failure): "Cannot find '\(text)' in a Nix store: \(failure)"
        case .tooManyLinks(let text):
            "Cannot find '\(text)': it leads through more than \(LinkWalk.linkLimit) symbolic links"
        case .absent(let path, let place):
            "\(path) is registered as valid, but \(path.description == place ? "it" : "'\(place)'") does not exist"
                + "\nhint: repair the store with 'nix-store --verify --check-contents --repair'"
        case .notInGraph(let path): "\(path) is not in the references graph"
        }
    }

    private var storeText: String {
        switch self {
        case .unsupportedStore(let store):
            "Cannot read the store '\(store)': expected 'local', 'daemon', 'auto', 'local?root=DIR' or a directory"
                + "\nhint: bring the paths to this machine first, with 'nix copy --from'"
        case .unknownParameter(let name, let store):
            "Cannot read the store '\(store)': the parameter '\(name)' is not known"
        case .relativeDirectory(let directory, let store):
            "Cannot read the store '\(store)': the directory '\(directory)' does not begin with '/'"
        default: ""
        }
    }

    private static func leads(_ text: String, _ place: String) -> String {
        text == place ? ": it" : ": it leads to '\(place)', which"
    }
}
