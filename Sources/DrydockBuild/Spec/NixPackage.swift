// SPDX-License-Identifier: Apache-2.0

/// How a spec names a package of a Nix store.
public enum NixPackage: Hashable, Sendable {
    /// A store path, a path below one, or a link that leads to one, such as `result`.
    case path(String)
    /// A flake and an attribute of it, such as `.#redis`.
    case flake(String)
    /// An attribute of a Nix file; without one the file's value itself.
    case file(String, attribute: String?)

    /// Reads `/nix/store/…`, `./result`, `.#attribute`, `file.nix` and `file.nix -A attribute`; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(separator: " ").map(String.init)
        switch words.count {
        case 1 where text.contains("#"):
            guard let last = text.last, last != "#" else { return nil }
            self = .flake(text)
        case 1: self = text.hasSuffix(".nix") ? .file(text, attribute: nil) : .path(text)
        case 3 where words[1] == "-A": self = .file(words[0], attribute: words[2])
        default: return nil
        }
    }

    /// The package as the spec has it.
    public var text: String {
        switch self {
        case .path(let path): path
        case .flake(let installable): installable
        case .file(let path, let attribute): attribute.map { "\(path) -A \($0)" } ?? path
        }
    }
}

extension SpecRule {
    /// A package of a Nix store.
    static let nixPackage = SpecRule(
        "a store path, a link to one, FLAKE#ATTRIBUTE, or FILE.nix -A ATTRIBUTE"
    ) { text in
        // A word that starts with a dash would be an option of the nix command.
        NixPackage(text) != nil && !text.split(separator: " ").enumerated().contains { $0 != 1 && $1.hasPrefix("-") }
    }
}
