// SPDX-License-Identifier: Apache-2.0

public import DrydockJSON

/// How a container of the image is started: the `config` of an image configuration.
///
/// Everything may be absent, and what is absent is not written.
/// [Image specification, Image Configuration, `config`](https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties);
/// the members beyond it are Docker's.
public struct ContainerConfiguration: Hashable, Sendable {
    /// The user or uid, with `:` and the group or gid if wanted.
    public var user: String?
    /// Ports that the program listens on: `8080/tcp`.
    public var exposedPorts: Set<String>?
    /// The environment: `NAME=value`.
    public var env: [String]?
    /// The program and its first arguments.
    public var entrypoint: [String]?
    /// The arguments, or program and arguments where there is no entry point.
    public var cmd: [String]?
    /// Directories for data of the container.
    public var volumes: Set<String>?
    /// Where the program starts.
    public var workingDir: String?
    /// What else is said of the image.
    public var labels: [String: String]?
    /// The signal that ends the program: `SIGTERM` or a number.
    public var stopSignal: String?
    /// How to find out whether the program works.
    public var healthcheck: Healthcheck?
    /// The shell for the shell form of build instructions.
    public var shell: [String]?
    /// Instructions for builds on top of the image.
    public var onBuild: [String]?
    /// Whether the command is escaped already; Windows uses it.
    public var argsEscaped: Bool?
    /// The limit of memory in bytes.
    public var memory: Int64?
    /// The limit of memory and swap in bytes; -1 for none.
    public var memorySwap: Int64?
    /// The weight among containers that want processor time.
    public var cpuShares: Int64?
    /// The container's host name.
    public var hostname: String?
    /// The container's domain name.
    public var domainname: String?
    /// Whether standard input is attached.
    public var attachStdin: Bool?
    /// Whether standard output is attached.
    public var attachStdout: Bool?
    /// Whether standard error is attached.
    public var attachStderr: Bool?
    /// Whether the program gets a terminal.
    public var tty: Bool?
    /// Whether standard input is open.
    public var openStdin: Bool?
    /// Whether standard input closes when its first client leaves.
    public var stdinOnce: Bool?
    /// Whether the container has no network.
    public var networkDisabled: Bool?
    /// The container's MAC address.
    public var macAddress: String?
    /// How long the program may take to end, in seconds.
    public var stopTimeout: Int64?
    /// Members that this program does not know.
    public var unknown: [String: JSONValue] = [:]

    /// A configuration that says nothing.
    public init() {}

    /// How to find out whether the program works; times are in nanoseconds, and 0 or nothing means the default.
    public struct Healthcheck: Hashable, Sendable {
        /// `NONE`, or `CMD` with a program and arguments, or `CMD-SHELL` with a command line.
        public var test: [String]?
        /// The time between two checks.
        public var interval: Int64?
        /// The time after which a check has failed.
        public var timeout: Int64?
        /// The time that the program may take to start.
        public var startPeriod: Int64?
        /// The time between two checks while the program starts.
        public var startInterval: Int64?
        /// How many checks in a row must fail.
        public var retries: Int64?
        /// Members that this program does not know.
        public var unknown: [String: JSONValue] = [:]

        /// A check that says nothing.
        public init() {}
    }
}

extension ContainerConfiguration: JSONConvertible {
    /// Reads the `config` of an image configuration.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        user = try members.take("User")
        exposedPorts = try members.take("ExposedPorts")
        env = try members.take("Env")
        entrypoint = try members.take("Entrypoint")
        cmd = try members.take("Cmd")
        volumes = try members.take("Volumes")
        workingDir = try members.take("WorkingDir")
        labels = try members.take("Labels")
        stopSignal = try members.take("StopSignal")
        healthcheck = try members.take("Healthcheck")
        shell = try members.take("Shell")
        onBuild = try members.take("OnBuild")
        argsEscaped = try members.take("ArgsEscaped")
        memory = try members.take("Memory")
        memorySwap = try members.take("MemorySwap")
        cpuShares = try members.take("CpuShares")
        try takeDockerMembers(of: &members)
        unknown = members.remaining
    }

    private mutating func takeDockerMembers(of members: inout JSONMembers) throws(JSONFailure) {
        hostname = try members.take("Hostname")
        domainname = try members.take("Domainname")
        attachStdin = try members.take("AttachStdin")
        attachStdout = try members.take("AttachStdout")
        attachStderr = try members.take("AttachStderr")
        tty = try members.take("Tty")
        openStdin = try members.take("OpenStdin")
        stdinOnce = try members.take("StdinOnce")
        networkDisabled = try members.take("NetworkDisabled")
        macAddress = try members.take("MacAddress")
        stopTimeout = try members.take("StopTimeout")
    }

    /// The configuration as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("User", user)
        members.put("ExposedPorts", exposedPorts)
        members.put("Env", env)
        members.put("Entrypoint", entrypoint)
        members.put("Cmd", cmd)
        members.put("Volumes", volumes)
        members.put("WorkingDir", workingDir)
        members.put("Labels", labels)
        members.put("StopSignal", stopSignal)
        members.put("Healthcheck", healthcheck)
        members.put("Shell", shell)
        members.put("OnBuild", onBuild)
        members.put("ArgsEscaped", argsEscaped)
        members.put("Memory", memory)
        members.put("MemorySwap", memorySwap)
        members.put("CpuShares", cpuShares)
        putDockerMembers(into: &members)
        return members.json
    }

    private func putDockerMembers(into members: inout JSONMembers) {
        members.put("Hostname", hostname)
        members.put("Domainname", domainname)
        members.put("AttachStdin", attachStdin)
        members.put("AttachStdout", attachStdout)
        members.put("AttachStderr", attachStderr)
        members.put("Tty", tty)
        members.put("OpenStdin", openStdin)
        members.put("StdinOnce", stdinOnce)
        members.put("NetworkDisabled", networkDisabled)
        members.put("MacAddress", macAddress)
        members.put("StopTimeout", stopTimeout)
    }
}

extension ContainerConfiguration.Healthcheck: JSONConvertible {
    /// Reads `Healthcheck`.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        test = try members.take("Test")
        interval = try members.take("Interval")
        timeout = try members.take("Timeout")
        startPeriod = try members.take("StartPeriod")
        startInterval = try members.take("StartInterval")
        retries = try members.take("Retries")
        unknown = members.remaining
    }

    /// The check as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("Test", test)
        members.put("Interval", interval)
        members.put("Timeout", timeout)
        members.put("StartPeriod", startPeriod)
        members.put("StartInterval", startInterval)
        members.put("Retries", retries)
        return members.json
    }
}
