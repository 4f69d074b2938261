// SPDX-License-Identifier: Apache-2.0

/// The file `.netrc`: names and passwords by host, as ftp(1) and curl read it.
///
/// [Format](https://everything.curl.dev/usingcurl/netrc.html). Comments begin with `#` at a word's start; a value may
/// stand in double quotes; macros are skipped. `default` is skipped too: a registry that nobody named gets no password.
struct NetrcFile: Sendable {
    private struct Machine {
        /// Nil for `default`.
        let name: String?
        var user: String?
        var password: Secret?
    }

    private var machines: [Machine] = []

    /// The most that is read of such a file, in bytes.
    static let sizeLimit = 1 << 20

    /// Reads the text; what is not understood is skipped, as every reader of these files does.
    init(parsing text: String) {
        var words = NetrcWords(text)
        while let word = words.next() {
            switch word {
            case "machine": machines.append(Machine(name: words.next()?.lowercased() ?? ""))
            case "default": machines.append(Machine(name: nil))
            case "login": set(\.user, words.next())
            case "password": set(\.password, words.next().map { Secret($0) })
            case "account": _ = words.next()
            case "macdef": words.skipMacro()
            default: break
            }
        }
    }

    private mutating func set<Value>(_ field: WritableKeyPath<Machine, Value?>, _ value: Value?) {
        guard let last = machines.indices.last else { return }
        machines[last][keyPath: field] = value
    }

    /// The credentials for a registry: those of its host with the port, or else those of the host alone.
    func credentials(for scope: RegistryScope) -> RegistryCredentials {
        let host = scope.registry.hasSuffix("]") ? scope.registry : scope.registry.replacing(/:[0-9]+$/, with: "")
        let names = [scope.registry, host] + (host == "docker.io" ? ["index.docker.io", "registry-1.docker.io"] : [])
        for name in names {
            guard let machine = machines.first(where: { $0.name == name }) else { continue }
            guard let password = machine.password else { return .none }
            return .basic(user: machine.user ?? "", password)
        }
        return .none
    }
}

/// The words of a `.netrc`.
private struct NetrcWords {
    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    mutating func next() -> String? {
        rest = rest.drop(while: \.isWhitespace)
        while rest.first == "#" { rest = rest.drop { !$0.isNewline }.drop(while: \.isWhitespace) }
        guard let first = rest.first else { return nil }
        guard first == "\"" else {
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest[word.endIndex...]
            return String(word)
        }
        return quoted()
    }

    /// A word in quotes, in which a backslash lets the next character stand for itself or for a line break or tab.
    private mutating func quoted() -> String {
        rest.removeFirst()
        var word = ""
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\", let escaped = rest.popFirst() else {
                word.append(character)
                continue
            }
            switch escaped {
            case "n": word.append("\n")
            case "r": word.append("\r")
            case "t": word.append("\t")
            default: word.append(escaped)
            }
        }
        return word
    }

    /// A macro ends with an empty line.
    mutating func skipMacro() {
        guard let end = rest.firstRange(of: "\n\n") else {
            rest = ""
            return
        }
        rest = rest[end.upperBound...]
    }
}
