// SPDX-License-Identifier: Apache-2.0

/// What an auth file knows, without any secret.
package struct CredentialOverview: Hashable, Sendable {
    /// Where the file is.
    package let path: String
    /// The registries and namespaces with an entry.
    package let registries: [String]
    /// The helpers that it names.
    package let helpers: [String]
    /// Those of them that are not installed.
    package let missingHelpers: [String]
}

extension CredentialChain {
    /// What each auth file knows that exists.
    ///
    /// - Throws: ``CredentialFailure`` if one cannot be read.
    package func overviews() throws(CredentialFailure) -> [CredentialOverview] {
        var overviews: [CredentialOverview] = []
        for file in files {
            guard try Self.read(file.path, limit: 1) != nil else {
                if file.isRequired { throw CredentialFailure(.missingFile(file.path)) }
                continue
            }
            let auth = try AuthFile(at: file)
            let names = Set(auth.helpers.values).union([auth.defaultHelper].compactMap(\.self)).sorted()
            let missing = names.filter { (try? CredentialHelper(name: $0, settings: helpers)) == nil }
            overviews.append(
                CredentialOverview(
                    path: file.path,
                    registries: auth.entries.keys.sorted(),
                    helpers: names,
                    missingHelpers: missing
                )
            )
        }
        return overviews
    }
}
