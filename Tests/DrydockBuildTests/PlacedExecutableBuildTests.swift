// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockOCI
import DrydockPackages
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Images of programs that were built in a directory of their own.
@Suite struct PlacedExecutableBuildTests {
    /// A program that prints what a library beside it returns; the library is found through `$ORIGIN`.
    private static func compile(in directory: String, umask: String) async throws {
        let script = """
            umask \(umask); mkdir -p bin lib
            echo 'int answer(void) { return 42; }' >answer.c
            echo '#include <stdio.h>
            int answer(void); int main(void) { printf("%d\\n", answer()); }' >app.c
            gcc -shared -fPIC -Wl,-soname,libanswer.so.1 -o lib/libanswer.so.1.0 answer.c
            ln -s libanswer.so.1.0 lib/libanswer.so.1; ln -s libanswer.so.1 lib/libanswer.so
            gcc -o bin/app-1.2 app.c -Llib -lanswer -Wl,-rpath,'$ORIGIN/../lib'
            ln -s app-1.2 bin/app
            """
        try await Command.check(["bash", "-euc", script], in: directory)
    }

    private static func spec(in directory: String) -> ImageSpec {
        var spec = ImageSpec(name: "app", directory: directory)
        spec.contents = [.executable(["bin/app"], at: "/opt/app/bin/")]
        spec.config.entrypoint = ["/opt/app/bin/app"]
        return spec
    }

    private static func build(_ spec: ImageSpec, to archive: String) async throws -> BuiltImage {
        let environment = BuildEnvironment(now: Timestamp.Instant(seconds: 1_700_000_000))
        let build = ImageBuild(spec: spec, environment: environment)
        let location = try ImageLocation(transport: .dockerArchive, path: archive)
        return try await build.deliver(build.plan(), to: Destination(location), width: 2)
    }

    @Test(.requires("gcc", "tar", "unshare", "chroot"), .requiresRoot)
    func `a program finds its own library at its place in the image`() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.compile(in: directory, umask: "022")
            let image = try await Self.build(Self.spec(in: directory), to: directory + "/app.tar")
            let script = """
                mkdir image root; tar -xf app.tar -C image
                for layer in $(find image -name '*.tar'); do tar -xf "$layer" -C root; done
                """
            try await Command.check(["bash", "-euc", script], in: directory)
            // The loader knows $ORIGIN of the program from /proc/self/exe, which every container has.
            let start = "mkdir root/proc; mount -t proc proc root/proc; exec chroot root /opt/app/bin/app"
            let run = ["unshare", "--mount", "bash", "-euc", start]
            #expect(try await Command.check(run, in: directory) == "42")
            let find = ["find", "root/opt", "!", "-type", "d", "-printf", "%P %m %l\\n"]
            let list = try await Command.check(find, in: directory)
            #expect(
                list.split(separator: "\n").sorted() == [
                    "app/bin/app 755 ", "app/lib/libanswer.so.1 777 libanswer.so.1.0", "app/lib/libanswer.so.1.0 755 ",
                ]
            )
            // Nothing tells where it was built.
            let name = String(directory.split(separator: "/").last ?? "")
            let found = try await Command.run(["grep", "-rc", "--", name, "app.tar"], in: directory)
            #expect(found.text == "0")
            #expect(image.configuration.history?.first?.createdBy == "drydock: executable bin/app")
        }
    }

    @Test(.requires("gcc")) func `the image does not depend on the directory or umask of the build`() async throws {
        try await withTemporaryDirectory { one in
            try await withTemporaryDirectory { two in
                try await Self.compile(in: one, umask: "022")
                try await Self.compile(in: two, umask: "002")
                let first = try await Self.build(Self.spec(in: one), to: one + "/app.tar")
                let second = try await Self.build(Self.spec(in: two), to: two + "/app.tar")
                #expect(first.imageID == second.imageID)
                #expect(first.manifestBytes == second.manifestBytes)
            }
        }
    }

    @Test(.requires("gcc", "tar")) func `a file that is needed at two places has two names`() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.compile(in: directory, umask: "022")
            // The interpreter of a script stays where the script names it.
            try await Command.check(["bash", "-euc", "echo '#!'$PWD/bin/app >run"], in: directory)
            var spec = Self.spec(in: directory)
            spec.contents = [.executable(["bin/app", "run"], at: "/opt/app/bin/")]
            _ = try await Self.build(spec, to: directory + "/app.tar")
            let script = """
                mkdir image root; tar -xf app.tar -C image
                for layer in $(find image -name '*.tar'); do tar -xf "$layer" -C root; done
                test root/opt/app/bin/app -ef root$PWD/bin/app-1.2
                test root/opt/app/lib/libanswer.so.1.0 -ef root$PWD/lib/libanswer.so.1.0
                """
            try await Command.check(["bash", "-euc", script], in: directory)
        }
    }

    @Test func `a relative executable without a place is refused`() async {
        var spec = ImageSpec(name: "app", directory: "/")
        spec.contents = [.executable(["usr/bin/env"])]
        let environment = BuildEnvironment(now: Timestamp.Instant(seconds: 0))
        await #expect(throws: ExecutableFailure(.unplaced, path: "usr/bin/env")) {
            try await ImageBuild(spec: spec, environment: environment).plan()
        }
    }

    @Test(.requires("gcc")) func `the plan names files of the host`() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.compile(in: directory, umask: "022")
            let environment = BuildEnvironment(now: Timestamp.Instant(seconds: 0))
            let plan = try await ImageBuild(spec: Self.spec(in: directory), environment: environment).plan()
            let paths = plan.layers.flatMap(\.paths).filter { $0.hasPrefix(directory) }
            #expect(paths == [directory + "/bin/app-1.2", directory + "/lib/libanswer.so.1.0"])
        }
    }
}
