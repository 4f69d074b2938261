// SPDX-License-Identifier: Apache-2.0

import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// File systems and files on which there can be no store.
@Suite
struct LocalStoreSurroundingsTests {
    private typealias Sample = SampleLayers

    /// The text of the failure to look something up.
    private func failure(_ directory: String) -> String? {
        let store = LocalStore(at: directory, now: Sample.now, patience: 50)
        return #expect(throws: LocalStoreFailure.self) { try store.remembered(0..<1) }?.description
    }

    /// Something that has the database's name, made by a command in the directory.
    struct Obstacle: CustomTestStringConvertible {
        let name: String
        let command: [String]

        var testDescription: String { name }
    }

    @Test(arguments: [
        Obstacle(name: "directory", command: ["mkdir", "digests.sqlite"]),
        Obstacle(name: "pipe", command: ["mkfifo", "digests.sqlite"]),
        Obstacle(name: "symbolic link", command: ["ln", "-s", "/nowhere", "digests.sqlite"]),
    ])
    func `something else in the store's place stays there`(obstacle: Obstacle) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(obstacle.command, in: directory)
            #expect(
                failure(directory) == """
                    The cache '\(directory)/digests.sqlite' is not a regular file
                    hint: remove it, or choose another directory with --cache
                    """
            )
        }
    }

    @Test
    func `a directory that everyone may write to is not believed`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["chmod", "0777", directory])
            #expect(
                failure(directory) == """
                    The cache '\(directory)' may be written by every user of this machine
                    hint: take the permission away: chmod o-w '\(directory)'
                    """
            )
        }
    }

    @Test(.requiresRoot)
    func `a directory of another user is not believed`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["chown", "65534", directory])
            #expect(
                failure(directory) == """
                    The cache '\(directory)' belongs to another user, number 65534
                    hint: choose a directory of your own with --cache
                    """
            )
        }
    }

    @Test(.requiresRoot)
    func `a file system that is read only is an error that names it`() async throws {
        try await withTmpfs(size: 4 << 20) { directory in
            try LocalStore(at: directory, now: Sample.now).remember(Sample.layers(0..<1))
            try await remountReadOnly(directory)
            #expect(
                failure(directory) == "Cannot create '\(directory)/digests.lock': read-only file system (EROFS)"
            )
        }
    }

    @Test(.requiresRoot)
    func `a full disk loses nothing that was remembered before`() async throws {
        try await withTmpfs(size: 512 << 10) { directory in
            let store = LocalStore(at: directory, now: Sample.now)
            try store.remember(Sample.layers(0..<100))
            let error = #expect(throws: LocalStoreFailure.self) { try store.remember(Sample.layers(100..<4_000)) }
            #expect(
                error?.description == """
                    The cache '\(directory)/digests.sqlite' cannot grow: no space left on its file system
                    hint: free some space there, or choose another directory with --cache
                    """
            )
            #expect(try store.remembered(0..<200) == Array(0..<100))
            #expect(try LocalStore(at: directory, now: Sample.now).remembered(0..<200) == Array(0..<100))
        }
    }

    @Test(.requiresRoot)
    func `a disk that was full before costs a warning`() async throws {
        try await withTmpfs(size: 64 << 10) { directory in
            _ = try await Command.run(["dd", "if=/dev/zero", "of=\(directory)/filler", "bs=4k"])
            let memory = LayerMemory(LocalStore(at: directory + "/cache", now: Sample.now))
            #expect(memory.lookup([Sample.key(0)]) == [:])
            memory.remember(Sample.layers(0..<10))
            #expect(memory.warnings.count == 1)
            #expect(memory.warnings.first?.description.hasPrefix("This build works without its cache: ") == true)
        }
    }
}
