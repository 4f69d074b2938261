// SPDX-License-Identifier: Apache-2.0

public import DrydockOCI

/// What an image is made of, as its author wrote it.
///
/// This is the Swift form of a spec. The written form is YAML or JSON and is read by ``decode(_:file:directory:)``:
///
/// ```swift
/// var spec = ImageSpec(name: "redis")
/// spec.contents = [.executable(["/usr/bin/redis-server"])]
/// spec.config.cmd = ["/usr/bin/redis-server"]
/// ```
///
/// A spec in Swift has to keep the rules of the written form by itself; they are in `schema/image.schema.json`.
///
/// ## Topics
///
/// ### The name
/// - ``name``
/// - ``tag``
/// - ``annotations``
///
/// ### The base image
/// - ``fromImage``
/// - ``fromImageName``
/// - ``fromImageTag``
/// - ``inherit``
/// - ``unsetConfig``
/// - ``squash``
///
/// ### The files
/// - ``contents``
/// - ``copyToRoot``
/// - ``keepContentsDirlinks``
/// - ``files``
/// - ``scripts``
/// - ``resolve(_:)``
///
/// ### How it runs, and where
/// - ``config``
/// - ``architecture``
/// - ``variant``
/// - ``os``
///
/// ### What is written into the archive
/// - ``created``
/// - ``mtime``
/// - ``uid``
/// - ``gid``
/// - ``uname``
/// - ``gname``
/// - ``storeOwner``
/// - ``compressor``
/// - ``maxLayers``
///
/// ### Nix
/// - ``layering``
/// - ``includeStorePaths``
/// - ``includeNixDB``
public struct ImageSpec: Hashable, Sendable {
    /// The repository name, with a registry and a path if wanted.
    public var name: String
    /// The tag; nil means one that is derived from the image's digest.
    public var tag: String?
    /// The image that this one is built on: an archive, a layout, or another spec file; nil for none.
    public var fromImage: String?
    /// The name of the image in ``fromImage``, where there are several; without tag.
    public var fromImageName: String?
    /// The tag of the image in ``fromImage``, where there are several.
    public var fromImageTag: String?
    /// What is taken over from the base image's configuration.
    public var inherit = ConfigurationInheritance.dockerfile
    /// The keys of ``config`` of which nothing is taken over from the base image.
    public var unsetConfig: Set<String> = []
    /// Whether the image has one layer, in which everything is that is to be seen, that of the base image included.
    public var squash = false
    /// What appears in the image, in order.
    public var contents: [ContentItem] = []
    /// Directories whose content is copied to `/`, in order.
    public var copyToRoot: [String] = []
    /// Whether links to directories in ``copyToRoot`` stay links; otherwise they become directories with that content.
    public var keepContentsDirlinks = false
    /// Declared entries.
    public var files: [FileSpec] = []
    /// Scripts that change the last layer.
    public var scripts = ScriptSpec()
    /// How a container runs.
    public var config = ContainerConfiguration()
    /// The time of creation in the image configuration.
    public var created = Timestamp.defaultTime
    /// The modification time of all entries that have none of their own.
    public var mtime = Timestamp.defaultTime
    /// The owner of entries from ``contents`` and ``copyToRoot``.
    public var uid: UInt32 = 0
    /// The group of entries from ``contents`` and ``copyToRoot``.
    public var gid: UInt32 = 0
    /// The owner's name in the archive.
    public var uname = "root"
    /// The group's name in the archive.
    public var gname = "root"
    /// Whom the store paths belong to; nil for the owner of everything else.
    public var storeOwner: StoreOwner?
    /// The processor architecture by its name in Go; nil for this machine's.
    public var architecture: String?
    /// The variant of the architecture, such as `v8`.
    public var variant: String?
    /// The operating system; always `linux`.
    public var os = "linux"
    /// Annotations of the manifest.
    public var annotations: [String: String] = [:]
    /// How a docker-archive as a whole, or the layers of the other forms, are compressed; nil lets the destination decide.
    public var compressor: Compressor?
    /// The number of layers at most, from 2 to 125: more cannot be loaded into Docker.
    public var maxLayers = 100
    /// How store paths are divided over layers.
    public var layering = LayeringSpec()
    /// Whether the store paths are in the image; otherwise a store must be mounted where it runs.
    public var includeStorePaths = true
    /// Whether the image has a Nix database in which its store paths are valid.
    public var includeNixDB = false
    /// The largest number of layers that Docker loads: `maxLayerDepth` in
    /// [its layer store](https://github.com/moby/moby/blob/v28.0.0/layer/layer_store.go).
    static let mostLayers: Int64 = 125
    /// The directory to which relative paths refer.
    public var directory: String
    /// Where the inputs stand in the spec's file.
    var places = SpecPlaces()

    /// The compression of the outer archive, by `dockerTools`' names.
    public enum Compressor: String, Hashable, Sendable, CaseIterable {
        /// No compression.
        case none
        /// Gzip.
        case gz
        /// Zstandard.
        case zstd
    }

    /// A spec with nothing but a name; relative paths refer to `directory`.
    public init(name: String, directory: String = ".") {
        self.name = name
        self.directory = directory
    }

    /// The path as the spec means it: a relative one is under the spec's directory, which may itself be relative.
    public func resolve(_ path: String) -> String {
        if path.hasPrefix("/") || directory.isEmpty || directory == "." { return path }
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        // `./` says nothing behind a directory; `..` does, as links may lead anywhere.
        return base + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
