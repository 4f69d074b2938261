// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Testing

@Suite struct InterpreterModulesTests {
    private let host: SyntheticHost

    init() throws { host = try SyntheticHost() }

    struct Host: CustomTestStringConvertible {
        let testDescription: String
        var interpreter: String
        var files: [String]
        var directories: [ByteString]
        var libraries: ByteString?
        var script = "/usr/bin/script"

        static let all = [
            Host(
                testDescription: "Debian's python3",
                interpreter: "/usr/bin/python3.11",
                files: [
                    "/usr/lib/python3.11/os.py", "/usr/lib/python3.12/os.py", "/usr/lib/python3/dist-packages/six.py",
                    "/usr/lib/python3.11/lib-dynload/_ssl.so",
                ],
                directories: ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"],
                libraries: "/usr/lib/python3.11/lib-dynload/*.so"
            ),
            Host(
                testDescription: "a Python of another prefix, without a version",
                interpreter: "/opt/python/bin/python3",
                files: ["/opt/python/lib/python3.13/os.py", "/usr/lib/python3.11/os.py"],
                directories: ["/opt/python/lib/python3.13"]
            ),
            Host(
                testDescription: "Fedora's python3",
                interpreter: "/usr/bin/python3.12",
                files: ["/usr/lib64/python3.12/os.py", "/usr/lib/python3.12/site-packages/six.py"],
                directories: ["/usr/lib/python3.12", "/usr/lib64/python3.12"]
            ),
            Host(
                testDescription: "Debian's perl-base",
                interpreter: "/usr/bin/perl",
                files: ["/usr/lib/x86_64-linux-gnu/perl-base/strict.pm"],
                directories: ["/usr/lib/x86_64-linux-gnu/perl-base"]
            ),
            Host(
                testDescription: "Debian's perl with packages",
                interpreter: "/usr/bin/perl",
                files: [
                    "/usr/lib/x86_64-linux-gnu/perl-base/strict.pm", "/usr/lib/x86_64-linux-gnu/perl/5.36.0/POSIX.pm",
                    "/usr/share/perl/5.36.0/strict.pm", "/usr/share/perl5/JSON.pm",
                ],
                directories: [
                    "/usr/lib/x86_64-linux-gnu/perl-base", "/usr/lib/x86_64-linux-gnu/perl", "/usr/share/perl",
                    "/usr/share/perl5",
                ]
            ),
            Host(
                testDescription: "perl's own prefix",
                interpreter: "/usr/local/bin/perl5.40.1",
                files: ["/usr/local/lib/perl5/5.40.1/strict.pm"],
                directories: ["/usr/local/lib/perl5"]
            ),
            Host(
                testDescription: "Debian's ruby",
                interpreter: "/usr/bin/ruby3.1",
                files: ["/usr/lib/ruby/3.1.0/English.rb", "/usr/lib/x86_64-linux-gnu/ruby/3.1.0/date_core.so"],
                directories: ["/usr/lib/ruby", "/usr/lib/x86_64-linux-gnu/ruby"]
            ),
            Host(
                testDescription: "a tclsh",
                interpreter: "/usr/bin/tclsh8.6",
                files: ["/usr/share/tcltk/tcl8.6/init.tcl"],
                directories: ["/usr/share/tcltk"]
            ),
            Host(
                testDescription: "a script of npm",
                interpreter: "/usr/bin/node",
                files: ["/usr/lib/node_modules/npm/package.json"],
                directories: ["/usr/lib/node_modules"],
                script: "/usr/lib/node_modules/npm/bin/npm-cli.js"
            ),
            Host(
                testDescription: "a script of a package with a scope",
                interpreter: "/usr/bin/nodejs",
                files: ["/app/node_modules/@a/b/package.json"],
                directories: ["/app/node_modules"],
                script: "/app/node_modules/@a/b/bin.js"
            ),
        ]
    }

    private func prepare(_ host: Host) throws -> ExecutableClosure {
        try self.host.write(host.interpreter, ELFBuilder.library("interpreter").build())
        try self.host.write(host.script, "#!\(host.interpreter)\n")
        for file in host.files { try self.host.write(file, "") }
        return try self.host.closure(of: ByteString(host.script))
    }

    @Test(arguments: Host.all)
    func `the directories of modules are found beside the interpreter`(of host: Host) throws {
        let modules = try self.host.resolver().modules(of: prepare(host))
        #expect(modules.map(\.interpreter) == [ByteString(host.interpreter)])
        #expect(modules.map(\.script) == [ByteString(host.script)])
        #expect(modules.map(\.directories) == [host.directories])
        #expect(modules.map(\.libraries) == [host.libraries])
    }

    @Test func `an interpreter that is asked for itself needs no packages`() throws {
        _ = try prepare(Host.all[0])
        let modules = try host.resolver().modules(of: host.closure(of: "/usr/bin/python3.11"))
        #expect(modules.map(\.script) == [nil])
        #expect(modules.map(\.directories) == [["/usr/lib/python3.11"]])
        #expect(modules.map(\.landmarks) == [["/usr/lib/python3.11/os.py"]])
    }

    @Test func `directories that are there twice through a link are named once`() throws {
        try host.write("/usr/lib/python3.12/os.py", "")
        try host.link("/usr/lib64", to: "lib")
        let python = Host(
            testDescription: "",
            interpreter: "/usr/bin/python3.12",
            files: [],
            directories: ["/usr/lib/python3.12"]
        )
        let modules = try host.resolver().modules(of: prepare(python))
        #expect(modules.map(\.directories) == [python.directories])
    }

    @Test(arguments: [
        ("/bin/sh", "/usr/bin/script"), ("/usr/bin/python3.11", "/usr/bin/script"),
        ("/usr/bin/python3.11-config", "/usr/bin/script"), ("/opt/python3.11", "/usr/bin/script"),
        ("/usr/bin/node", "/usr/bin/script"), ("/usr/bin/node", "/node_modules/x"),
        ("/usr/bin/node", "/srv/node_modules/x/y"),
    ])
    func `nothing is said where nothing can be told`(interpreter: String, script: String) throws {
        let other = Host(
            testDescription: "",
            interpreter: interpreter,
            files: ["/usr/lib/python3.12/os.py", "/lib/python3.11/os.py"],
            directories: [],
            script: script
        )
        #expect(try host.resolver().modules(of: prepare(other)) == [])
    }
}
