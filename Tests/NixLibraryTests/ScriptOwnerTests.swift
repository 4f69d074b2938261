// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Owners and modes that scripts give away in Nix' sandbox, where no other user exists.
@Suite
struct ScriptOwnerTests {
    @Test(
        .requires("tar"),
        .requiresClosures,
        arguments: [("fakeRootCommands", "4750"), ("enableFakechroot", "4750"), ("runAsRoot", "640")]
    )
    func `an image has the owners and modes that a script sets`(script: String, mode: String) async throws {
        let file = try await LibraryBuilds.build(file: "owners.nix")
        let images = try JSON(Array(Data(contentsOf: URL(filePath: file))))
        let archive = try #require(images[script]?.string)
        try await withTemporaryDirectory { directory in
            try await Drydock.check(["export", "docker-archive:" + archive, "-o", directory + "/root.tar"])
            try await Command.check(["tar", "-xpf", directory + "/root.tar", "--same-owner", "-C", directory])
            let status = ["stat", "--format", "%u:%g %a", directory + "/srv", directory + "/srv/file"]
            #expect(try await Command.check(status).split(separator: "\n") == ["1000:100 755", "12345:54321 \(mode)"])
        }
    }
}
