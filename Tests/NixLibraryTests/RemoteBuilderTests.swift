// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// The Nix library on several machines, which are network namespaces with stores of their own.
@Suite
struct RemoteBuilderTests {
    @Test(.requires("ip", "sshd", "ssh", "nginx", "unshare"), .requiresClosures)
    func `images are built on two remote builders, and a third machine gets them from a cache`() async throws {
        let script = LibraryBuilds.checkout + "/scripts/remote-builders"
        let text = try await Command.check([script, Drydock.path], timeout: 1200)
        let report = try JSON(Array(text.utf8))
        // Nobody else has built them, and both had something to do.
        let counts = ["one", "two"].compactMap { report[$0]?.number }
        #expect(counts.reduce(0, +) == report["images"]?.number)
        #expect(counts.allSatisfy { $0 > 0 })
        #expect(report["isSame"] == .boolean(true))
        #expect(report["fetched"] == report["images"])
    }
}
