// SPDX-License-Identifier: Apache-2.0

import DrydockOCI

/// A registry as it is written on a command line.
struct RegistryName {
    /// Host and port.
    let text: String

    /// Takes a registry, also with a scheme before it or a slash behind it, as people copy it from a browser.
    init(_ text: String) throws {
        var name = text
        for scheme in ["https://", "http://"] where name.hasPrefix(scheme) {
            name = String(name.dropFirst(scheme.count))
        }
        if name == "index.docker.io/v1/" { name = "docker.io" }
        while name.hasSuffix("/") { name.removeLast() }
        // Of a single word a reference would make a repository of the default registry.
        let isHost = name.contains(".") || name.contains(":") || name == "localhost"
        guard isHost, !name.contains("/"), let reference = try? ImageReference("\(name)/x") else {
            throw LoginFailure.registry(text)
        }
        self.text = reference.registry
    }
}

/// What keeps one from logging in.
enum LoginFailure: Error, Equatable, CustomStringConvertible {
    case empty
    case rejected(String)
    case noTerminal
    case noFile
    case registry(String)

    var description: String {
        switch self {
        case .empty: "The name and the password must not be empty"
        case .rejected(let registry): "'\(registry)' does not accept this name and password"
        case .noTerminal: "There is no terminal to ask at\nhint: drydock login REGISTRY -u NAME --password-stdin < FILE"
        case .noFile: "There is no place for an auth file, as HOME is not set\nhint: name one with --authfile"
        case .registry(let text):
            "'\(text)' is no registry: expected a host with an optional port, for example ghcr.io or localhost:5000"
        }
    }
}
