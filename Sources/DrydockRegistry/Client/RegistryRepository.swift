// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
import DrydockJSON
public import DrydockOCI
import NIOCore
import NIOHTTP1

/// One repository of a registry: its manifests, its tags and its blobs.
///
/// What is read comes from the first endpoint that has it, mirrors before the registry itself. What is written goes to
/// the registry.
public struct RegistryRepository: Sendable {
    let client: RegistryClient
    /// The registry as in `ImageReference.registry`.
    public let registry: String
    /// The name inside the registry.
    public let name: String
    let endpoints: [RegistryEndpoint]

    /// The repository in the user's words.
    var text: String { "\(registry)/\(name)" }
}

/// A manifest or index as a registry has it.
public struct RegistryManifest: Hashable, Sendable {
    /// Its type, digest and size.
    public let descriptor: Descriptor
    /// Its bytes, whose digest was checked.
    public let bytes: [UInt8]

    /// A manifest of known type.
    public init(_ bytes: [UInt8], mediaType: MediaType) {
        self.bytes = bytes
        descriptor = Descriptor(of: bytes, mediaType: mediaType)
    }
}

/// What a request may do in a repository.
enum RegistryAccess: String, Sendable {
    case pull
    case push = "pull,push"
    case delete = "delete,pull"
}

extension RegistryRepository {
    /// The registry itself.
    var origin: RegistryEndpoint {
        guard let origin = endpoints.last else { preconditionFailure("A registry has at least one endpoint") }
        return origin
    }

    /// A path of the repository at an endpoint.
    func address(_ path: String, at endpoint: RegistryEndpoint) -> WebAddress {
        WebAddress(endpoint, "/v2/\(endpoint.repository ?? name)/\(path)")
    }

    /// Sends a request to an endpoint.
    func send<Result: Sendable>(
        _ request: RegistryRequest,
        to endpoint: RegistryEndpoint,
        _ access: RegistryAccess,
        mountingFrom other: String? = nil,
        _ handle: (RegistryResponse) async throws -> Result
    ) async throws -> Result {
        do {
            return try await run(request, to: endpoint, access, mountingFrom: other).result(handle)
        } catch let broken as BrokenConnection {
            throw RegistryFailure(broken.reason, request: request.text)
        }
    }

    /// Sends a request to the registry that must not be repeated blindly.
    ///
    /// - Throws: As ``send(_:to:_:mountingFrom:_:)``, but ``BrokenConnection`` as it is.
    func sendOnce<Result: Sendable>(
        _ request: RegistryRequest,
        _ handle: (RegistryResponse) async throws -> Result
    ) async throws -> Result {
        try await run(request, to: origin, .push, mountingFrom: nil).result(handle)
    }

    private func run(
        _ request: RegistryRequest,
        to endpoint: RegistryEndpoint,
        _ access: RegistryAccess,
        mountingFrom other: String?
    ) -> RequestRun {
        let name = endpoint.repository ?? self.name
        let target = AuthorizationTarget(
            server: WebAddress(endpoint, "/v2/"),
            registry: endpoint.isMirror ? endpoint.authority : registry,
            repository: name,
            scopes: ["repository:\(name):\(access.rawValue)"] + (other.map { ["repository:\($0):pull"] } ?? [])
        )
        return RequestRun(request, for: target, at: endpoint, of: client)
    }

    /// Asks one endpoint after the other.
    ///
    /// - Throws: What the last one says, which is the registry itself.
    func reading<Result: Sendable>(
        _ reference: ManifestReference,
        _ body: (RegistryEndpoint) async throws -> Result
    ) async throws -> Result {
        // What a tag means an old copy may not know; what a digest means it cannot change.
        for mirror in endpoints.dropLast() where mirror.use != .digestOnly || reference.digest != nil {
            do { return try await body(mirror) } catch is RegistryFailure { continue }
        }
        return try await body(origin)
    }
}

// MARK: - Manifests

extension RegistryRepository {
    /// The largest manifest that is read.
    static let manifestLimit = JSONLimits.document.bytes

    private static let manifestTypes: [MediaType] = [
        .imageIndex, .imageManifest, .dockerManifestList, .dockerManifest,
    ]

    /// The manifest or index of a tag or digest.
    ///
    /// - Throws: ``RegistryFailure`` also if the bytes do not have the digest that was asked for or announced.
    public func manifest(_ reference: ManifestReference) async throws -> RegistryManifest {
        try await reading(reference) { endpoint in
            let request = request(.GET, reference, at: endpoint)
            return try await send(request, to: endpoint, .pull) { response in
                let bytes = try await response.bytes(limit: Self.manifestLimit)
                let announced = response.headers.first(name: "Docker-Content-Digest").flatMap { try? Digest($0) }
                if let expected = reference.digest ?? announced {
                    let actual = Digest(of: bytes)
                    guard actual == expected else {
                        throw RegistryFailure(
                            .digestMismatch(expected: expected, actual: actual),
                            request: request.text
                        )
                    }
                }
                return RegistryManifest(bytes, mediaType: Self.mediaType(of: bytes, response.headers))
            }
        }
    }

    /// Type, digest and size of a manifest, without its bytes; nil if there is none.
    ///
    /// - Throws: ``RegistryFailure``.
    public func manifestDescriptor(_ reference: ManifestReference) async throws -> Descriptor? {
        try await reading(reference) { endpoint in
            var request = request(.HEAD, reference, at: endpoint)
            request.rules.accepted = [404]
            let answer = try await send(request, to: endpoint, .pull) { response in
                (response.status, response.headers)
            }
            guard answer.0 != 404 else {
                // A mirror need not have everything.
                if endpoint.isMirror { throw RegistryFailure(.refused(status: 404, answer: RegistryAnswer())) }
                return nil
            }
            let announced = answer.1.first(name: "Docker-Content-Digest").flatMap { try? Digest($0) }
            let size = answer.1.first(name: "Content-Length").flatMap { Int64($0) }
            guard let digest = reference.digest ?? announced, let size, size >= 0 else {
                // Registries need not announce them.
                return try await manifest(reference).descriptor
            }
            return Descriptor(mediaType: Self.contentType(answer.1) ?? .imageManifest, digest: digest, size: size)
        }
    }

    /// Puts a manifest or index under its digest or a tag; what it refers to must be there.
    ///
    /// - Throws: ``RegistryFailure``.
    public func putManifest(_ manifest: RegistryManifest, as reference: ManifestReference) async throws {
        var request = RegistryRequest(.PUT, address("manifests/\(reference.text)", at: origin))
        request.body = .bytes(ByteBuffer(bytes: manifest.bytes), type: manifest.descriptor.mediaType.rawValue)
        let answered = try await send(request, to: origin, .push) { response in
            response.headers.first(name: "Docker-Content-Digest").flatMap { try? Digest($0) }
        }
        // A registry that changes manifests would break every digest that was told.
        if let answered, answered != manifest.descriptor.digest {
            let reason = RegistryFailure.Reason.digestMismatch(expected: manifest.descriptor.digest, actual: answered)
            throw RegistryFailure(reason, request: request.text)
        }
    }

    /// Deletes a manifest by its digest, or a tag where the registry can do that.
    ///
    /// - Throws: ``RegistryFailure``, also if there is none.
    public func deleteManifest(_ reference: ManifestReference) async throws {
        let request = RegistryRequest(.DELETE, address("manifests/\(reference.text)", at: origin))
        try await send(request, to: origin, .delete) { _ in }
    }

    /// A request for a manifest, of any type.
    func request(_ method: HTTPMethod, _ reference: ManifestReference, at endpoint: RegistryEndpoint)
        -> RegistryRequest
    {
        var request = RegistryRequest(method, address("manifests/\(reference.text)", at: endpoint))
        request.headers.add(name: "Accept", value: Self.manifestTypes.map(\.rawValue).joined(separator: ", "))
        request.rules.followsRedirects = true
        return request
    }

    /// What the document says it is, or else what the registry says.
    private static func mediaType(of bytes: [UInt8], _ headers: HTTPHeaders) -> MediaType {
        let document = try? [String: JSONValue](parsing: bytes)
        if case .string(let text)? = document?["mediaType"] { return MediaType(rawValue: text) }
        return contentType(headers) ?? .imageManifest
    }

    private static func contentType(_ headers: HTTPHeaders) -> MediaType? {
        guard let text = headers.first(name: "Content-Type")?.prefix(while: { $0 != ";" }) else { return nil }
        return MediaType(rawValue: text.split(separator: " ").joined())
    }
}

/// How a manifest is named in its repository.
public enum ManifestReference: Hashable, Sendable {
    /// By a tag, which may come to mean another one.
    case tag(String)
    /// By its digest.
    case digest(Digest)

    /// What a reference asks for: its digest if it has one, else its tag, else `latest`.
    public init(_ reference: ImageReference) {
        if let digest = reference.digest {
            self = .digest(digest)
        } else {
            self = .tag(reference.tag ?? "latest")
        }
    }

    /// The digest, if it is one.
    public var digest: Digest? { if case .digest(let digest) = self { digest } else { nil } }

    var text: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): "\(digest)"
        }
    }
}
