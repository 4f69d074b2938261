// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The settings of a machine, read when a registry is asked for the first time.
///
/// What asks none is not stopped by files that are broken, or that another user may not read.
public final class DeferredRegistrySettings: RegistrySettingsSource {
    private let surroundings: RegistrySurroundings
    private let insecureRegistries: Set<String>
    private let known = Mutex<RegistrySettings?>(nil)

    /// The settings of a machine, and registries that may speak HTTP or show any certificate besides.
    public init(_ surroundings: RegistrySurroundings, insecureRegistries: Set<String> = []) {
        self.surroundings = surroundings
        self.insecureRegistries = insecureRegistries
    }

    /// As ``RegistrySettings/hostSettings(for:repository:)``.
    ///
    /// - Throws: ``RegistryConfigurationFailure``.
    public func hostSettings(for registry: String, repository: String?) throws -> RegistryHostSettings {
        try settings().hostSettings(for: registry, repository: repository)
    }

    /// As ``RegistrySettings/connection(to:scheme:)``.
    ///
    /// - Throws: ``RegistryConfigurationFailure``.
    public func connection(to authority: String, scheme: URLScheme) throws -> ConnectionSettings {
        try settings().connection(to: authority, scheme: scheme)
    }

    private func settings() throws -> RegistrySettings {
        if let settings = known.withLock(\.self) { return settings }
        var settings = try RegistrySettings(surroundings)
        settings.insecureRegistries.formUnion(insecureRegistries)
        known.withLock { $0 = settings }
        return settings
    }
}
