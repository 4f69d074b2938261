// SPDX-License-Identifier: Apache-2.0

/// Remembers where the upload of one blob goes on, beyond the life of this process.
///
/// It only saves time: a registry that has forgotten the upload gets the blob from its start.
public protocol UploadSession: Sendable {
    /// Where an upload that was not completed goes on, an absolute URL; nil if none is known.
    var location: String? { get }

    /// Takes note of where the upload goes on.
    func remember(_ location: String)

    /// The upload is complete, or nothing of it is left.
    func forget()
}
