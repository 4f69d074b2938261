// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockTestSupport
import Testing

/// Directories in `contents` of which something is left out, or that belong to somebody.
@Suite struct DirectoryItemTests {
    private static let script = """
        umask 022; mkdir -p site/a/cache site/.git; : >site/index.html; : >site/a/x.pyc; : >site/a/cache/f
        chmod 4750 site/a/x.pyc
        """

    private func listing(of spec: ImageSpec, in directory: String) async throws -> [String] {
        try await Pipeline.build(spec, to: "docker-archive:\(directory)/image.tar")
        let find = """
            mkdir image; tar -xf image.tar -C image
            tar --numeric-owner -tvf "$(find image -name '*.tar')" | awk '{print $1, $2, $NF}'
            """
        return try await Command.check(["sh", "-euc", find], in: directory).split(separator: "\n").map(String.init)
    }

    @Test func `what is left out is not in the image, and the rest has the owner`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-euc", Self.script], in: directory)
            var spec = ImageSpec(name: "a", directory: directory)
            let owner = ContentOwner(uid: 33, gid: 34)
            spec.contents = [.directory("site", at: "/srv/www", exclude: [".git", "**/cache/*"], owner: owner)]
            #expect(
                try await listing(of: spec, in: directory) == [
                    "drwxr-xr-x 0/0 srv/", "drwxr-xr-x 33/34 srv/www/", "drwxr-xr-x 33/34 srv/www/a/",
                    "drwxr-xr-x 33/34 srv/www/a/cache/", "-rwsr-x--- 33/34 srv/www/a/x.pyc",
                    "-rw-r--r-- 33/34 srv/www/index.html",
                ]
            )
            // What is left out does not matter, whatever it is.
            let before = try await Pipeline.build(spec, to: "docker-archive:\(directory)/a.tar")
            try await Command.check(["sh", "-euc", "rm -r site/.git; : >site/.git; : >site/a/cache/g"], in: directory)
            let after = try await Pipeline.build(spec, to: "docker-archive:\(directory)/b.tar")
            #expect(before.manifestBytes == after.manifestBytes)
            // A directory that is in the image at / says nothing of /.
            spec.contents = [
                .directory("site", exclude: ["*"], owner: owner), .directory("site/a/cache", owner: owner),
            ]
            #expect(try await Pipeline.build(spec, to: "docker-archive:\(directory)/c.tar").layers.count == 1)
        }
    }

    @Test func `a pattern that matches nothing is told`() async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["sh", "-euc", Self.script], in: directory)
            let text = #"{ name: a, contents: [{ directory: site, exclude: ["*.pyc", "a/*.pyc", "b/*"] }] }"#
            let spec = try ImageSpec.decode(Array(text.utf8), file: "a.yaml", directory: directory)
            let plan = try await ImageBuild(spec: spec, environment: Pipeline.environment).plan()
            #expect(
                plan.notes == [
                    """
                    a.yaml:1:23: 'exclude: *.pyc' matches nothing in 'site'
                    hint: '**/*.pyc' matches at any depth
                    """,
                    "a.yaml:1:23: 'exclude: b/*' matches nothing in 'site'",
                ]
            )
        }
    }
}
