// SPDX-License-Identifier: Apache-2.0

/// Something whose files appear in the image.
public enum ContentItem: Hashable, Sendable {
    /// Executables of this host, each with everything that it needs to start.
    ///
    /// `dlopen` holds globs of further libraries that the programs load while they run.
    case executable([String], dlopen: [String] = [])
    /// The content of a directory, at an absolute path of the image.
    case directory(String, at: String = "/")
    /// The content of a tar archive, plain or compressed, at an absolute path of the image.
    ///
    /// `strip` leading components of each name are left out.
    case archive(String, at: String = "/", strip: Int = 0)
}

extension ContentItem {
    static let keys = SpecKeys(["executable", "dlopen", "directory", "archive", "at", "strip"])
    private static let kinds = ["executable", "directory", "archive"]

    /// Reads an element of `contents`.
    static func read(_ field: SpecField) -> ContentItem? {
        guard let map = field.map(keys), let kind = map.only(of: kinds) else { return nil }
        if kind.key != "executable" { map.forbid("dlopen", "'dlopen' only goes with 'executable'") }
        if kind.key == "executable" { map.forbid("at", "'at' only goes with 'directory' and 'archive'") }
        if kind.key != "archive" { map.forbid("strip", "'strip' only goes with 'archive'") }
        let place = map["at"].map { $0.string(.imageDirectory) ?? "/" } ?? "/"
        let strip = map["strip"].map { $0.integer(in: 0...255) ?? 0 } ?? 0
        switch kind.key {
        case "executable":
            let globs = map["dlopen"].map { $0.strings(.nonemptyText) ?? [] } ?? []
            return paths(kind).map { .executable($0, dlopen: globs) }
        case "directory": return kind.string(.nonemptyText).map { .directory($0, at: place) }
        default: return kind.string(.nonemptyText).map { .archive($0, at: place, strip: Int(strip)) }
        }
    }

    private static func paths(_ field: SpecField) -> [String]? {
        if case .list(let elements) = field.node.value, elements.isEmpty {
            field.report("An empty list of executables cannot stand here")
            return nil
        }
        return field.stringOrStrings(.nonemptyText)
    }
}
