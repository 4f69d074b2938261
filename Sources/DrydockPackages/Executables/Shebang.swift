// SPDX-License-Identifier: Apache-2.0

import DrydockBytes

/// The first line of a script, as the kernel reads it (`fs/binfmt_script.c`, execve(2)).
struct Shebang {
    /// The path of the interpreter.
    let interpreter: ByteString
    /// The one argument that the interpreter is given before the script's path.
    let argument: ByteString?

    /// How much of a file the kernel looks at, in bytes.
    static let lineLimit = 256
    /// How often the interpreter of a script may be a script (execve(2), "Interpreter scripts").
    static let depthLimit = 4

    private static let mark = Array("#!".utf8)
    private static let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t")]

    /// Whether a file begins like a script.
    static func isScript(_ start: [UInt8]) -> Bool { start.starts(with: mark) }

    /// The line at the beginning of a script.
    ///
    /// Nil if it names no interpreter, or if the interpreter's path may be cut off.
    ///
    /// - Parameter start: The first ``lineLimit`` bytes of the file, or all if it is shorter.
    init?(_ start: [UInt8]) {
        let ends: Set<UInt8> = [UInt8(ascii: "\n"), 0]
        let content = start.prefix(Self.lineLimit).dropFirst(Self.mark.count)
        let line = content.prefix { !ends.contains($0) }
        let isCut = line.endIndex == Self.lineLimit
        let path = line.drop { Self.blanks.contains($0) }
        let name = path.prefix { !Self.blanks.contains($0) }
        guard !name.isEmpty, !(isCut && name.endIndex == line.endIndex) else { return nil }
        interpreter = ByteString(name)
        var rest = path[name.endIndex...].drop { Self.blanks.contains($0) }
        while let last = rest.last, Self.blanks.contains(last) { rest.removeLast() }
        argument = rest.isEmpty ? nil : ByteString(rest)
    }

    /// Whether the interpreter is `env`, which starts the command that is its argument.
    var isEnv: Bool { interpreter.lastComponent == "env" && argument != nil }
}

/// What `env` starts: the reading of its one argument in a script's first line (env(1)).
struct EnvironmentCommand {
    /// The command: a name, or a path.
    let name: ByteString
    /// Where a name is looked up.
    let directories: [ByteString]

    /// Where commands are looked up: the usual path of Debian's root user.
    ///
    /// It is fixed, because an image must not depend on the environment of who builds it.
    static let defaultDirectories: [ByteString] = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    private static let splitOptions: [ByteString] = ["-S", "-vS", "--split-string="]
    private static let optionsWithValue: Set<ByteString> = ["-u", "--unset", "-C", "--chdir", "-a", "--argv0"]

    /// Nil if the argument has no command.
    ///
    /// - Throws: ``ExecutableFailure/Reason/usesEnvironment`` for `${NAME}`.
    init?(_ argument: ByteString, script: ByteString) throws(ExecutableFailure) {
        var words = [argument]
        if let option = Self.splitOptions.first(where: { argument.bytes.starts(with: $0.bytes) }) {
            words = try Self.split(argument.bytes.dropFirst(option.count), script)
        }
        var directories = Self.defaultDirectories
        var rest = words[...]
        while let word = rest.popFirst() {
            if Self.optionsWithValue.contains(word) {
                rest = rest.dropFirst()
            } else if word.bytes.starts(with: Array("PATH=".utf8)) {
                directories = word.bytes.dropFirst(5).split(separator: UInt8(ascii: ":")).map { ByteString($0) }
            } else if word.bytes.first != UInt8(ascii: "-"), !word.bytes.contains(UInt8(ascii: "=")) {
                name = word
                self.directories = directories
                return
            }
        }
        return nil
    }

    /// The words of `-S`: quotes and backslashes as in env(1), "-S/--split-string usage in scripts".
    private static func split(
        _ text: ArraySlice<UInt8>,
        _ script: ByteString
    ) throws(ExecutableFailure) -> [ByteString] {
        var words: [ByteString] = []
        var word: [UInt8]?
        var quote: UInt8?
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "$") where quote != UInt8(ascii: "'"):
                throw ExecutableFailure(.usesEnvironment, path: script)
            case UInt8(ascii: "\\"):
                let next = rest.popFirst() ?? byte
                word = (word ?? []) + [next == UInt8(ascii: "_") ? UInt8(ascii: " ") : next]
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                // A quote of the other kind is a character like any other.
                if quote == nil { quote = byte } else if quote == byte { quote = nil } else { word?.append(byte) }
                word = word ?? []
            case UInt8(ascii: " ") where quote == nil, UInt8(ascii: "\t") where quote == nil:
                if let whole = word { words.append(ByteString(whole)) }
                word = nil
            default: word = (word ?? []) + [byte]
            }
        }
        if let whole = word { words.append(ByteString(whole)) }
        return words
    }
}
