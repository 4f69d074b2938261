// SPDX-License-Identifier: Apache-2.0

import DrydockOCI
import NIOHTTP1

extension RegistryClient {
    /// Asks a registry whether it takes the credentials that there are for it.
    ///
    /// A registry that asks nobody for credentials takes all of them.
    ///
    /// - Throws: ``RegistryFailure`` if it cannot be asked.
    public func accepts(_ registry: String) async throws -> Bool {
        // Credentials are the registry's own, whatever the repository is.
        let endpoint = try await repository(of: ImageReference("\(registry)/login")).origin
        let address = WebAddress(endpoint, "/v2/")
        let target = AuthorizationTarget(server: address, registry: registry, repository: nil, scopes: [])
        let request = RegistryRequest(.GET, address)
        do {
            _ = try await RequestRun(request, for: target, at: endpoint, of: self).result { response in
                try await response.bytes(limit: 1 << 16)
            }
            return true
        } catch let broken as BrokenConnection {
            throw RegistryFailure(broken.reason, request: request.text)
        } catch let failure as RegistryFailure where failure.status == 401 || failure.status == 403 {
            return false
        }
    }
}
