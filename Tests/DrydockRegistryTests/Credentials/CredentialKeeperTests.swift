// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import Foundation
import Testing

/// What `login` and `logout` write.
@Suite
struct CredentialKeeperTests {
    private static let credentials = RegistryCredentials.basic(user: "alice", Secret("wonder"))

    private func keeper(_ paths: [String], preferred: String) -> CredentialKeeper {
        let chain = CredentialChain(files: paths.map { CredentialChain.File(path: $0) }, helpers: .none)
        return CredentialKeeper(chain: chain, preferredFile: preferred)
    }

    @Test
    func `a new file is its owner's alone, in directories that are so too`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/.docker/deep/config.json"
            let keeper = keeper([], preferred: path)
            #expect(try await keeper.keep(Self.credentials, for: "docker.io") == path)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(
                text
                    == "{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"YWxpY2U6d29uZGVy\"\n\t\t}\n\t}\n}\n"
            )
            #expect(try mode(path) == 0o600)
            #expect(try mode(directory + "/.docker") == 0o700)
            #expect(try mode(directory + "/.docker/deep") == 0o700)
        }
    }

    @Test
    func `members that are not known stay, and the old entry goes under whatever name it had`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/config.json"
            let before = """
                {"detachKeys": "ctrl-x", "HttpHeaders": {"a": ["b", {}, []]}, "proxies": {"default": {"n": 1.5}},
                 "auths": {"https://quay.io/v1/": {"auth": "eDp5", "email": "e"}, "quay.io/team": {"auth": "eDp5"}, "b": {}}}
                """
            try before.write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            let keeper = keeper([path], preferred: directory + "/other.json")
            #expect(try await keeper.keep(Self.credentials, for: "quay.io") == path)
            let expected = """
                {
                \t"HttpHeaders": {
                \t\t"a": [
                \t\t\t"b",
                \t\t\t{},
                \t\t\t[]
                \t\t]
                \t},
                \t"auths": {
                \t\t"b": {},
                \t\t"https://quay.io/v1/": {
                \t\t\t"auth": "YWxpY2U6d29uZGVy"
                \t\t},
                \t\t"quay.io/team": {
                \t\t\t"auth": "eDp5"
                \t\t}
                \t},
                \t"detachKeys": "ctrl-x",
                \t"proxies": {
                \t\t"default": {
                \t\t\t"n": 1.5
                \t\t}
                \t}
                }

                """
            #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
            #expect(try mode(path) == 0o600)
            #expect(!FileManager.default.fileExists(atPath: directory + "/other.json"))
        }
    }

    @Test
    func `logging out removes the registry from every file, and says from where`() async throws {
        try await withTemporaryDirectory { directory in
            let paths = ["a", "b", "c"].map { "\(directory)/\($0)" }
            for path in paths {
                try #"{"auths":{"quay.io":{"auth":"eDp5"},"ghcr.io":{"auth":"eDp5"}}}"#
                    .write(toFile: path, atomically: false, encoding: .utf8)
            }
            let keeper = keeper(Array(paths.prefix(2)), preferred: paths[2])
            #expect(try await keeper.forget("quay.io") == paths)
            #expect(try await keeper.forget("quay.io") == [])
            let rest = "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"eDp5\"\n\t\t}\n\t}\n}\n"
            for path in paths { #expect(try String(contentsOfFile: path, encoding: .utf8) == rest) }
        }
    }

    @Test
    func `a link to the file stays a link`() async throws {
        try await withTemporaryDirectory { directory in
            try "{}".write(toFile: directory + "/real.json", atomically: false, encoding: .utf8)
            let link = directory + "/config.json"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real.json")
            _ = try await keeper([link], preferred: link).keep(Self.credentials, for: "quay.io")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real.json")
            #expect(try String(contentsOfFile: directory + "/real.json", encoding: .utf8).contains("quay.io"))
        }
    }

    @Test
    func `a file that is not understood is not replaced`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/config.json"
            try "not json".write(toFile: path, atomically: false, encoding: .utf8)
            await #expect(throws: CredentialFailure.self) {
                try await keeper([path], preferred: path).keep(Self.credentials, for: "quay.io")
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "not json")
        }
    }

    @Test(.requires("podman", "skopeo"))
    func `what is kept here is what Docker and Podman read`() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/auth.json"
            _ = try await keeper([], preferred: path).keep(Self.credentials, for: "quay.io")
            _ = try await keeper([], preferred: path).keep(.basic(user: "bob", Secret("builder")), for: "docker.io")
            for (registry, user) in [("quay.io", "alice"), ("docker.io", "bob")] {
                let found = try await Command.check(["skopeo", "login", "--authfile", path, "--get-login", registry])
                #expect(found == user)
            }
        }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
