// SPDX-License-Identifier: Apache-2.0

extension SpecRule {
    /// A user by name or number, or user and group with `:` between; empty for root.
    static let user = SpecRule("a user, or a user and a group with ':' between") { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard !text.isEmpty else { return true }
        return parts.count <= 2 && !parts.contains("") && !text.utf8.contains { [0, 9, 10, 13, 32].contains($0) }
    }

    /// `NAME=VALUE`.
    static let environmentVariable = SpecRule("a variable of the form NAME=VALUE") { text in
        !text.hasPrefix("=") && text.utf8.contains(UInt8(ascii: "=")) && !text.utf8.contains(0)
    }

    /// A port from 1 to 65535 with an optional protocol.
    static let port = SpecRule("a port from 1 to 65535, alone or with /tcp, /udp or /sctp behind it") { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 1 || ["tcp", "udp", "sctp"].contains(parts[1]) else { return false }
        guard let first = parts[0].utf8.first, isDigit(first), first != UInt8(ascii: "0") else { return false }
        return UInt16(parts[0]) != nil
    }

    /// Letters, digits, `.`, `_` and `-`; empty for none.
    static let hostName = SpecRule("a host name") { text in
        text.utf8.count <= 253 && text.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
    }

    /// Six pairs of hexadecimal digits.
    static let macAddress = SpecRule("a MAC address such as \"02:42:ac:11:00:02\"") { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 6
            && parts.allSatisfy { part in
                part.utf8.count == 2 && part.utf8.allSatisfy { "0123456789abcdefABCDEF".utf8.contains($0) }
            }
    }

    /// A signal of Linux by name, or by number from 1 to 64.
    static let signal = SpecRule { text in
        if let number = Int(text), (1...64).contains(number), text == String(number) { return nil }
        return SpecRule.word(SignalName.all, "a signal", aliases: SignalName.short).hintless.problem(text)
    }

    /// Hours, minutes, seconds and milliseconds: `1m30s`.
    static let duration = SpecRule(
        "a duration",
        hint: "write hours, minutes, seconds and milliseconds in this order, such as 1h, 1m30s or 500ms"
    ) { DurationText.nanoseconds($0) != nil }

    /// The same rule with the list of words replaced by a form.
    private var hintless: SpecRule {
        SpecRule { text in
            problem(text).map { found in
                found.hint == nil
                    ? found : SpecProblem(found.message, hint: "write a name such as SIGTERM, or a number")
            }
        }
    }
}

/// The signals of Linux by the names that container engines know.
enum SignalName: Sendable {
    private static let standard = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
        "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
        "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
    ]
    private static let realTime =
        ["RTMIN", "RTMAX"] + (1...15).map { "RTMIN+\($0)" } + (1...14).map { "RTMAX-\($0)" }

    static let all = (standard + realTime).map { "SIG" + $0 }

    /// The names without `SIG` in lower case.
    static let short = Dictionary(uniqueKeysWithValues: all.map { ($0.dropFirst(3).lowercased(), $0) })
}

/// Durations with units.
enum DurationText: Sendable {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
    ]

    /// Whole numbers of up to six digits, each with its unit, from the largest to the smallest.
    ///
    /// Six digits of hours are less than the 292 years that fit.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = text.utf8[...]
        var remaining = units[...]
        var total: Int64 = 0
        repeat {
            let digits = rest.prefix(while: isDigit)
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix(while: isLowercase)
            rest = rest.dropFirst(unit.count)
            guard (1...6).contains(digits.count), let number = Int64(Substring(digits)),
                let index = remaining.firstIndex(where: { $0.name == String(Substring(unit)) })
            else { return nil }
            total += number * units[index].nanoseconds
            remaining = remaining[(index + 1)...]
        } while !rest.isEmpty
        return total
    }
}
