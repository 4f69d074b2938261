// SPDX-License-Identifier: Apache-2.0

/// A version of Docker's interface.
///
/// [History](https://docs.docker.com/reference/api/engine/version-history/).
struct DaemonVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int

    /// The oldest that has all that is used here; Docker 1.12 has it.
    static let oldest = DaemonVersion(major: 1, minor: 24)
    /// The newest that is known to have it unchanged.
    static let newest = DaemonVersion(major: 1, minor: 51)

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Parses `1.41`.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int(String($0)) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1], major >= 0, minor >= 0 else { return nil }
        self.init(major: major, minor: minor)
    }

    static func < (left: DaemonVersion, right: DaemonVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    /// `1.41`.
    var description: String { "\(major).\(minor)" }
}
