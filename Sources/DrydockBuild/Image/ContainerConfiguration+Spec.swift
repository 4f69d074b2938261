// SPDX-License-Identifier: Apache-2.0

import DrydockOCI

extension ContainerConfiguration {
    /// What a spec says of how a container is started.
    init(_ spec: ConfigSpec) {
        self.init()
        user = spec.user
        exposedPorts = spec.exposedPorts.map { Set($0) }
        env = spec.env
        entrypoint = spec.entrypoint
        cmd = spec.cmd
        volumes = spec.volumes.map { Set($0) }
        workingDir = spec.workingDir
        labels = spec.labels
        stopSignal = spec.stopSignal
        stopTimeout = spec.stopTimeout
        healthcheck = spec.healthcheck.map { Healthcheck($0) }
        shell = spec.shell
        onBuild = spec.onBuild
        argsEscaped = spec.argsEscaped
        setDockerOptions(spec)
    }

    /// What only Docker knows.
    private mutating func setDockerOptions(_ spec: ConfigSpec) {
        memory = spec.memory
        memorySwap = spec.memorySwap
        cpuShares = spec.cpuShares
        hostname = spec.hostname
        domainname = spec.domainname
        attachStdin = spec.attachStdin
        attachStdout = spec.attachStdout
        attachStderr = spec.attachStderr
        tty = spec.tty
        openStdin = spec.openStdin
        stdinOnce = spec.stdinOnce
        networkDisabled = spec.networkDisabled
        macAddress = spec.macAddress
    }
}

extension ContainerConfiguration.Healthcheck {
    fileprivate init(_ spec: ConfigSpec.Healthcheck) {
        self.init()
        test = spec.test
        interval = spec.interval
        timeout = spec.timeout
        startPeriod = spec.startPeriod
        startInterval = spec.startInterval
        retries = spec.retries
    }
}
