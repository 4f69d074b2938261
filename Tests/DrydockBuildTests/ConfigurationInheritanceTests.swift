// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockJSON
import DrydockOCI
import Testing

/// What an image takes over from its base image's configuration.
@Suite
struct ConfigurationInheritanceTests {
    /// Two configurations, and what comes of them.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let base: String
        let own: String
        var unset: Set<String> = []
        var rule = ConfigurationInheritance.dockerfile
        let expected: String
    }

    static let cases = [
        Case(
            testDescription: "nothing of its own",
            base: #"{"Cmd":["a"],"User":"1"}"#,
            own: "{}",
            expected: #"{"Cmd":["a"],"User":"1"}"#
        ),
        Case(
            testDescription: "the last value of a variable wins at its first place",
            base: #"{"Env":["A=1","B=1","A=2"]}"#,
            own: #"{"Env":["C=3","B=2=x","C=4"]}"#,
            expected: #"{"Env":["A=2","B=2=x","C=4"]}"#
        ),
        Case(
            testDescription: "variables of the base alone",
            base: #"{"Env":["A=1"]}"#,
            own: "{}",
            expected: #"{"Env":["A=1"]}"#
        ),
        Case(
            testDescription: "a new entry point takes the base's command away",
            base: #"{"Cmd":["a"],"Entrypoint":["b"],"ArgsEscaped":true}"#,
            own: #"{"Entrypoint":["c"]}"#,
            expected: #"{"Entrypoint":["c"]}"#
        ),
        Case(
            testDescription: "a new entry point with a command",
            base: #"{"Cmd":["a"],"Entrypoint":["b"]}"#,
            own: #"{"Cmd":["d"],"Entrypoint":["c"]}"#,
            expected: #"{"Cmd":["d"],"Entrypoint":["c"]}"#
        ),
        Case(
            testDescription: "a new command keeps the entry point",
            base: #"{"Cmd":["a"],"Entrypoint":["b"]}"#,
            own: #"{"Cmd":["d"]}"#,
            expected: #"{"Cmd":["d"],"Entrypoint":["b"]}"#
        ),
        Case(
            testDescription: "an entry point that is not inherited leaves the command",
            base: #"{"Cmd":["a"],"Entrypoint":["b"]}"#,
            own: "{}",
            unset: ["Entrypoint"],
            expected: #"{"Cmd":["a"]}"#
        ),
        Case(
            testDescription: "ports, volumes and labels are added",
            base: #"{"ExposedPorts":{"1/tcp":{}},"Labels":{"a":"1","b":"1"},"Volumes":{"/a":{}}}"#,
            own: #"{"ExposedPorts":{"2/udp":{}},"Labels":{"b":"2"},"Volumes":{"/b":{}}}"#,
            expected:
                #"{"ExposedPorts":{"1/tcp":{},"2/udp":{}},"Labels":{"a":"1","b":"2"},"Volumes":{"/a":{},"/b":{}}}"#
        ),
        Case(
            testDescription: "keys that are not inherited",
            base: #"{"Env":["A=1"],"Labels":{"a":"1"},"User":"1","Volumes":{"/a":{}},"WorkingDir":"/x","Odd":1}"#,
            own: #"{"Env":["B=1"]}"#,
            unset: ["Env", "Labels", "User", "Volumes"],
            expected: #"{"Env":["B=1"],"Odd":1,"WorkingDir":"/x"}"#
        ),
        Case(
            testDescription: "all single values, own ones first",
            base:
                #"{"Healthcheck":{"Test":["NONE"]},"Memory":1,"Shell":["/bin/sh"],"StopSignal":"SIGINT","StopTimeout":3,"Tty":true,"User":"1","WorkingDir":"/a"}"#,
            own: #"{"Healthcheck":{"Interval":0},"StopSignal":"SIGTERM","WorkingDir":"/b"}"#,
            expected:
                #"{"Healthcheck":{"Interval":0},"Memory":1,"Shell":["/bin/sh"],"StopSignal":"SIGTERM","StopTimeout":3,"Tty":true,"User":"1","WorkingDir":"/b"}"#
        ),
        Case(
            testDescription: "instructions for builds on the base are not handed on",
            base: #"{"OnBuild":["RUN x"]}"#,
            own: "{}",
            expected: "{}"
        ),
        Case(
            testDescription: "members that nobody knows are kept",
            base: #"{"Image":"sha256:x","Odd":{"a":[1]}}"#,
            own: #"{"Cmd":["a"]}"#,
            expected: #"{"Cmd":["a"],"Image":"sha256:x","Odd":{"a":[1]}}"#
        ),
        Case(
            testDescription: "as dockerTools: the environment alone",
            base: #"{"Cmd":["a"],"Env":["A=1","B=1"],"Labels":{"a":"1"},"Odd":1,"User":"1"}"#,
            own: #"{"Env":["A=2"],"WorkingDir":"/b"}"#,
            rule: .env,
            expected: #"{"Env":["A=2","B=1"],"WorkingDir":"/b"}"#
        ),
    ]

    @Test(arguments: cases)
    func `a configuration on top of another`(_ example: Case) throws {
        let base = try ContainerConfiguration(parsing: Array(example.base.utf8))
        let own = try ContainerConfiguration(parsing: Array(example.own.utf8))
        let result = own.inheriting(from: base, example.rule, unset: example.unset)
        #expect(String(decoding: CanonicalJSON.encode(result), as: UTF8.self) == example.expected)
    }
}
