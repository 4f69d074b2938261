// SPDX-License-Identifier: Apache-2.0

public import DrydockOCI
public import DrydockStorage

/// What a build may know of the machine it runs on.
///
/// Libraries do not ask for it: it is handed to them.
public struct BuildEnvironment: Sendable {
    /// The time of the build, for `now`.
    public var now: Timestamp.Instant
    /// The value of `SOURCE_DATE_EPOCH`, if it is set.
    public var sourceDateEpoch: String?
    /// Where decompressed archives are kept during the build.
    public var temporaryDirectory: String
    /// The directory to which relative paths refer; absolute.
    public var workingDirectory: String
    /// The platform of this machine.
    public var platform: Platform
    /// Where store paths are.
    public var store = StoreSettings()
    /// Where digests of layers are remembered.
    public var memory = LayerMemory(nil)
    /// Where base images of registries come from; nil if there is no place that they can be fetched into.
    public var remoteImages: RemoteImages?
    /// How scripts are run.
    public var scripts = ScriptSettings()

    /// A machine as it is described.
    public init(
        now: Timestamp.Instant,
        sourceDateEpoch: String? = nil,
        temporaryDirectory: String = "/tmp",
        workingDirectory: String = "/",
        platform: Platform = .host
    ) {
        self.now = now
        self.sourceDateEpoch = sourceDateEpoch
        self.temporaryDirectory = temporaryDirectory
        self.workingDirectory = workingDirectory
        self.platform = platform
    }

    /// The point in time that a spec means.
    func instant(of timestamp: Timestamp) throws -> Timestamp.Instant {
        try timestamp.instant(now: now, sourceDateEpoch: sourceDateEpoch)
    }

    /// The platform that a spec asks for, or this machine's.
    func platform(of spec: ImageSpec) -> Platform {
        guard let architecture = spec.architecture else {
            return Platform(os: spec.os, architecture: platform.architecture, variant: spec.variant ?? platform.variant)
        }
        return Platform(os: spec.os, architecture: architecture, variant: spec.variant)
    }

    /// A path from the root.
    public func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)" }
}
