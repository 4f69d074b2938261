// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Foundation

/// The certificates of one registry: a directory `HOST:PORT` with `*.crt`, `*.cert` and `*.key`.
///
/// [Docker's page](https://docs.docker.com/engine/security/certificates/): each `.crt` is an authority to be trusted, and
/// each `.cert` a client's certificate whose key has the same name with `.key`.
public struct CertificateDirectory: Hashable, Sendable {
    /// Where it is.
    public let path: String
    /// PEM files with authorities.
    public let trustRoots: [String]
    /// Certificates of the client.
    public let clientCertificates: [ClientCertificate]

    /// The first directory that exists for a registry.
    ///
    /// - Returns: nil if there is none.
    /// - Throws: ``RegistryConfigurationFailure`` if it cannot be read, or a certificate has no key or a key no
    ///   certificate.
    public init?(for registry: String, in directories: [String]) throws(RegistryConfigurationFailure) {
        // A name that leads elsewhere is none; the grammar of references allows no such registry.
        guard !registry.contains("/"), registry != ".", registry != ".." else { return nil }
        for directory in directories.map({ "\($0)/\(registry)" }) {
            guard let names = try Self.names(in: directory) else { continue }
            try self.init(directory, names)
            return
        }
        return nil
    }

    private init(_ directory: String, _ names: [String]) throws(RegistryConfigurationFailure) {
        path = directory
        trustRoots = names.filter { $0.hasSuffix(".crt") }.map { "\(directory)/\($0)" }
        let known = Set(names)
        for name in names where name.hasSuffix(".key") && !known.contains(name.dropLast(4) + ".cert") {
            throw RegistryConfigurationFailure(
                .missingPartner("\(directory)/\(name)", partner: "\(name.dropLast(4)).cert")
            )
        }
        var pairs: [ClientCertificate] = []
        for name in names where name.hasSuffix(".cert") {
            let key = "\(name.dropLast(5)).key"
            guard known.contains(key) else {
                throw RegistryConfigurationFailure(.missingPartner("\(directory)/\(name)", partner: key))
            }
            pairs.append(ClientCertificate(certificate: "\(directory)/\(name)", key: "\(directory)/\(key)"))
        }
        clientCertificates = pairs
    }

    /// The sorted names in a directory; nil if there is none.
    static func names(in directory: String) throws(RegistryConfigurationFailure) -> [String]? {
        do {
            guard try FileStatus(of: directory).kind == .directory else { return nil }
        } catch {
            if error.isMissingFile { return nil }
            throw RegistryConfigurationFailure(.file(directory, clause: error.clause))
        }
        do { return try FileManager.default.contentsOfDirectory(atPath: directory).sorted() } catch {
            throw RegistryConfigurationFailure(.file(directory, clause: "it cannot be listed"))
        }
    }
}
