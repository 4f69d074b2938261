// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import Testing

/// The parts of TOML that `registries.conf` may use.
@Suite
struct TOMLTests {
    /// A way to write the location `quay.io/a`.
    static let spellings = [
        "[[registry]]\nlocation = \"quay.io/a\"",
        "[[registry]]\r\nlocation = 'quay.io/a' # note\r\n",
        "[[ \"registry\" ]]\n'location'=\"quay.io\\u002fa\"",
        "registry = [\n  {location = \"quay.io/a\"}, # one\n]",
        "registry = [{ \"location\" = 'quay.io/a', n = {m = 1} }]\n",
        "[[registry]]\nlocation = '''\nquay.io/a'''",
        "[[registry]]\nlocation = \"\"\"quay.\\\n    io/a\"\"\"",
        "x.y = 1\nt = 2026-11-28T00:00:00Z\nf = -1.5e3\nn = +inf\n[x.z]\n[a.b]\n[a]\n[[registry]]\nlocation='quay.io/a'\n[registry.extra]\nk=1",
    ]

    @Test(arguments: spellings)
    func `one value has many spellings`(text: String) throws {
        let rules = try RegistriesConfiguration.rules(parsing: Array(text.utf8), path: "/r.conf")
        #expect(rules.map(\.location) == ["quay.io/a"])
    }

    @Test(arguments: [
        "[a]\n[a]", "a = 1\na = 2", "[[a]]\n[a", "a = ", "= 1", "a = [1, 2", "a = {b = 1", "a = 'x\ny'", "[a]]",
        "a = tru",
        "a.b = 1\n[a.b]", "a = \"\\ud800\"", "a = \"x", "a = '''x", "[[a]]\n[a.b]\n[[a.b]]",
    ])
    func `what is not TOML is refused`(text: String) {
        #expect(throws: RegistryConfigurationFailure.self) {
            try RegistriesConfiguration.rules(parsing: Array(text.utf8), path: "/r.conf")
        }
    }
}
