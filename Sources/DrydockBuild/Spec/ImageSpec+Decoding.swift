// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import DrydockStorage

extension ImageSpec {
    /// Reads a spec in YAML or JSON.
    ///
    /// Relative paths in it stay as they are; ``resolve(_:)`` puts `directory` in front of them.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - file: The file's name for diagnostics.
    ///   - directory: The directory to which relative paths refer.
    /// - Returns: The spec.
    /// - Throws: ``SpecError`` with everything that is wrong.
    public static func decode(_ bytes: [UInt8], file: String, directory: String) throws(SpecError) -> ImageSpec {
        let source = try SpecSource.check(bytes, file: file)
        let reader = SpecReader()
        let spec = root(of: source, reportingTo: reader).flatMap { read($0, directory: directory) }
        if let error = reader.error(in: source) { throw error }
        guard var spec else {
            let problem = SpecProblem("The spec cannot be read")
            throw SpecError(sorted: [source.diagnostic(problem, at: .start)], total: 1)
        }
        spec.places.file = file
        return spec
    }

    private static func root(of source: SpecSource, reportingTo reader: SpecReader) -> SpecField? {
        do {
            guard let node = try SpecTree.read(source, reportingTo: reader), !node.isNull else {
                let least = source.isNamedJSON ? #"'{"name": "app"}'"# : "a line such as 'name: app'"
                reader.report(SpecProblem("The spec is empty", hint: "the least is \(least)"), at: .start)
                return nil
            }
            return SpecField(node, key: "", reader: reader)
        } catch {
            reader.report(error.problem, at: error.place)
            return nil
        }
    }

    static let keys = SpecKeys(
        [
            "name", "tag", "fromImage", "fromImageName", "fromImageTag", "inherit", "contents", "copyToRoot",
            "keepContentsDirlinks", "files", "config", "created", "mtime", "uid", "gid", "uname", "gname",
            "storeOwner", "architecture", "variant", "os", "annotations", "compressor", "maxLayers",
            "squash", "layering", "layeringPipeline", "runAsRoot", "extraCommands", "fakeRootCommands",
            "enableFakechroot", "includeStorePaths", "includeNixDB", "$schema",
        ],
        elsewhere: Dictionary(uniqueKeysWithValues: ContainerConfiguration.keys.names.map { ($0, "config") })
    )

    private static func read(_ root: SpecField, directory: String) -> ImageSpec? {
        guard case .map = root.node.value else {
            root.report("Expected a map with the keys of a spec, got \(root.node.kind)")
            return nil
        }
        guard let map = root.map(keys) else { return nil }
        _ = map["$schema"]?.string()
        let name = map.required("name")?.string(.imageName)
        var spec = ImageSpec(name: name ?? "", directory: directory)
        spec.tag = map["tag"]?.string(.tag)
        spec.readBase(map)
        spec.readContents(map)
        spec.readOwnership(map)
        spec.readTimes(map)
        spec.readPlatform(map)
        if let config = map["config"].flatMap(ContainerConfiguration.read) { spec.config = config }
        spec.unsetConfig = map["config"].map(ContainerConfiguration.unsetKeys) ?? []
        if let annotations = map["annotations"]?.stringMap(keys: .nonemptyText) { spec.annotations = annotations }
        spec.compressor = map["compressor"]?.string(.compressor).flatMap(Compressor.init)
        if let maxLayers = map["maxLayers"]?.integer(in: 2...ImageSpec.mostLayers) { spec.maxLayers = Int(maxLayers) }
        spec.layering = LayeringSpec.read(map)
        spec.scripts = ScriptSpec.read(map)
        spec.includeStorePaths = map["includeStorePaths"]?.bool() ?? true
        spec.includeNixDB = map["includeNixDB"]?.bool() ?? false
        if spec.includeNixDB, !spec.includeStorePaths {
            map.report("'includeNixDB' needs the store paths that 'includeStorePaths' leaves out", at: "includeNixDB")
        }
        return spec
    }

    private mutating func readBase(_ map: SpecMap) {
        fromImage = map["fromImage"]?.string(.imageSource)
        places.fromImage = map["fromImage"].map { [$0.node.place] } ?? []
        fromImageName = map["fromImageName"]?.string(.imageName)
        fromImageTag = map["fromImageTag"]?.string(.tag)
        if let text = map["inherit"]?.string(.inheritance) {
            inherit = ConfigurationInheritance(rawValue: text) ?? inherit
        }
        squash = map["squash"]?.bool() ?? false
        guard map["fromImage"] == nil else { return }
        for key in ["fromImageName", "fromImageTag", "inherit"] {
            map.forbid(key, "'\(key)' only goes with 'fromImage'")
        }
    }

    private mutating func readContents(_ map: SpecMap) {
        let items = map["contents"]?.elements("a list of maps") ?? []
        contents = items.compactMap(ContentItem.read)
        copyToRoot = map["copyToRoot"]?.stringOrStrings(.nonemptyText) ?? []
        places.contents = items.map(\.node.place)
        places.copyToRoot = map["copyToRoot"]?.elementPlaces ?? []
        keepContentsDirlinks = map["keepContentsDirlinks"]?.bool() ?? false
        let fields = map["files"]?.elements("a list of maps") ?? []
        var paths = DeclaredPaths()
        files = fields.compactMap { field in
            let file = FileSpec.read(field)
            if let file { paths.add(file, field) }
            return file
        }
        paths.reportConflicts()
        places.files = fields.map(\.node.place)
    }

    private mutating func readOwnership(_ map: SpecMap) {
        if let number = map["uid"]?.integer(in: 0...Int64(OwnerText.limit)) { uid = UInt32(number) }
        if let number = map["gid"]?.integer(in: 0...Int64(OwnerText.limit)) { gid = UInt32(number) }
        if let text = map["uname"]?.string(.accountName) { uname = text }
        if let text = map["gname"]?.string(.accountName) { gname = text }
        storeOwner = map["storeOwner"].flatMap(StoreOwner.read)
    }

    private mutating func readTimes(_ map: SpecMap) {
        if let time = map["created"]?.string(.timestamp).flatMap({ Timestamp($0) }) { created = time }
        if let time = map["mtime"]?.string(.timestamp).flatMap({ Timestamp($0) }) { mtime = time }
    }

    private mutating func readPlatform(_ map: SpecMap) {
        architecture = map["architecture"]?.string(.architecture)
        variant = map["variant"]?.string(.variant)
        if let text = map["os"]?.string(.operatingSystem) { os = text }
    }
}

extension SpecRule {
    /// An image in a file, a directory or a registry, or another file that leads to one.
    static let imageSource = SpecRule { text in
        if let problem = nonemptyText.problem(text) { return problem }
        do {
            if text.hasPrefix(ImageReference.locationPrefix) {
                _ = try ImageReference(String(text.dropFirst(ImageReference.locationPrefix.count)))
            } else {
                _ = try ImageLocation(text)
            }
        } catch {
            let lines = "\(error)".split(separator: "\n", maxSplits: 1)
            let hint = lines.count > 1 ? String(lines[1].dropFirst("hint: ".count)) : nil
            return SpecProblem(String(lines[0]), hint: hint)
        }
        return nil
    }

    fileprivate static let inheritance = word(
        ConfigurationInheritance.allCases.map(\.rawValue),
        "a way to inherit",
        aliases: ["all": "dockerfile", "docker": "dockerfile", "full": "dockerfile", "environment": "env"]
    )

    /// `dockerTools`' names of compressions.
    fileprivate static let compressor = word(
        ImageSpec.Compressor.allCases.map(\.rawValue),
        "a compressor",
        aliases: ["gzip": "gz", "zst": "zstd", "zstandard": "zstd"]
    )

    /// The architectures that Go knows on Linux.
    fileprivate static let architecture = word(
        [
            "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
            "riscv64", "s390x",
        ],
        "an architecture",
        aliases: [
            "x86_64": "amd64", "x64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386", "armhf": "arm",
            "armv7l": "arm", "powerpc64le": "ppc64le", "loongarch64": "loong64",
        ]
    )

    /// Lower-case letters and digits.
    fileprivate static let variant = SpecRule("a variant such as v8") { text in
        !text.isEmpty && text.utf8.allSatisfy { isDigit($0) || isLowercase($0) }
    }

    fileprivate static let operatingSystem = word(["linux"], "an operating system that can be built for")
}

/// The paths of `files`, to find two entries that cannot stand side by side.
private struct DeclaredPaths {
    private var entries: [(file: FileSpec, field: SpecField)] = []
    private var first: [String: Int] = [:]

    mutating func add(_ file: FileSpec, _ field: SpecField) {
        if let index = first[file.path] {
            let line = entries[index].field.node.place.line
            field.report("Path \(SpecProblem.quoted(file.path)) is declared twice, first on line \(line)")
        } else {
            first[file.path] = entries.count
        }
        entries.append((file, field))
    }

    /// Reports entries below something that is not a directory.
    func reportConflicts() {
        for entry in entries {
            var parent = entry.file.path[...]
            while let slash = parent.lastIndex(of: "/"), slash > parent.startIndex {
                parent = parent[..<slash]
                guard let index = first[String(parent)], entries[index].file.content != .directory else { continue }
                let line = entries[index].field.node.place.line
                entry.field.report(
                    "Path \(SpecProblem.quoted(entry.file.path)) lies below "
                        + "\(SpecProblem.quoted(String(parent))), which line \(line) declares as something else than a directory"
                )
                break
            }
        }
    }
}
