// SPDX-License-Identifier: Apache-2.0

/// Where the settings and credentials for registries are on a machine, as its environment says.
///
/// Only this value knows the names of variables and the usual places; it is made from what it is given and reads nothing.
public struct RegistrySurroundings: Sendable {
    /// The variables of the environment.
    public var variables: [String: String]
    /// The person's own directory; nil if there is none.
    public var home: String?
    /// The directory of the machine's settings.
    public var systemDirectory: String

    /// A machine as it is described.
    public init(variables: [String: String], home: String?, systemDirectory: String = "/etc") {
        self.variables = variables
        self.home = home
        self.systemDirectory = systemDirectory
    }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    private var configurationHome: String? { variable("XDG_CONFIG_HOME") ?? home.map { "\($0)/.config" } }
}

// MARK: - Credentials

extension RegistrySurroundings {
    /// The auth files in the order in which they are asked.
    ///
    /// `REGISTRY_AUTH_FILE` alone if it is set; else Podman's of this session, Podman's that lasts, and Docker's.
    public var authFiles: [CredentialChain.File] {
        if let path = variable("REGISTRY_AUTH_FILE") { return [CredentialChain.File(path: path, isRequired: true)] }
        let paths = [
            variable("XDG_RUNTIME_DIR").map { "\($0)/containers/auth.json" },
            configurationHome.map { "\($0)/containers/auth.json" },
            dockerConfiguration,
        ]
        return paths.compactMap { $0.map { CredentialChain.File(path: $0) } }
    }

    /// Docker's file, `config.json` in `DOCKER_CONFIG` or `~/.docker`.
    public var dockerConfiguration: String? { dockerDirectory.map { "\($0)/config.json" } }

    /// Docker's directory.
    public var dockerDirectory: String? { variable("DOCKER_CONFIG") ?? home.map { "\($0)/.docker" } }

    /// The file that gets credentials which no file has yet: the named one or else Docker's, which every program of this
    /// field reads.
    public var preferredAuthFile: String? { variable("REGISTRY_AUTH_FILE") ?? dockerConfiguration }

    /// The file `.netrc`.
    public var netrc: String? { variable("NETRC") ?? home.map { "\($0)/.netrc" } }

    /// How credential helpers are found and run.
    public var helpers: HelperSettings {
        let searchPath = (variables["PATH"] ?? "").split(separator: ":").map(String.init)
        return HelperSettings(searchPath: searchPath, environment: variables)
    }

    /// All places of credentials.
    public var credentials: CredentialChain { CredentialChain(files: authFiles, netrc: netrc, helpers: helpers) }
}

// MARK: - Registries

extension RegistrySurroundings {
    /// `registries.conf`, the person's own in place of the machine's, and the directories with files that add to it.
    ///
    /// [Files](https://github.com/containers/image/blob/v5.32.0/docs/containers-registries.conf.5.md).
    public var registriesFiles: RegistriesConfiguration.Places {
        let own = configurationHome.map { "\($0)/containers/registries.conf" }
        let system = "\(systemDirectory)/containers/registries.conf"
        let directories = [system, own].compactMap { $0.map { "\($0).d" } }
        if let path = variable("CONTAINERS_REGISTRIES_CONF") {
            return RegistriesConfiguration.Places(main: [path], isMainRequired: true, dropIns: directories)
        }
        return RegistriesConfiguration.Places(main: [own, system].compactMap(\.self), dropIns: directories)
    }

    /// Directories with certificates by registry; the first that knows a registry decides.
    public var certificateDirectories: [String] {
        let own = configurationHome.map { ["\($0)/containers/certs.d", "\($0)/docker/certs.d"] } ?? []
        return own + ["\(systemDirectory)/containers/certs.d", "\(systemDirectory)/docker/certs.d"]
    }

    /// The file of authorities that `SSL_CERT_FILE` names: where a system has none of its own, as in a build of Nix.
    public var authorityFiles: [String] { [variable("SSL_CERT_FILE")].compactMap(\.self) }

    /// The registry of references that name none: `DRYDOCK_DEFAULT_REGISTRY`, or Docker's.
    public var defaultRegistry: String { variable("DRYDOCK_DEFAULT_REGISTRY") ?? "docker.io" }
}
