// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import Glibc

/// A host on which one file is a program, the loader that it names, and the library that it needs.
struct FuzzedHost: Sendable {
    static let shared = FuzzedHost()

    private let directory: String
    private var program: String { directory + "/program" }

    /// What the loaders of glibc and musl are called, and a library.
    private static let names = ["lib64/ld-linux-x86-64.so.2", "lib/ld-musl-x86_64.so.1", "lib/libx.so"]

    /// Makes the host in the empty directory `DRYDOCK_FUZZ_HOST`.
    private init() {
        guard let path = unsafe getenv("DRYDOCK_FUZZ_HOST") else {
            preconditionFailure("DRYDOCK_FUZZ_HOST must be an empty directory")
        }
        directory = unsafe String(cString: path)
        for name in ["lib", "lib64"] { _ = unsafe mkdir("\(directory)/\(name)", 0o700) }
        for name in Self.names { _ = unsafe symlink("../program", "\(directory)/\(name)") }
        close(unsafe open(program, O_WRONLY | O_CREAT, 0o700))
    }

    /// Finds what the file needs to start, which has to end with that or with one of the errors that say why not.
    func read(_ bytes: [UInt8]) {
        let file = unsafe open(program, O_WRONLY | O_TRUNC)
        let count = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
        close(file)
        precondition(count == bytes.count, "The file cannot be written")
        guard let machine = try? Machine(architecture: "amd64") else { return }
        do { _ = try ExecutableResolver(root: directory, machine: machine).closure(of: ["/program"]) } catch {
            let isKnown =
                error is ELFFailure || error is PathFailure || error is ExecutableFailure || error is MissingLibraries
            FuzzTarget.require(isKnown && !"\(error)".isEmpty, error)
        }
    }
}
