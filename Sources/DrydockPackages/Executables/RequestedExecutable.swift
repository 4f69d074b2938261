// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// An executable of the host that is to start in an image.
public struct RequestedExecutable: Hashable, Sendable {
    /// Its absolute path on the host.
    public let path: ByteString
    /// The absolute path of the file in the image, without `.` and `..`; nil for its path on the host.
    ///
    /// Nothing of the host's path then appears in the image: links that lead to the file are left out, and libraries
    /// that are found through `$ORIGIN` keep their position relative to it.
    public let place: ByteString?

    /// An executable that stays at its path, or goes to another place.
    public init(path: ByteString, place: ByteString? = nil) {
        self.path = path
        self.place = place
    }
}
