// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockFiles
import DrydockJSON

/// Why the local store cannot be used.
public struct LocalStoreFailure: Error, Equatable {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// A system call failed.
        case system(SystemError)
        /// The directory belongs to another user, whose number this is.
        case foreignOwner(UInt32)
        /// Everyone may write to the directory.
        case writableByEveryone
        /// Something other than a file has the store's name.
        case notRegularFile
        /// A newer program has written it.
        case newerVersion(Int64, known: Int64)
        /// Another process kept it locked.
        case locked
        /// The file system is full.
        case full
        /// It is damaged; the clause says how that was noticed.
        case damaged(String)
        /// It is damaged, and other processes have it open, so that it cannot be moved aside.
        case damagedInUse
        /// A blob was offered whose bytes have another digest or number.
        case wrongBlob(expected: Digest, actual: Digest)
        /// SQLite refuses; its words.
        case refused(String)
    }

    /// What is wrong.
    public let reason: Reason
    /// The path of the store's directory or file.
    public let path: String

    package init(_ reason: Reason, path: String) {
        self.reason = reason
        self.path = path
    }

    var isDamage: Bool {
        guard case .damaged = reason else { return false }
        return true
    }
}

extension LocalStoreFailure: CustomStringConvertible {
    /// One sentence for the person, and a hint where one helps.
    public var description: String { hint.map { "\(sentence)\nhint: \($0)" } ?? sentence }

    /// What is wrong, without the hint.
    var sentence: String {
        let name = "'\(path.clippedForMessage)'"
        return switch reason {
        case .system(let error):
            "Cannot \(error.operation) '\(error.path.clippedForMessage)': \(SystemError.text(of: error.errorNumber))"
        case .foreignOwner(let user): "The cache \(name) belongs to another user, number \(user)"
        case .writableByEveryone: "The cache \(name) may be written by every user of this machine"
        case .wrongBlob(let expected, let actual):
            "What came is not the blob: expected digest \(expected), got \(actual)"
        case .notRegularFile: "The cache \(name) is not a regular file"
        case .newerVersion(let version, let known):
            "The cache \(name) was written by a newer drydock: expected version \(known) or older, got \(version)"
        case .locked: "The cache \(name) is kept locked by another process"
        case .full: "The cache \(name) cannot grow: no space left on its file system"
        case .damaged(let clause): "The cache \(name) is damaged: \(clause)"
        case .damagedInUse: "The cache \(name) is damaged, and other processes have it open"
        case .refused(let clause): "The cache \(name) cannot be used: \(clause)"
        }
    }

    /// The one action that usually helps.
    var hint: String? {
        switch reason {
        case .foreignOwner: "choose a directory of your own with --cache"
        case .writableByEveryone: "take the permission away: chmod o-w '\(path.clippedForMessage)'"
        case .notRegularFile: "remove it, or choose another directory with --cache"
        case .newerVersion: "use the newer drydock, or choose another directory with --cache"
        case .full: "free some space there, or choose another directory with --cache"
        case .damagedInUse: "it is begun anew as soon as they have ended"
        default: nil
        }
    }
}

/// What a person should know of the local store, although nothing has failed.
public enum LocalStoreWarning: Equatable, Sendable {
    /// The store was damaged and is empty now; what was there has another name.
    case begunAnew(path: String, damaged: String)
    /// A build looks nothing up and remembers nothing.
    case notUsed(LocalStoreFailure)
    /// A build could not write down what it found out.
    case notRemembered(LocalStoreFailure)
}

extension LocalStoreWarning: CustomStringConvertible {
    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        switch self {
        case .begunAnew(let path, let damaged):
            "The cache '\(path.clippedForMessage)' was damaged and is begun anew; "
                + "the damaged file is now '\(damaged.clippedForMessage)'"
        case .notUsed(let failure): Self.text("This build works without its cache", failure)
        case .notRemembered(let failure): Self.text("The next build will not profit from this one", failure)
        }
    }

    private static func text(_ consequence: String, _ failure: LocalStoreFailure) -> String {
        let text = "\(consequence): \(failure.sentence)"
        return failure.hint.map { "\(text)\nhint: \($0)" } ?? text
    }
}
