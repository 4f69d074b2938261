// SPDX-License-Identifier: Apache-2.0

import DrydockNix

/// What an input of an image is called, in the words of the spec: no path of this host that the spec does not name.
struct InputLabel: Sendable {
    /// The spec's key, such as `executable`.
    let kind: String
    /// What the spec names there, in its order.
    let names: [String]

    /// Everything, for the image's history: `executable /bin/ls, /bin/cat`.
    var full: String { names.isEmpty ? kind : "\(kind) \(names.joined(separator: ", "))" }

    /// For a sentence: `executable /bin/ls and 3 more`.
    var short: String {
        guard names.count > 1, let first = names.first else { return full }
        return "\(kind) \(first) and \(names.count - 1) more"
    }
}

extension String {
    /// A path below a Nix store as its name and what follows; any other as it is.
    ///
    /// The digits follow from all that the path was built with. In an image's history they would make images differ whose
    /// files do not.
    var withoutStoreHash: String {
        let prefix = StorePath.defaultStoreDirectory + "/"
        guard hasPrefix(prefix) else { return self }
        let rest = dropFirst(prefix.count)
        let isStorePath = rest.prefix(32).allSatisfy { $0 != "/" && $0 != "-" } && rest.dropFirst(32).first == "-"
        return isStorePath ? String(rest.dropFirst(33)) : self
    }
}
