// SPDX-License-Identifier: Apache-2.0

/// What credentials are asked for: a registry, and the repository there.
///
/// Files name registries in several ways; this type knows which of their names mean this one.
package struct RegistryScope: Hashable, Sendable {
    /// The host, with `:` and a port if it is not the usual one: `docker.io`, `localhost:5000`.
    let registry: String
    /// The name inside the registry; empty where all of the registry is meant.
    let repository: String

    /// A registry, or a repository of it.
    package init(registry: String, repository: String = "") {
        self.registry = Self.canonical(registry)
        self.repository = repository
    }

    /// How Docker writes its own registry in files and to credential helpers.
    static let dockerHubKey = "https://index.docker.io/v1/"

    /// How credential helpers and Docker's file name the registry.
    var serverAddress: String { registry == "docker.io" ? Self.dockerHubKey : registry }

    /// The names that Podman and skopeo accept, the most specific one first: `quay.io/a/b`, `quay.io/a`, `quay.io`.
    var namespaces: [String] {
        var path = repository.split(separator: "/")
        var names: [String] = []
        while !path.isEmpty {
            names.append(([registry[...]] + path).joined(separator: "/"))
            path.removeLast()
        }
        return names + [registry]
    }

    /// Whether a key of `auths` or `credHelpers` means the whole registry, in any form that Docker ever wrote:
    /// `HOST`, `https://HOST/v1/`, `HOST/v2/`.
    func isNamed(by key: String) -> Bool { Self.host(of: key) == registry }

    private static func host(of key: String) -> String? {
        guard let range = key.firstRange(of: "://") else {
            let parts = key.split(separator: "/", omittingEmptySubsequences: false)
            // Without a scheme a path is a namespace, but for the names of API versions.
            let path = parts.dropFirst().filter { !$0.isEmpty }
            guard path.isEmpty || path == ["v1"] || path == ["v2"] else { return nil }
            return canonical(String(parts.first ?? ""))
        }
        guard ["http", "https"].contains(key[..<range.lowerBound].lowercased()) else { return nil }
        return canonical(String(key[range.upperBound...].prefix { $0 != "/" }))
    }

    /// One name for each registry: host names do not depend on case, and Docker's own registry has several.
    private static func canonical(_ registry: String) -> String {
        let name = registry.lowercased()
        return ["index.docker.io", "registry-1.docker.io"].contains(name) ? "docker.io" : name
    }
}
