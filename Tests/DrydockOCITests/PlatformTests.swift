// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import Testing

@Suite struct PlatformTests {
    @Test(arguments: ["linux/amd64", "linux/arm/v7", "windows/amd64"])
    func `a platform is printed as it was read`(text: String) throws {
        #expect(try Platform(text).description == text)
    }

    @Test(arguments: ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/am d64", "linux/ämd64"])
    func `what is not a platform is refused`(text: String) throws {
        let failure = try #require(throws: Platform.ParsingFailure.self) { try Platform(text) }
        #expect(
            failure.description
                == "'\(text)' is not a platform: expected 'os/architecture' or 'os/architecture/variant'\n"
                + "hint: this machine is \(Platform.host)"
        )
    }

    @Test func `a missing variant is the usual one`() throws {
        #expect(try Platform("linux/arm64").satisfies(Platform("linux/arm64/v8")))
        #expect(try Platform("linux/arm/v7").satisfies(Platform("linux/arm")))
        #expect(try Platform("linux/amd64/v1").satisfies(Platform("linux/amd64")))
        #expect(try !Platform("linux/arm/v6").satisfies(Platform("linux/arm")))
        #expect(try !Platform("linux/amd64").satisfies(Platform("linux/386")))
        #expect(try !Platform("windows/amd64").satisfies(Platform("linux/amd64")))
    }

    @Test func `this machine runs Linux`() {
        #expect(Platform.host.os == "linux")
        #expect(Platform.host.satisfies(.host))
    }
}
