// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockFiles
import DrydockPackages
import Glibc

/// An input that a spec names and that cannot be used, with what to do about it.
public struct InputFailure: Error, CustomStringConvertible {
    /// What went wrong, with the path on this host.
    public let cause: any Error
    /// The one action that usually helps.
    public let hint: String

    /// The sentence of the cause, and the hint in place of any that the cause has.
    public var description: String {
        let sentence = "\(cause)".split(separator: "\n", maxSplits: 1).first ?? ""
        return "\(sentence)\nhint: \(hint)"
    }
}

extension ContentsResolver {
    /// The keys that name inputs, for hints.
    enum InputKey {
        case directory
        case archive
        case copyToRoot
        case source
    }

    /// Does `work` on the input that a spec names by `path`; an error that has no hint of its own gets one.
    func reading<Result>(_ key: InputKey, _ path: String, _ work: () throws -> Result) throws -> Result {
        do { return try work() } catch let error as SystemError {
            // What lies deeper in a tree is not what the spec names.
            guard error.hint == nil, error.path == spec.resolve(path) else { throw error }
            guard let hint = hint(key, path, error.errorNumber) else { throw error }
            throw InputFailure(cause: error, hint: hint)
        }
    }

    /// Finds an executable; a program by its name alone is a frequent mistake.
    func finding<Result>(_ path: String, _ work: () throws -> Result) throws -> Result {
        do { return try work() } catch let error as PathFailure where error.reason == .missing {
            guard error.path == ByteString(environment.absolute(spec.resolve(path))) else { throw error }
            let hint =
                path.contains("/")
                ? missingHint(path)
                : "write the whole path of a program; 'command -v \(path)' tells it"
            guard let hint else { throw error }
            throw InputFailure(cause: error, hint: hint)
        }
    }

    private func hint(_ key: InputKey, _ path: String, _ errorNumber: Int32) -> String? {
        switch (errorNumber, key) {
        case (ENOENT, _): missingHint(path)
        case (ENOTDIR, .directory): "use 'archive:' for a tar archive, or 'files:' with 'source:' for a single file"
        case (ENOTDIR, .copyToRoot): "use 'files:' with 'source:' for a single file"
        default: nil
        }
    }

    /// Where a relative path was looked for, which is not where everybody expects it.
    private func missingHint(_ path: String) -> String? {
        path.hasPrefix("/") ? nil : "relative paths of a spec begin at its own directory, '\(spec.directory)'"
    }
}
