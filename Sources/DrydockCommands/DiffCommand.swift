// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockJSON
import DrydockOCI
import DrydockPackages
import DrydockStorage

/// `drydock diff`: what differs between two images.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what differs between two images: settings, layers and files.",
        discussion: """
            Files are compared by kind, content, link target, mode, owner and extended attributes, not by time. In the \
            list '-' is only in the first image, '+' only in the second, '~' in both.

            Images are named as for 'drydock inspect'.

            Exit code 1 says that the images differ.
            """
    )

    @Argument(help: ArgumentHelp("The first image.", valueName: "a"), completion: .file())
    var first: String

    @Argument(help: ArgumentHelp("The second image.", valueName: "b"), completion: .file())
    var second: String

    @Flag(help: "Print the differences as one JSON object on standard output.")
    var json = false

    @OptionGroup var sources: ImageSourceOptions

    func run() async throws {
        let source = try sources.source(for: first, second)
        let directory = source.environment.temporaryDirectory
        let difference = try await source.withImage(at: first) { left in
            try await source.withImage(at: second) { right in
                try await ImageDifference(left, right, temporaryDirectory: directory)
            }
        }
        let report = DifferenceReport(difference: difference)
        if json {
            try Output.json(report.json)
        } else {
            try Output.text(report.text)
        }
        if !difference.isEmpty { throw ExitCode(1) }
    }
}

/// What `diff` prints.
struct DifferenceReport {
    let difference: ImageDifference

    var json: JSONValue {
        .object([
            "config": .array(
                difference.settings.map { setting in
                    .object([
                        "key": .string(setting.key),
                        "first": setting.first ?? .null,
                        "second": setting.second ?? .null,
                    ])
                }
            ),
            "layers": .object([
                "removed": .array(difference.removedLayers.map(layer)),
                "added": .array(difference.addedLayers.map(layer)),
                "shared": .integer(Int64(difference.sharedLayerCount)),
            ]),
            "files": .array(difference.files.map(file)),
        ])
    }

    private func layer(_ layer: StoredImage.Layer) -> JSONValue {
        .object(["diffID": .string("\(layer.diffID)"), "size": .integer(layer.descriptor.size)])
    }

    private func file(_ file: ImageDifference.File) -> JSONValue {
        .object([
            "path": .string("/\(file.path)"),
            "change": .string(file.first == nil ? "added" : file.second == nil ? "removed" : "changed"),
            "aspects": .array(file.aspects.map { .string($0.rawValue) }),
            "first": file.first.map { EntryReport(entry: $0).json } ?? .null,
            "second": file.second.map { EntryReport(entry: $0).json } ?? .null,
        ])
    }

    var text: String {
        guard !difference.isEmpty else { return "The images are equal\n" }
        var lines = difference.settings.flatMap { setting in
            [
                setting.first.map { "- \(setting.key) \(compact($0))" },
                setting.second.map { "+ \(setting.key) \(compact($0))" },
            ]
            .compactMap(\.self)
        }
        lines += difference.removedLayers.map { "- layer \($0.diffID)  \(ByteSize($0.descriptor.size))" }
        lines += difference.addedLayers.map { "+ layer \($0.diffID)  \(ByteSize($0.descriptor.size))" }
        lines += difference.files.map(line)
        return lines.joined(separator: "\n") + "\n"
    }

    private func compact(_ value: JSONValue) -> String {
        String(decoding: CanonicalJSON.encode(value), as: UTF8.self)
    }

    private func line(_ file: ImageDifference.File) -> String {
        guard let first = file.first.map(EntryReport.init) else {
            return "+ " + (file.second.map { EntryReport(entry: $0).text } ?? "")
        }
        guard let second = file.second.map(EntryReport.init) else { return "- " + first.text }
        let changes = file.aspects.map { "\($0.rawValue) \(first.value(of: $0)) to \(second.value(of: $0))" }
        return "~ /\(file.path)  " + changes.joined(separator: ", ")
    }
}

/// One entry of a root file system, for people and for programs.
struct EntryReport {
    let entry: TreeEntry

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "path": .string("/\(entry.path)"),
            "kind": .string(kind),
            "mode": .string(mode),
            "uid": .integer(Int64(entry.attributes.owner.uid)),
            "gid": .integer(Int64(entry.attributes.owner.gid)),
        ]
        if case .file(let content) = entry.node { members["size"] = .integer(content.size) }
        if let target { members["target"] = .string(target) }
        return .object(members)
    }

    /// For example `-rwxr-xr-x` in octal, the owner, the size and the path.
    var text: String {
        let size = if case .file(let content) = entry.node { "\(ByteSize(content.size))" } else { "" }
        let suffix = target.map { " -> \($0)" } ?? ""
        return "\(kind.padded(to: 9)) \(mode) \(owner.padded(to: 9)) \(size.padded(to: 8)) /\(entry.path)\(suffix)"
    }

    var kind: String {
        switch entry.node {
        case .directory: "directory"
        case .file: "file"
        case .symlink: "link"
        case .fifo: "pipe"
        case .characterDevice: "character"
        case .blockDevice: "block"
        }
    }

    private var mode: String {
        let digits = String(entry.attributes.mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private var owner: String { "\(entry.attributes.owner.uid):\(entry.attributes.owner.gid)" }

    private var target: String? {
        switch entry.node {
        case .symlink(let target): "\(target)"
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor): "\(major),\(minor)"
        default: nil
        }
    }

    func value(of aspect: ImageDifference.File.Aspect) -> String {
        switch aspect {
        case .kind: kind
        case .content: if case .file(let content) = entry.node { "\(ByteSize(content.size))" } else { "" }
        case .target: target ?? ""
        case .mode: mode
        case .owner: owner
        case .attributes: "\(entry.attributes.extendedAttributes.count)"
        }
    }
}
