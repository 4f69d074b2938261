// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// `drydock tags` against Debian's registry.
@Suite(.requires("docker-registry"))
struct TagsTests {
    private struct Place {
        let directory: String
        let registry: String
        var environment: [String: String] { ["HOME": directory, "DRYDOCK_CACHE": directory + "/cache"] }

        func tags(_ arguments: String...) async throws -> Command.Output {
            try await Command.run([Drydock.path, "tags"] + arguments, environment: environment)
        }
    }

    /// A registry with the tags `one` and `two` of a repository.
    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let spec = directory + "/a.yaml"
            try "name: a\nfiles: [{ path: /a, text: x }]\n".write(toFile: spec, atomically: true, encoding: .utf8)
            try await TestRegistry.withRegistry { registry in
                let place = Place(directory: directory, registry: registry.authority)
                for tag in ["two", "one"] {
                    let image = "docker://\(place.registry)/a/b:\(tag)"
                    try await Drydock.build(spec, to: image, environment: place.environment)
                }
                try await body(place)
            }
        }
    }

    @Test func `each tag is on a line`() async throws {
        try await withPlace { place in
            for name in ["\(place.registry)/a/b", "docker://\(place.registry)/a/b"] {
                let output = try await place.tags(name)
                #expect(output.errorText == "")
                #expect(output.text.split(separator: "\n").sorted() == ["one", "two"])
            }
            let json = try JSON(Data(try await place.tags("--json", "\(place.registry)/a/b").text.utf8))
            #expect(json["repository"] == .string("\(place.registry)/a/b"))
            #expect(json["tags"]?.elements.compactMap(\.string).sorted() == ["one", "two"])
        }
    }

    @Test func `what is no repository is named`() async throws {
        try await withPlace { place in
            let missing = try await place.tags("\(place.registry)/c")
            #expect(missing.status == 1)
            #expect(
                missing.errorText == """
                    Error: Cannot use '\(place.registry)/c': GET http://\(place.registry)/v2/c/tags/list?n=1000: \
                    the registry answered 404 NAME_UNKNOWN: repository name not known to registry
                    hint: check the name of the repository
                    """
            )
            let image = try await place.tags("\(place.registry)/a/b:one")
            #expect(image.status == 64)
            #expect(
                image.errorText == """
                    Error: Cannot list the tags of '\(place.registry)/a/b:one': it names one image
                    hint: leave out the tag and the digest
                    """
            )
        }
    }
}
