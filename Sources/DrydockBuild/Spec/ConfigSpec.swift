// SPDX-License-Identifier: Apache-2.0

/// How a container of the image runs: the keys of the OCI and the Docker image configuration.
///
/// nil means that the key is absent from the image configuration.
/// [Image configuration](https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties),
/// [Docker image specification](https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md).
public struct ConfigSpec: Hashable, Sendable {
    /// `User`: the user, or user and group with `:` between.
    public var user: String?
    /// `ExposedPorts`: ports with their protocol, such as `6379/tcp`, sorted.
    public var exposedPorts: [String]?
    /// `Env`: variables as `NAME=VALUE`.
    public var env: [String]?
    /// `Entrypoint`: the program and its first arguments.
    public var entrypoint: [String]?
    /// `Cmd`: further arguments, or the whole command if there is no entry point.
    public var cmd: [String]?
    /// `Volumes`: absolute paths, sorted.
    public var volumes: [String]?
    /// `WorkingDir`: the directory in which the program starts.
    public var workingDir: String?
    /// `Labels`.
    public var labels: [String: String]?
    /// `StopSignal`: a signal's name or number.
    public var stopSignal: String?
    /// `StopTimeout`: seconds from that signal to SIGKILL; -1 is for ever.
    public var stopTimeout: Int64?
    /// `Healthcheck`.
    public var healthcheck: Healthcheck?
    /// `Shell`: the shell that runs commands given as one string.
    public var shell: [String]?
    /// `OnBuild`: instructions for builds on top of this image.
    public var onBuild: [String]?
    /// `ArgsEscaped`: the command line is one string; for Windows only.
    public var argsEscaped: Bool?
    /// `Memory`: limit in bytes.
    public var memory: Int64?
    /// `MemorySwap`: limit of memory and swap together in bytes; -1 is none.
    public var memorySwap: Int64?
    /// `CpuShares`: relative weight.
    public var cpuShares: Int64?
    /// `Hostname`.
    public var hostname: String?
    /// `Domainname`.
    public var domainname: String?
    /// `AttachStdin`.
    public var attachStdin: Bool?
    /// `AttachStdout`.
    public var attachStdout: Bool?
    /// `AttachStderr`.
    public var attachStderr: Bool?
    /// `Tty`.
    public var tty: Bool?
    /// `OpenStdin`.
    public var openStdin: Bool?
    /// `StdinOnce`.
    public var stdinOnce: Bool?
    /// `NetworkDisabled`.
    public var networkDisabled: Bool?
    /// `MacAddress`.
    public var macAddress: String?

    /// A check that tells whether the program is well; times in nanoseconds, 0 for the engine's default.
    public struct Healthcheck: Hashable, Sendable {
        /// `Test`: `NONE`, or `CMD` and a command, or `CMD-SHELL` and one string; nil for the base image's.
        public var test: [String]?
        /// `Interval` between two checks.
        public var interval: Int64?
        /// `Timeout` of a check.
        public var timeout: Int64?
        /// `StartPeriod`: how long failures do not count.
        public var startPeriod: Int64?
        /// `StartInterval` between two checks in that period.
        public var startInterval: Int64?
        /// `Retries`: how many failures make the container unhealthy.
        public var retries: Int64?

        /// A check without any key.
        public init() {}
    }

    /// A configuration without any key.
    public init() {}
}
