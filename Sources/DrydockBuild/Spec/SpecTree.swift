// SPDX-License-Identifier: Apache-2.0

/// Decides whether a spec is JSON or YAML and reads its tree.
///
/// A file whose name ends with `.json` is JSON. Any other text is JSON if it starts with `{` and is JSON to its end; a
/// map of YAML in braces is not, so it stays YAML.
enum SpecTree: Sendable {
    /// The root, nil if there is none.
    static func read(_ source: SpecSource, reportingTo reader: SpecReader) throws(SpecProblemAt) -> SpecNode? {
        if source.isNamedJSON { return try SpecJSONReader.read(source, reportingTo: reader) }
        if source.startsWithBrace {
            let trial = SpecReader()
            // What is wrong with it as JSON says nothing about it as YAML.
            if let root = try? SpecJSONReader.read(source, reportingTo: trial) {
                reader.adopt(trial)
                return root
            }
        }
        try source.checkYAMLCharacters()
        var composer = SpecComposer(source)
        let tree = try composer.compose()
        return tree.map { SpecConverter(composer, reportingTo: reader).convert($0) }
    }
}

extension SpecSource {
    /// Whether the file's name says that it is JSON, whatever it holds.
    var isNamedJSON: Bool { file.lowercased().hasSuffix(".json") }

    /// Whether the first character that is not white space is a brace.
    fileprivate var startsWithBrace: Bool {
        text.utf8.first { !Self.isJSONSpace($0) } == UInt8(ascii: "{")
    }

    /// The white space of JSON, [RFC 8259, 2](https://www.rfc-editor.org/rfc/rfc8259#section-2).
    static func isJSONSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
