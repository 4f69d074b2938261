// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Foundation
import Testing

/// Programs that are compiled here, and what this host's own loader does with them.
@Suite struct LoaderComparisonTests {
    /// A way in which a program finds its library `libb`, through its library `liba`.
    struct Layout: CustomTestStringConvertible {
        let name: String
        /// What the linker is told for the program and for `liba`.
        var program: [String] = []
        var library: [String] = []
        /// The name of `libb` in `liba`.
        var nameInLibrary = "libb.so"
        /// What the program needs, in this order.
        var needs = ["a"]
        var testDescription: String { name }

        static let rpath = "-Wl,--disable-new-dtags,-rpath,"
        static let runpath = "-Wl,--enable-new-dtags,-rpath,"

        static let all = [
            Layout(name: "transitive RPATH", program: [rpath + "$ORIGIN/one"]),
            Layout(name: "RUNPATH is not inherited", program: [runpath + "$ORIGIN/one"]),
            Layout(
                name: "RUNPATH of the library before RPATH of the program",
                program: [rpath + "$ORIGIN/one"],
                library: [runpath + "${ORIGIN}/../two"]
            ),
            Layout(
                name: "RPATH of the library before RPATH of the program",
                program: [rpath + "$ORIGIN/one"],
                library: [rpath + "$ORIGIN/../two"]
            ),
            Layout(
                name: "the program's own need comes first",
                program: [runpath + "$ORIGIN/one"],
                library: [runpath + "$ORIGIN/../two"],
                needs: ["a", "b"]
            ),
            Layout(
                name: "a path as the name",
                program: [runpath + "$ORIGIN/one"],
                nameInLibrary: "$ORIGIN/../two/libb.so"
            ),
            Layout(
                name: "no default libraries for the program",
                program: ["-Wl,-z,nodefaultlib", rpath + "$ORIGIN/one"],
                library: [runpath + "$ORIGIN/../two"]
            ),
            Layout(
                name: "the name of the directory of libraries",
                program: [runpath + "$ORIGIN/one"],
                library: [runpath + "${ORIGIN}/../$LIB"]
            ),
            Layout(
                name: "several directories, some of them missing",
                program: [rpath + "/nowhere:$ORIGIN/none:$ORIGIN/one:$ORIGIN/two"],
                library: [runpath + "$ORIGIN/$LIB:$ORIGIN/$UNKNOWN:$ORIGIN/../two/"]
            ),
        ]
    }

    @Test(arguments: Layout.all) func `the libraries are those that the loader takes`(layout: Layout) async throws {
        let host = try SyntheticHost()
        try await build(layout, in: host)
        let program = host.root + "/x"
        let trace = try await Command.run([program], environment: ["LD_TRACE_LOADED_OBJECTS": "1"]).text
        let resolver = ExecutableResolver(machine: try Machine(architecture: HostExecutableTests.architecture))
        if trace.contains("not found") {
            let missing = trace.split(separator: "\n").filter { $0.contains("not found") }
                .compactMap { $0.split(whereSeparator: \.isWhitespace).first.map { ByteString(String($0)) } }
            let failure = try #require(throws: MissingLibraries.self) {
                try resolver.closure(of: [ByteString(program)])
            }
            #expect(failure.libraries.map(\.name) == missing)
        } else {
            let expected = try await HostExecutableTests.realPaths(HostExecutableTests.libraries(of: trace)) + [program]
            #expect(try resolver.closure(of: [ByteString(program)]).paths == Set(expected).sorted())
        }
    }

    /// Makes `x`, `one/liba.so`, `one/libb.so` and `two/libb.so`, and in `one` a file for another machine.
    private func build(_ layout: Layout, in host: SyntheticHost) async throws {
        try host.write("/b.c", "int b(void) { return 1; }")
        try host.write("/a.c", "int b(void); int a(void) { return b(); }")
        try host.write("/x.c", "int a(void); int b(void); int main(void) { return a() + b(); }")
        let triplet = try Machine(architecture: HostExecutableTests.architecture).triplet
        for directory in ["/one", "/two", "/link", "/lib/" + triplet] {
            try host.directory(directory)
            let soname = directory == "/link" ? layout.nameInLibrary : "libb.so"
            try await compile(host, "b.c", directory + "/libb.so", ["-shared", "-fPIC", "-Wl,-soname,\(soname)"])
        }
        let search = ["-L\(host.root)/link", "-lb"]
        let options = ["-shared", "-fPIC", "-Wl,-soname,liba.so", "-Wl,--no-as-needed"]
        try await compile(host, "a.c", "/one/liba.so", options + layout.library + search)
        // For the program, `libb` has its plain name.
        let libraries = layout.needs.map { "-l\($0)" } + ["-Wl,--allow-shlib-undefined,--unresolved-symbols=ignore-all"]
        try await compile(host, "x.c", "/x", layout.program + ["-L\(host.root)/one"] + libraries)
        try host.write("/none/libb.so", ELFBuilder(number: 8, isWide: true).build())
    }

    private func compile(_ host: SyntheticHost, _ source: String, _ target: String, _ options: [String]) async throws {
        let arguments = [host.root + "/" + source, "-o", host.root + target, "-Wl,--no-as-needed"] + options
        try await Command.check(["gcc"] + arguments)
    }
}
