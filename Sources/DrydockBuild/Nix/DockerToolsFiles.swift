// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
import DrydockNix
import DrydockOCI
import DrydockPackages

/// The two store paths that dockerTools makes of an image and counts, when it divides the others over layers by their size.
///
/// `base.json` has the configuration, and the customisation layer has what lies at `/`, as a tar. No layer holds them, but they
/// are the roots of the graph that is divided, they are candidates for a layer of their own, and what they refer to may end
/// in their layer. So the same layers need the same two nodes.
///
/// Their sizes are those of NARs: of `{"architecture":…,"config":…,"os":…}` without spaces, and of a directory with `checksum`
/// (64 digits and a line feed) and `layer.tar` as GNU tar writes it of these entries. They are exact where dockerTools would
/// put the same entries at `/`; what only Drydock can have there is counted as GNU tar would write it.
struct DockerToolsFiles {
    /// One of the two.
    struct File: Hashable, Sendable {
        /// The size of its NAR in bytes.
        let narSize: Int64
        /// The store paths that it mentions.
        let references: [StorePath]
    }

    /// What the image runs with.
    let config: ContainerConfiguration
    /// What it runs on.
    let platform: Platform
    /// The store paths that it mentions.
    let mentions: StoreContents.Mentions

    /// `base.json`.
    var configuration: File {
        File(
            narSize: NARSize.file(of: Int64(Self.base(config, platform).count)),
            references: mentions.inConfiguration
        )
    }

    /// The customisation layer with these entries.
    func customisation(of entries: [TreeEntry]) -> File {
        let tar = GNUTarSize.size(of: entries)
        return File(
            narSize: NARSize.directory(of: [("checksum", Self.checksumSize), ("layer.tar", tar)]),
            references: mentions.inEntries
        )
    }

    /// The digits of a SHA-256 and a line feed.
    private static let checksumSize: Int64 = 65

    private static func base(_ config: ContainerConfiguration, _ platform: Platform) -> [UInt8] {
        CanonicalJSON.encode(
            JSONValue.object([
                "architecture": .string(platform.architecture), "config": config.json, "os": .string(platform.os),
            ])
        )
    }
}
