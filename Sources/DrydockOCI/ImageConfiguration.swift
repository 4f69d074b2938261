// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockJSON

/// The image configuration: what the layers are and how a container is started; its digest is the imageID.
///
/// Times are kept as they were written, in RFC 3339 form: another form of the same time would be another digest.
/// [Image specification, Image Configuration](https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md).
public struct ImageConfiguration: Hashable, Sendable {
    /// When the image was made.
    public var created: String?
    /// Who made it.
    public var author: String?
    /// The processor by Go's name, for example `amd64`.
    public var architecture: String
    /// The operating system by Go's name, for example `linux`.
    public var os: String
    /// The version of the processor, for example `v7`.
    public var variant: String?
    /// The version of the operating system; Windows uses it.
    public var osVersion: String?
    /// What the operating system must have; Windows uses it.
    public var osFeatures: [String]?
    /// How a container is started.
    public var config: ContainerConfiguration?
    /// The layers.
    public var rootfs: RootFileSystem
    /// Where each layer came from, lowest first, with entries for steps that made none.
    public var history: [HistoryEntry]?
    /// Members that this program does not know.
    public var unknown: [String: JSONValue] = [:]

    /// A configuration for a platform.
    public init(platform: Platform, rootfs: RootFileSystem = RootFileSystem()) {
        os = platform.os
        architecture = platform.architecture
        variant = platform.variant
        osVersion = platform.osVersion
        osFeatures = platform.osFeatures
        self.rootfs = rootfs
    }

    /// What the image runs on.
    public var platform: Platform {
        var platform = Platform(os: os, architecture: architecture, variant: variant)
        platform.osVersion = osVersion
        platform.osFeatures = osFeatures
        return platform
    }

    /// The layers of an image.
    public struct RootFileSystem: Hashable, Sendable {
        /// Always `layers`.
        public var type: String
        /// The digests of the uncompressed tars, lowest layer first.
        public var diffIDs: [Digest]
        /// Members that this program does not know.
        public var unknown: [String: JSONValue] = [:]

        /// Layers by their diffIDs.
        public init(diffIDs: [Digest] = []) {
            type = "layers"
            self.diffIDs = diffIDs
        }
    }

    /// One step in the making of an image.
    public struct HistoryEntry: Hashable, Sendable {
        /// When it was.
        public var created: String?
        /// The command or input that made the layer.
        public var createdBy: String?
        /// Who did it.
        public var author: String?
        /// What else is said of it.
        public var comment: String?
        /// Whether the step made no layer; nothing means that it made one.
        public var emptyLayer: Bool?
        /// Members that this program does not know.
        public var unknown: [String: JSONValue] = [:]

        /// A step that made a layer.
        public init(createdBy: String? = nil) { self.createdBy = createdBy }
    }
}

extension ImageConfiguration: JSONConvertible {
    /// Reads a configuration of OCI or Docker.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        created = try members.take("created")
        author = try members.take("author")
        architecture = try members.require("architecture")
        os = try members.require("os")
        variant = try members.take("variant")
        osVersion = try members.take("os.version")
        osFeatures = try members.take("os.features")
        config = try members.take("config")
        rootfs = try members.require("rootfs")
        history = try members.take("history")
        unknown = members.remaining
    }

    /// The configuration as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("created", created)
        members.put("author", author)
        members.put("architecture", architecture)
        members.put("os", os)
        members.put("variant", variant)
        members.put("os.version", osVersion)
        members.put("os.features", osFeatures)
        members.put("config", config)
        members.put("rootfs", rootfs)
        members.put("history", history)
        return members.json
    }
}

extension ImageConfiguration.RootFileSystem: JSONConvertible {
    /// Reads `rootfs`; its type must be `layers`.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        type = try members.require("type")
        guard type == "layers" else {
            throw JSONFailure(.invalid("expected 'layers', got '\(type.clippedForMessage)'"), path: "type")
        }
        diffIDs = try members.requireArray("diff_ids")
        unknown = members.remaining
    }

    /// The layers as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("type", type)
        members.put("diff_ids", diffIDs)
        return members.json
    }
}

extension ImageConfiguration.HistoryEntry: JSONConvertible {
    /// Reads one entry of `history`.
    public init(json: JSONValue) throws(JSONFailure) {
        var members = try JSONMembers(json: json)
        created = try members.take("created")
        createdBy = try members.take("created_by")
        author = try members.take("author")
        comment = try members.take("comment")
        emptyLayer = try members.take("empty_layer")
        unknown = members.remaining
    }

    /// The step as an object.
    public var json: JSONValue {
        var members = JSONMembers(unknown)
        members.put("created", created)
        members.put("created_by", createdBy)
        members.put("author", author)
        members.put("comment", comment)
        members.put("empty_layer", emptyLayer)
        return members.json
    }
}
