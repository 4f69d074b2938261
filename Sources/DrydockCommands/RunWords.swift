// SPDX-License-Identifier: Apache-2.0

/// The command line of `drydock run`, where everything from the second plain word on is the image's command.
///
/// `docker run IMAGE ls -l /` is what people type. The argument parser knows no such thing when options may follow IMAGE, too:
/// it is told by a `--` in front of the command's first word.
package enum RunWords {
    /// The options of `run` that take the next word as their value.
    package static let optionsWithValue: Set<String> = [
        "--entrypoint", "--env", "-e", "--user", "-u", "--workdir", "-w", "--volume", "-v", "--network", "--platform",
        "--store", "--references-graph", "--cache", "--sandbox", "--script-time", "--script-memory", "--username",
    ]

    /// The arguments of the program with `--` in front of the command, unless they have one there already.
    package static func marked(_ arguments: [String]) -> [String] {
        guard arguments.first == "run", let first = firstWord(arguments.dropFirst()) else { return arguments }
        return arguments[..<first] + ["--"] + arguments[first...]
    }

    /// Where the command begins; nil if there is none, or something marks it.
    private static func firstWord(_ arguments: ArraySlice<String>) -> Int? {
        var isValue = false
        var hasImage = false
        for (position, word) in zip(arguments.indices, arguments) {
            if word == "--" { return nil }
            if isValue {
                isValue = false
            } else if word.hasPrefix("-"), word != "-" {
                isValue = optionsWithValue.contains(word)
            } else if hasImage {
                return position
            } else {
                hasImage = true
            }
        }
        return nil
    }
}
