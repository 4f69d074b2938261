// SPDX-License-Identifier: Apache-2.0

/// A password or token: every way to print it shows only that there is one.
///
/// ``revealed`` is read where it goes into a request, and nowhere else.
public struct Secret: Hashable, Sendable {
    /// The text itself.
    package let revealed: String

    /// Keeps a text from being printed.
    public init(_ text: String) { revealed = text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The same for every secret.
    public var description: String { "<secret>" }
    /// The same for every secret.
    public var debugDescription: String { description }
    /// Without children: `dump` and mirrors find nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
