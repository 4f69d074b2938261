// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockJSON

/// Images that cannot be copied as it was asked for.
public enum CopyFailure: Error, Equatable, CustomStringConvertible {
    /// One name was given for several images.
    case oneNameForMany(String, count: Int)
    /// One name in a registry was given for several images; these are their names.
    case severalForRegistry(String, available: [String])
    /// A name means different images in these places.
    case conflictingName(String, [String])
    /// Docker's manifests have no type for such layers.
    case layersForDocker(String)
    /// The name at the destination has the digest of another image.
    case otherDigest(String, expected: Digest, actual: Digest)
    /// Images for one platform in these places.
    case samePlatform(String, [String])
    /// There is nothing to copy.
    case noImages

    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        switch self {
        case .oneNameForMany(let name, let count):
            "Cannot give the name '\(name.clippedForMessage)' to \(count) images\n"
                + "hint: leave the name out, and each image keeps its own"
        case .severalForRegistry(let name, let available):
            "Cannot push several images to '\(name.clippedForMessage)'\n"
                + (available.isEmpty
                    ? "hint: make one index of them with 'drydock index'"
                    : "hint: name one of them in the source: \(available.joined(separator: ", ").clippedForMessage)")
        case .conflictingName(let name, let places):
            "'\(name.clippedForMessage)' means different images in "
                + places.map { "'\($0.clippedForMessage)'" }.joined(separator: " and ")
                + "\nhint: copy one of them under another name first"
        case .layersForDocker(let compression):
            "Docker's manifests have no layers that are compressed with \(compression)\nhint: add '--compress gzip'"
        case .otherDigest(let name, let expected, let actual):
            "Cannot copy to '\(name.clippedForMessage)': expected the image \(expected), got \(actual)\n"
                + "hint: write a tag instead of the digest"
        case .samePlatform(let platform, let places):
            "The index would have two images for \(platform), from "
                + places.map { "'\($0.clippedForMessage)'" }.joined(separator: " and ")
                + "\nhint: name one image for each platform"
        case .noImages: "There is no image to copy"
        }
    }
}
