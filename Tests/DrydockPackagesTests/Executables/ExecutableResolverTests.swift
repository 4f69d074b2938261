// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockPackages
import DrydockTestSupport
import Testing

@Suite struct ExecutableResolverTests {
    private let host: SyntheticHost

    init() throws { host = try SyntheticHost() }

    @Test func `the links of a merged host are kept`() throws {
        try host.link("/bin", to: "usr/bin")
        try host.link("/lib64", to: "usr/lib64")
        try host.link("/lib", to: "usr/lib")
        try host.link("/usr/lib64/ld-linux-x86-64.so.2", to: "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
        let triplet = "/usr/lib/x86_64-linux-gnu/"
        try host.write(triplet + "ld-linux-x86-64.so.2", ELFBuilder.library("ld-linux-x86-64.so.2").build())
        try host.write(triplet + "liba-1.so", ELFBuilder.library("liba.so.1", needs: ["ld-linux-x86-64.so.2"]).build())
        try host.link(triplet + "liba.so.1", to: "liba-1.so")
        try host.write("/usr/bin/tool-1", ELFBuilder.program(needs: ["liba.so.1"]).build())
        try host.link("/etc/alternatives/tool", to: "/usr/bin/tool-1")
        try host.link("/usr/bin/tool", to: "/etc/alternatives/tool")
        let closure = try host.closure(of: "/bin/tool")
        #expect(closure.paths == ["/usr/bin/tool-1", triplet + "ld-linux-x86-64.so.2", triplet + "liba-1.so"])
        #expect(
            closure.arrows
                == [
                    "/bin -> usr/bin", "/etc/alternatives/tool -> /usr/bin/tool-1", "/lib -> usr/lib",
                    "/lib64 -> usr/lib64", triplet + "liba.so.1 -> liba-1.so",
                    "/usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                    "/usr/bin/tool -> /etc/alternatives/tool",
                ].sorted { ByteString($0) < ByteString($1) }
        )
    }

    struct Fault: CustomTestStringConvertible {
        let path: ByteString
        let reason: ExecutableFailure.Reason
        let text: String
        var testDescription: String { text }

        static let all = [
            Fault(
                path: "/directory",
                reason: .directory,
                text: """
                    Cannot use '/directory' as an executable: it is a directory
                    hint: use 'directory:' instead
                    """
            ),
            Fault(
                path: "/pipe",
                reason: .notRegular,
                text: """
                    Cannot use '/pipe' as an executable: it is not a regular file
                    hint: use 'files:' or 'copyToRoot:' for anything that is not a program
                    """
            ),
            Fault(
                path: "/text",
                reason: .unknownFormat,
                text: """
                    Cannot use '/text' as an executable: it is neither an ELF file nor a script
                    hint: use 'files:' or 'copyToRoot:' for anything that is not a program
                    """
            ),
            Fault(
                path: "/empty",
                reason: .unknownFormat,
                text: """
                    Cannot use '/empty' as an executable: it is neither an ELF file nor a script
                    hint: use 'files:' or 'copyToRoot:' for anything that is not a program
                    """
            ),
            Fault(
                path: "/orphan",
                reason: .interpreter(PathFailure(.missing, path: "/lib/ld.so")),
                text: "Cannot start '/orphan': cannot find '/lib/ld.so': there is no such file"
            ),
        ]
    }

    @Test(arguments: Fault.all) func `what cannot be started is refused`(fault: Fault) async throws {
        try host.directory("/directory")
        try host.write("/text", "text")
        try host.write("/empty", "")
        try host.write("/orphan", ELFBuilder(interpreter: "/lib/ld.so").build())
        try await Command.check(["mkfifo", host.root + "/pipe"])
        let failure = ExecutableFailure(fault.reason, path: fault.path)
        #expect(throws: failure) { try host.closure(of: fault.path) }
        #expect(failure.description == fault.text)
    }

    @Test func `a missing file is named`() throws {
        #expect(throws: PathFailure(.missing, path: "/none")) { try host.closure(of: "/none") }
    }

    @Test func `a pattern that matches nothing says so`() {
        let failure = ExecutableFailure(.matchesNothing, path: "/lib/libnss_*")
        #expect(failure.description == "The pattern '/lib/libnss_*' matches no file")
    }

    struct Foreign: CustomTestStringConvertible {
        let file: ELFBuilder
        let architecture: String
        let text: String
        var testDescription: String { text }

        static let all = [
            Foreign(file: ELFBuilder(number: 183), architecture: "amd64", text: "amd64, got one for arm64"),
            Foreign(file: ELFBuilder(), architecture: "arm64", text: "arm64, got one for amd64"),
            Foreign(
                file: ELFBuilder(number: 22, order: .big),
                architecture: "ppc64le",
                text: "ppc64le, got one for s390x"
            ),
            Foreign(
                file: ELFBuilder(isWide: false),
                architecture: "amd64",
                text: "amd64, got one for ELF machine 62 (32-bit, little-endian)"
            ),
            Foreign(
                file: ELFBuilder(number: 21, order: .big),
                architecture: "ppc64le",
                text: "ppc64le, got one for ELF machine 21 (64-bit, big-endian)"
            ),
        ]
    }

    @Test(arguments: Foreign.all) func `a file for another machine is refused`(foreign: Foreign) throws {
        try host.write("/x", foreign.file.build())
        let failure = try #require(throws: ExecutableFailure.self) {
            try host.resolver(foreign.architecture).closure(of: ["/x"])
        }
        #expect(
            failure.description == """
                Cannot use '/x' in this image: expected a file for \(foreign.text)
                hint: set 'architecture' to that of the file, or give a file for the image's architecture
                """
        )
    }

    struct Native: CustomTestStringConvertible {
        let architecture: String
        let number: UInt16
        var isWide = true
        var order = ByteOrder.little
        let triplet: String
        var testDescription: String { architecture }

        static let all = [
            Native(architecture: "386", number: 3, isWide: false, triplet: "i386-linux-gnu"),
            Native(architecture: "amd64", number: 62, triplet: "x86_64-linux-gnu"),
            Native(architecture: "arm", number: 40, isWide: false, triplet: "arm-linux-gnueabihf"),
            Native(architecture: "arm64", number: 183, triplet: "aarch64-linux-gnu"),
            Native(architecture: "loong64", number: 258, triplet: "loongarch64-linux-gnu"),
            Native(architecture: "mips64le", number: 8, triplet: "mips64el-linux-gnuabi64"),
            Native(architecture: "ppc64le", number: 21, triplet: "powerpc64le-linux-gnu"),
            Native(architecture: "riscv64", number: 243, triplet: "riscv64-linux-gnu"),
            Native(architecture: "s390x", number: 22, order: .big, triplet: "s390x-linux-gnu"),
        ]
    }

    @Test(arguments: Native.all) func `files of every machine are read and its directories searched`(
        native: Native
    ) throws {
        var file = ELFBuilder(number: native.number, isWide: native.isWide, order: native.order)
        try host.write("/lib/ld.so", file.build())
        try host.write("/lib/\(native.triplet)/liba.so", file.build())
        file.interpreter = "/lib/ld.so"
        file.needed = ["liba.so"]
        try host.write("/x", file.build())
        let paths = try host.resolver(native.architecture).closure(of: ["/x"]).paths
        #expect(Set(paths) == ["/lib/ld.so", "/lib/\(native.triplet)/liba.so", "/x"])
    }

    @Test func `an interpreter for another machine is refused`() throws {
        try host.write("/lib/ld.so", ELFBuilder(number: 183).build())
        try host.write("/x", ELFBuilder(interpreter: "/lib/ld.so").build())
        let machine = try Machine(architecture: "amd64")
        #expect(throws: ExecutableFailure(.otherMachine(expected: machine, actual: "arm64"), path: "/lib/ld.so")) {
            try host.closure(of: "/x")
        }
    }
}

@Suite struct MachineTests {
    @Test func `an unknown architecture is refused with the known ones`() {
        #expect(throws: UnknownMachine.self) { try Machine(architecture: "vax") }
        #expect(
            UnknownMachine(architecture: "vax").description == """
                Executables of the architecture 'vax' are not supported
                hint: use one of 386, amd64, arm, arm64, loong64, mips64le, ppc64le, riscv64, s390x
                """
        )
    }

    @Test func `the variant is part of the name`() throws {
        #expect(try Machine(architecture: "arm", variant: "v7").description == "arm/v7")
        #expect(try Machine(architecture: "amd64").description == "amd64")
    }

    @Test func `only the oldest variant of arm has other directories`() throws {
        #expect(try Machine(architecture: "arm", variant: "v5").triplet == "arm-linux-gnueabi")
        #expect(try Machine(architecture: "arm", variant: "v6").triplet == "arm-linux-gnueabihf")
        #expect(try Machine(architecture: "arm", variant: "v6").platform == "v6l")
    }
}
