// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes

/// A file that cannot be started, or a pattern that matches no library.
public struct ExecutableFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Hashable, Sendable {
        /// It is a directory.
        case directory
        /// It is a device, a pipe or a socket.
        case notRegular
        /// It begins neither as an ELF file nor as a script.
        case unknownFormat
        /// It is for another machine than the image.
        case otherMachine(expected: Machine, actual: String)
        /// What starts the file cannot be found.
        case interpreter(PathFailure)
        /// The first line of the script names no interpreter, or is longer than Linux reads.
        case malformedScript
        /// The interpreter of the script is a script, and so on, further than Linux goes.
        case tooManyInterpreters
        /// The script is, in the end, its own interpreter.
        case interpretsItself
        /// `env` would not find the command in these directories.
        case commandNotFound(ByteString, searched: [ByteString])
        /// The first line lets `env` use a variable.
        case usesEnvironment
        /// The pattern matches no file.
        case matchesNothing
        /// The path is relative, and nothing says where the file goes in the image.
        case unplaced
        /// Another file of the host goes to this place of the image.
        case samePlace(ByteString, as: ByteString)
        /// The library's path, taken from the executable at this place of the image, leads out of the root.
        case leavesRoot(from: ByteString)
    }

    /// What is wrong.
    public let reason: Reason
    /// The file or pattern.
    public let path: ByteString

    /// A fault of a file.
    package init(_ reason: Reason, path: ByteString) {
        self.reason = reason
        self.path = path
    }

    /// One sentence, and a hint where there is one.
    public var description: String {
        hint.map { "\(sentence)\nhint: \($0)" } ?? sentence
    }

    private var sentence: String {
        switch reason {
        case .directory: "Cannot use '\(path)' as an executable: it is a directory"
        case .notRegular: "Cannot use '\(path)' as an executable: it is not a regular file"
        case .unknownFormat: "Cannot use '\(path)' as an executable: it is neither an ELF file nor a script"
        case .otherMachine(let expected, let actual):
            "Cannot use '\(path)' in this image: expected a file for \(expected), got one for \(actual)"
        case .interpreter(let failure): "Cannot start '\(path)': \(failure.sentence.loweringFirstLetter)"
        case .malformedScript: "Cannot start '\(path)': its first line names no interpreter"
        case .tooManyInterpreters:
            "Cannot start '\(path)': its interpreter is a script, and so on, more than \(Shebang.depthLimit) times"
        case .interpretsItself: "Cannot start '\(path)': the script is its own interpreter"
        case .commandNotFound(let name, let searched):
            "Cannot start '\(path)': env does not find '\(name)' in "
                + searched.map(\.description).joined(separator: ", ")
        case .usesEnvironment: "Cannot start '\(path)': its first line uses a variable of the environment"
        case .matchesNothing: "The pattern '\(path)' matches no file"
        case .unplaced: "Cannot put '\(path)' into the image: a relative path does not say where"
        case .samePlace(let place, let other): "Cannot put '\(path)' at '\(place)': '\(other)' goes there, too"
        case .leavesRoot(let place):
            "Cannot put the library '\(path)' into the image: relative to '\(place)', it would be outside of the root"
        }
    }

    private var hint: String? {
        switch reason {
        case .directory: "use 'directory:' instead"
        case .unknownFormat, .notRegular: "use 'files:' or 'copyToRoot:' for anything that is not a program"
        case .otherMachine: "set 'architecture' to that of the file, or give a file for the image's architecture"
        case .interpreter(let failure) where failure.path.bytes.last == UInt8(ascii: "\r"):
            "end the lines of the script with LF instead of CR LF"
        case .commandNotFound(let name, _) where name.bytes.contains(UInt8(ascii: " ")):
            "write 'env -S' to give the command arguments"
        case .commandNotFound, .usesEnvironment: "write the path of the interpreter into the first line"
        case .unplaced: "say where it goes in the image, for example at: /usr/bin/\(path.lastComponent)"
        case .samePlace: "choose another path for 'at', or give each executable an item of its own"
        case .leavesRoot: "choose a path with more directories for 'at', for example /opt/app/bin/app"
        case .interpreter, .malformedScript, .tooManyInterpreters, .interpretsItself, .matchesNothing: nil
        }
    }
}
