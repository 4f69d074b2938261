// SPDX-License-Identifier: Apache-2.0

import DrydockOCI

extension ContainerConfiguration {
    static let keys = SpecKeys([
        "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal",
        "StopTimeout", "Healthcheck", "Shell", "OnBuild", "ArgsEscaped", "Memory", "MemorySwap", "CpuShares",
        "Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce",
        "NetworkDisabled", "MacAddress",
    ])

    /// Reads the map under `config`.
    static func read(_ field: SpecField) -> ContainerConfiguration? {
        guard let map = field.map(keys) else { return nil }
        var config = ContainerConfiguration()
        config.readProcess(map)
        config.readMaps(map)
        config.readLimits(map)
        config.readSwitches(map)
        config.healthcheck = map["Healthcheck"].flatMap(Healthcheck.read)
        return config
    }

    /// The keys of the map under `config` that have the value `null`.
    static func unsetKeys(_ field: SpecField) -> Set<String> {
        guard case .map(let entries) = field.node.value else { return [] }
        return Set(entries.filter { $0.value.isNull && keys.names.contains($0.key) }.map(\.key))
    }

    private mutating func readProcess(_ map: SpecMap) {
        user = map["User"]?.string(.user)
        env = map["Env"]?.strings(.environmentVariable)
        entrypoint = map["Entrypoint"].flatMap(Self.command)
        cmd = map["Cmd"].flatMap(Self.command)
        workingDir = map["WorkingDir"]?.string(.absolutePath)
        stopSignal = map["StopSignal"].flatMap(Self.signal)
        shell = map["Shell"].flatMap(Self.command)
        if let field = map["Shell"], case .list(let words) = field.node.value, words.isEmpty {
            field.report("An empty list of words cannot stand for 'Shell'")
        }
        onBuild = map["OnBuild"]?.strings(.nonemptyText)
        hostname = map["Hostname"]?.string(.hostName)
        domainname = map["Domainname"]?.string(.hostName)
        macAddress = map["MacAddress"]?.string(.macAddress)
    }

    private mutating func readMaps(_ map: SpecMap) {
        exposedPorts = map["ExposedPorts"].flatMap { Self.set($0, .port) }
            .map { Set($0.map { $0.contains("/") ? $0 : $0 + "/tcp" }) }
        volumes = map["Volumes"].flatMap { Self.set($0, .imagePath) }.map { Set($0) }
        labels = map["Labels"]?.stringMap(keys: .nonemptyText)
    }

    private mutating func readLimits(_ map: SpecMap) {
        memory = map["Memory"]?.integer(in: 0 ... .max)
        memorySwap = map["MemorySwap"]?.integer(in: -1 ... .max)
        cpuShares = map["CpuShares"]?.integer(in: 0 ... .max)
        stopTimeout = map["StopTimeout"]?.integer(in: -1...2_147_483_647)
    }

    private mutating func readSwitches(_ map: SpecMap) {
        argsEscaped = map["ArgsEscaped"]?.bool()
        attachStdin = map["AttachStdin"]?.bool()
        attachStdout = map["AttachStdout"]?.bool()
        attachStderr = map["AttachStderr"]?.bool()
        tty = map["Tty"]?.bool()
        openStdin = map["OpenStdin"]?.bool()
        stdinOnce = map["StdinOnce"]?.bool()
        networkDisabled = map["NetworkDisabled"]?.bool()
    }

    /// A list of words; a single string gets the hint how to write it.
    private static func command(_ field: SpecField) -> [String]? {
        guard case .string(let text) = field.node.value else { return field.strings() }
        let isShort = text.utf8.count <= 40 && !text.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") }
        field.mismatch(
            "a list of strings",
            hint: isShort ? "write [/bin/sh, -c, \"\(text)\"] to have a shell split it into words" : nil
        )
        return nil
    }

    private static func signal(_ field: SpecField) -> String? {
        guard case .integer(let number) = field.node.value else { return field.string(.signal) }
        guard let problem = SpecRule.signal.problem(String(number)) else { return String(number) }
        field.report(problem.message, hint: problem.hint)
        return nil
    }

    /// The keys of a map to empty maps, as the image configuration writes a set, or the elements of a list.
    private static func set(_ field: SpecField, _ rule: SpecRule) -> [String]? {
        if case .list = field.node.value { return field.strings(rule) }
        guard case .map = field.node.value else {
            field.mismatch("a map or a list of strings")
            return nil
        }
        return field.pairs(rule, keepingNull: true)?.map { pair in
            switch pair.value.node.value {
            case .null: break
            case .map(let entries) where entries.isEmpty: break
            default: pair.value.mismatch("an empty map ({})")
            }
            return pair.key
        }
    }
}

extension ContainerConfiguration.Healthcheck {
    static let keys = SpecKeys(["Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"])

    /// Reads the map under `Healthcheck`.
    static func read(_ field: SpecField) -> ContainerConfiguration.Healthcheck? {
        guard let map = field.map(keys) else { return nil }
        var check = ContainerConfiguration.Healthcheck()
        check.test = map["Test"].flatMap(test)
        check.interval = map["Interval"].flatMap(duration)
        check.timeout = map["Timeout"].flatMap(duration)
        check.startPeriod = map["StartPeriod"].flatMap(duration)
        check.startInterval = map["StartInterval"].flatMap(duration)
        check.retries = map["Retries"]?.integer(in: 0...2_147_483_647)
        return check
    }

    private static func test(_ field: SpecField) -> [String]? {
        guard let elements = field.elements("a list of strings") else { return nil }
        let words = elements.compactMap { $0.string() }
        guard words.count == elements.count else { return nil }
        let forms = "write [NONE], [CMD, program, argument, …] or [CMD-SHELL, \"command line\"]"
        switch words.first {
        case "NONE" where words.count == 1, "CMD" where words.count >= 2, "CMD-SHELL" where words.count == 2:
            return words
        case "NONE", "CMD", "CMD-SHELL":
            field.report("'Test' has the wrong number of words after '\(words[0])'", hint: forms)
        case .some(let word):
            elements[0].report(
                "'Test' starts with NONE, CMD or CMD-SHELL, got \(SpecProblem.quoted(word))",
                hint: forms
            )
        case nil: field.report("An empty list of words cannot stand for 'Test'", hint: forms)
        }
        return nil
    }

    /// Nanoseconds, 0 or at least a millisecond as Docker demands.
    private static func duration(_ field: SpecField) -> Int64? {
        guard case .string = field.node.value else {
            guard let value = field.integer(in: 0 ... .max) else { return nil }
            guard value == 0 || value >= 1_000_000 else {
                field.report(
                    "'\(field.key)' is \(value) nanoseconds, expected 0 or at least 1000000 (a millisecond)",
                    hint: "write a text with a unit, for example \"\(value)s\""
                )
                return nil
            }
            return value
        }
        return field.string(.duration).flatMap(DurationText.nanoseconds)
    }
}
