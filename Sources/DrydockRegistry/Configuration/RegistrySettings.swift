// SPDX-License-Identifier: Apache-2.0

/// How each registry is reached, by all that is configured on a machine: `registries.conf`, certificates and proxies.
///
/// Docker's own registry is reached at `registry-1.docker.io`. Registries on this machine itself may speak HTTP, as with
/// Docker: `localhost` and loopback addresses.
public struct RegistrySettings: RegistrySettingsSource {
    /// Mirrors, other locations, insecure and blocked registries.
    public var registries: RegistriesConfiguration
    /// Directories with certificates by registry.
    public var certificateDirectories: [String]
    /// Files with authorities that are trusted beside the system's, whatever the registry.
    public var authorityFiles: [String] = []
    /// The proxies.
    public var proxies: ProxyRules
    /// Registries that may speak HTTP or show any certificate, beside those of ``registries``.
    public var insecureRegistries: Set<String> = []

    /// These settings.
    public init(
        registries: RegistriesConfiguration = RegistriesConfiguration(),
        certificateDirectories: [String] = [],
        proxies: ProxyRules = ProxyRules()
    ) {
        self.registries = registries
        self.certificateDirectories = certificateDirectories
        self.proxies = proxies
    }

    /// What is configured on a machine.
    ///
    /// - Throws: ``RegistryConfigurationFailure``.
    public init(_ surroundings: RegistrySurroundings) throws(RegistryConfigurationFailure) {
        self.init(
            registries: try RegistriesConfiguration(at: surroundings.registriesFiles),
            certificateDirectories: surroundings.certificateDirectories,
            proxies: try ProxyRules(variables: surroundings.variables)
        )
        authorityFiles = surroundings.authorityFiles
    }

    /// The mirrors of a repository, and the place where it is itself.
    ///
    /// - Throws: ``RegistryConfigurationFailure`` if the registry is blocked, or its certificates are incomplete.
    public func hostSettings(
        for registry: String,
        repository: String?
    ) throws(RegistryConfigurationFailure) -> RegistryHostSettings {
        let locations = try registries.locations(registry: registry, repository: repository ?? "")
        var endpoints: [RegistryEndpoint] = []
        for mirror in locations.mirrors { endpoints.append(try endpoint(mirror, for: repository, isMirror: true)) }
        endpoints.append(try endpoint(locations.primary, for: repository, isMirror: false))
        return RegistryHostSettings(endpoints: endpoints)
    }

    /// How to connect to a token server or to a server that a redirect leads to.
    ///
    /// - Throws: ``RegistryConfigurationFailure`` if its certificates are incomplete.
    public func connection(
        to authority: String,
        scheme: URLScheme
    ) throws(RegistryConfigurationFailure) -> ConnectionSettings {
        try connection(to: authority, names: [authority], scheme: scheme, isInsecure: isInsecure(authority))
    }

    private func endpoint(
        _ location: RegistriesConfiguration.Location,
        for repository: String?,
        isMirror: Bool
    ) throws(RegistryConfigurationFailure) -> RegistryEndpoint {
        let authority = location.registry == "docker.io" ? "registry-1.docker.io" : location.registry
        let isInsecure = location.isInsecure || isInsecure(location.registry)
        // Certificates are kept under the name that people write.
        let names = location.registry == authority ? [authority] : [location.registry, authority]
        var endpoint = RegistryEndpoint(
            authority: authority,
            isMirror: isMirror,
            connection: try connection(to: authority, names: names, scheme: .https, isInsecure: isInsecure)
        )
        endpoint.fallsBackToHTTP = isInsecure
        endpoint.use = location.use
        if repository != nil, location.repository != repository { endpoint.repository = location.repository }
        return endpoint
    }

    private func connection(
        to authority: String,
        names: [String],
        scheme: URLScheme,
        isInsecure: Bool
    ) throws(RegistryConfigurationFailure) -> ConnectionSettings {
        var settings = ConnectionSettings()
        settings.trustRoots = authorityFiles
        for name in names {
            guard let found = try CertificateDirectory(for: name, in: certificateDirectories) else { continue }
            settings.trustRoots += found.trustRoots
            settings.clientCertificates = found.clientCertificates
            break
        }
        settings.verifiesCertificate = !isInsecure
        settings.proxy = proxies.proxy(for: authority, scheme: scheme)
        return settings
    }

    private func isInsecure(_ registry: String) -> Bool {
        if insecureRegistries.contains(registry) { return true }
        let host = HostAndPort(registry, defaultPort: 443).host
        return host == "localhost" || NetworkAddress(host)?.isLoopback == true
    }
}
