// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockRegistry

/// Which auth file is meant.
struct AuthFileOption: ParsableArguments {
    @Option(
        name: .customLong("authfile"),
        help: ArgumentHelp(
            "The auth file (default: REGISTRY_AUTH_FILE, or Podman's and Docker's files).",
            valueName: "path"
        ),
        completion: .file()
    )
    var path: String?

    /// This process's environment, with the file that was named.
    func surroundings() throws -> RegistrySurroundings {
        var surroundings = RegistrySurroundings.current
        if let path { surroundings.variables["REGISTRY_AUTH_FILE"] = path }
        return surroundings
    }

    /// What keeps and forgets credentials.
    func keeper(_ surroundings: RegistrySurroundings) throws -> CredentialKeeper {
        guard let file = surroundings.preferredAuthFile else { throw LoginFailure.noFile }
        return CredentialKeeper(chain: surroundings.credentials, preferredFile: file)
    }
}
