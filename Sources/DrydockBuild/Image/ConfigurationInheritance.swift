// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
public import DrydockOCI

/// What an image takes over from the configuration of its base image.
public enum ConfigurationInheritance: String, Hashable, Sendable, CaseIterable {
    /// Everything, as `FROM` of a Dockerfile does.
    case dockerfile
    /// The environment alone, as dockerTools does.
    case env
}

extension ContainerConfiguration {
    /// The configuration of an image on top of another one.
    ///
    /// Variables are merged: the last value of a name wins at the place where the name came first. Ports, volumes and
    /// labels are added to those of the base. Everything else is the image's own where it says something, and else the
    /// base's; but an entry point of its own takes the base's command away, and instructions for builds on top of the
    /// base (`OnBuild`) are not handed on. Members that nobody knows are kept.
    ///
    /// [Dockerfile reference](https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact).
    ///
    /// - Parameters:
    ///   - base: The configuration of the base image.
    ///   - rule: What is taken over.
    ///   - unset: Keys of which nothing is taken over, such as `Cmd`.
    /// - Returns: How containers of the new image run.
    public func inheriting(
        from base: ContainerConfiguration,
        _ rule: ConfigurationInheritance = .dockerfile,
        unset: Set<String> = []
    ) -> ContainerConfiguration {
        let base = base.without(unset)
        var merged = rule == .env ? self : overlaid(on: base)
        merged.env = Self.merged(base.env, env)
        return merged
    }

    private func overlaid(on base: ContainerConfiguration) -> ContainerConfiguration {
        var merged = self
        merged.overlayProcess(base)
        merged.overlaySets(base)
        merged.overlayLimits(base)
        merged.overlaySwitches(base)
        merged.unknown = base.unknown.merging(unknown) { $1 }
        return merged
    }

    private mutating func overlayProcess(_ base: ContainerConfiguration) {
        let hasOwnProgram = entrypoint != nil || cmd != nil
        if entrypoint == nil { cmd = cmd ?? base.cmd }
        entrypoint = entrypoint ?? base.entrypoint
        // Says how the base's own command is to be read.
        if !hasOwnProgram { argsEscaped = argsEscaped ?? base.argsEscaped }
        user = user ?? base.user
        workingDir = workingDir ?? base.workingDir
        stopSignal = stopSignal ?? base.stopSignal
        stopTimeout = stopTimeout ?? base.stopTimeout
        healthcheck = healthcheck ?? base.healthcheck
        shell = shell ?? base.shell
    }

    private mutating func overlaySets(_ base: ContainerConfiguration) {
        if let inherited = base.exposedPorts { exposedPorts = inherited.union(exposedPorts ?? []) }
        if let inherited = base.volumes { volumes = inherited.union(volumes ?? []) }
        if let inherited = base.labels { labels = inherited.merging(labels ?? [:]) { $1 } }
    }

    private mutating func overlayLimits(_ base: ContainerConfiguration) {
        memory = memory ?? base.memory
        memorySwap = memorySwap ?? base.memorySwap
        cpuShares = cpuShares ?? base.cpuShares
    }

    private mutating func overlaySwitches(_ base: ContainerConfiguration) {
        hostname = hostname ?? base.hostname
        domainname = domainname ?? base.domainname
        macAddress = macAddress ?? base.macAddress
        attachStdin = attachStdin ?? base.attachStdin
        attachStdout = attachStdout ?? base.attachStdout
        attachStderr = attachStderr ?? base.attachStderr
        tty = tty ?? base.tty
        openStdin = openStdin ?? base.openStdin
        stdinOnce = stdinOnce ?? base.stdinOnce
        networkDisabled = networkDisabled ?? base.networkDisabled
    }

    /// Variables of both, each name once.
    private static func merged(_ base: [String]?, _ own: [String]?) -> [String]? {
        guard let base else { return own }
        var variables: [String] = []
        var places: [Substring: Int] = [:]
        for variable in base + (own ?? []) {
            let name = variable.prefix { $0 != "=" }
            if let place = places[name] {
                variables[place] = variable
            } else {
                places[name] = variables.count
                variables.append(variable)
            }
        }
        return variables
    }

    /// The configuration as if it did not have some of its keys.
    private func without(_ keys: Set<String>) -> ContainerConfiguration {
        guard !keys.isEmpty, case .object(let members) = json else { return self }
        // Members that were read once are read again.
        return (try? ContainerConfiguration(json: .object(members.filter { !keys.contains($0.key) }))) ?? self
    }
}
