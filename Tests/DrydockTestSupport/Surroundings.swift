// SPDX-License-Identifier: Apache-2.0

/// Things around a program that must not change what it produces.
public struct Surroundings: Equatable, Sendable {
    /// The number of the user, and of the group, that runs the program; needs root.
    public var user: UInt32?
    /// The permission bits that new files do not get.
    public var umask: UInt16
    /// The locale, for example `tr_TR.UTF-8`.
    public var locale: String
    /// The time zone, for example `Asia/Kathmandu`.
    public var timeZone: String
    /// The number of processors that the program sees, from the first on; nil for all.
    public var processors: Int?

    /// Surroundings that differ from the usual ones in what is given.
    public init(
        user: UInt32? = nil,
        umask: UInt16 = 0o022,
        locale: String = "C.UTF-8",
        timeZone: String = "UTC",
        processors: Int? = nil
    ) {
        self.user = user
        self.umask = umask
        self.locale = locale
        self.timeZone = timeZone
        self.processors = processors
    }

    /// The command line that runs `arguments` in these surroundings.
    public func wrapping(_ arguments: [String]) -> [String] {
        var command = ["env", "LC_ALL=\(locale)", "LANG=\(locale)", "TZ=\(timeZone)"]
        if let processors { command += ["taskset", "--cpu-list", "0-\(processors - 1)"] }
        if let user { command += ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"] }
        let octal = String(umask, radix: 8)
        return command + ["sh", "-c", "umask \(octal) && exec \"$@\"", "sh"] + arguments
    }
}
