// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The program `skopeo`, which reads and copies images in every form; it needs no rights.
public enum Skopeo: Sendable {
    /// Copies an image between two places, for example from `docker-archive:a.tar` to `oci:layout:tag`.
    ///
    /// - Throws: ``Command/Failure`` if skopeo refuses the image.
    public static func copy(_ source: String, _ destination: String, options: [String] = []) async throws {
        try await skopeo(["copy"] + options + [source, destination])
    }

    /// The image's manifest, configuration and layers as skopeo sums them up, as JSON.
    ///
    /// - Throws: ``Command/Failure`` if skopeo refuses the image.
    public static func inspect(_ image: String, options: [String] = []) async throws -> Data {
        Data(try await skopeo(["inspect"] + options + [image]).utf8)
    }

    @discardableResult
    private static func skopeo(_ arguments: [String]) async throws -> String {
        try await withTemporaryDirectory { directory in
            try await Command.check(
                ["skopeo", "--insecure-policy", "--tmpdir", directory] + arguments,
                environment: ["HOME": directory]
            )
        }
    }
}

/// The program `umoci`, which works on OCI image layouts; needs root, so that owners come out as they are.
public enum Umoci: Sendable {
    /// Unpacks an image; its files are then in `bundle`, below `rootfs`.
    ///
    /// - Throws: ``Command/Failure`` if umoci refuses the image.
    public static func unpack(layout: String, tag: String, to bundle: String) async throws {
        try await Command.check(["umoci", "unpack", "--image", "\(layout):\(tag)", bundle])
    }

    /// The image's configuration and history, as JSON.
    ///
    /// - Throws: ``Command/Failure`` if umoci refuses the image.
    public static func stat(layout: String, tag: String) async throws -> Data {
        Data(try await Command.check(["umoci", "stat", "--image", "\(layout):\(tag)", "--json"]).utf8)
    }
}
