// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1
import Synchronization

/// A registry in this process, which keeps everything in memory: for tests that need thousands of them, or to look inside.
///
/// It takes what has arrived of a body whose connection broke, and lets the upload be continued there.
public final class MemoryRegistry: Sendable {
    /// What the registry is like.
    public struct Settings: Sendable {
        /// Whether blobs of other repositories are taken over.
        public var mounts = true
        /// Whether blobs may come in parts.
        public var takesChunks = true
        /// The smallest part that it takes, but for the last one.
        public var smallestChunk: Int?
        /// How many tags a page has.
        public var tagsPerPage = 2

        /// A registry that allows everything.
        public init() {}
    }

    private struct Upload: Sendable {
        var bytes: [UInt8] = []
    }

    private struct Repository: Sendable {
        var blobs: [String: [UInt8]] = [:]
        var manifests: [String: (type: String, bytes: [UInt8])] = [:]
        var tags: [String: String] = [:]
    }

    private struct State: Sendable {
        var repositories: [String: Repository] = [:]
        var uploads: [String: Upload] = [:]
        var count = 0
    }

    private let settings: Settings
    private let digest: @Sendable ([UInt8]) -> String
    private let state = Mutex(State())

    /// An empty registry.
    ///
    /// - Parameters:
    ///   - settings: What it is like.
    ///   - digest: The digest of bytes, as text.
    public init(_ settings: Settings = Settings(), digest: @escaping @Sendable ([UInt8]) -> String) {
        self.settings = settings
        self.digest = digest
    }

    /// Runs `body` with the registry at a port of this machine.
    ///
    /// - Parameters:
    ///   - arrived: Told of the bytes of bodies as they come.
    ///   - body: Gets host and port.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    public func serve<Result: Sendable>(
        arrived: @escaping @Sendable (Int) -> Void = { _ in },
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let watch = HTTPTestServer.Watch(arrived: arrived, interrupted: { [self] request in interrupted(request) })
        let handler: HTTPTestServer.Handler = { [self] in reply(to: $0) }
        return try await HTTPTestServer.withServer(handler, watching: watch) { port in
            try await body("127.0.0.1:\(port)")
        }
    }

    /// The bytes of a blob in a repository.
    public func blob(_ digest: String, in repository: String) -> [UInt8]? {
        state.withLock { $0.repositories[repository]?.blobs[digest] }
    }

    /// The digests of the blobs that a repository has.
    public func blobs(in repository: String) -> Set<String> {
        state.withLock { Set($0.repositories[repository]?.blobs.keys.map(\.self) ?? []) }
    }

    /// The manifest that a tag leads to.
    public func manifest(tag: String, in repository: String) -> [UInt8]? {
        state.withLock { state in
            guard let repository = state.repositories[repository] else { return nil }
            return repository.tags[tag].flatMap { repository.manifests[$0]?.bytes }
        }
    }

    /// All bytes that it keeps: blobs, uploads that are not complete, manifests.
    public var size: Int {
        state.withLock { state in
            let repositories = state.repositories.values.map { repository in
                repository.blobs.values.reduce(0) { $0 + $1.count }
                    + repository.manifests.values.reduce(0) { $0 + $1.bytes.count }
            }
            return repositories.reduce(0, +) + state.uploads.values.reduce(0) { $0 + $1.bytes.count }
        }
    }

    /// The bytes of uploads that are not complete.
    public var pendingBytes: Int { state.withLock { $0.uploads.values.reduce(0) { $0 + $1.bytes.count } } }
}

// MARK: - Requests

extension MemoryRegistry {
    typealias Request = HTTPTestServer.Request
    typealias Reply = HTTPTestServer.Reply

    /// What the registry answers.
    public func reply(to request: HTTPTestServer.Request) -> HTTPTestServer.Reply {
        let (path, query) = request.parts
        guard path.hasPrefix("/v2/") else { return .status(404) }
        let rest = path.dropFirst("/v2/".count)
        if rest.isEmpty { return .status(200) }
        let kinds: [(String, (String, String) -> Reply)] = [
            ("/blobs/uploads/", { self.upload(request, $0, $1, query) }),
            ("/blobs/", { self.blob(request, $0, $1) }),
            ("/manifests/", { self.manifest(request, $0, $1) }),
            ("/tags/", { name, _ in self.tags(name, query) }),
        ]
        for (separator, answer) in kinds {
            if let range = rest.firstRange(of: separator) {
                return answer(String(rest[..<range.lowerBound]), String(rest[range.upperBound...]))
            }
        }
        return .status(404)
    }

    /// Keeps what has arrived of a body whose connection ended.
    public func interrupted(_ request: HTTPTestServer.Request) {
        guard request.method == .PATCH || request.method == .PUT,
            let range = request.parts.path.firstRange(of: "/blobs/uploads/")
        else { return }
        state.withLock { state in
            let id = String(request.parts.path[range.upperBound...])
            guard let upload = state.uploads[id], request.start ?? upload.bytes.count == upload.bytes.count else {
                return
            }
            state.uploads[id]?.bytes += request.body
        }
    }

    // MARK: Blobs

    private func upload(_ request: Request, _ name: String, _ id: String, _ query: [String: String]) -> Reply {
        state.withLock { state in
            switch request.method {
            case .POST: return begin(name, query, &state)
            case .GET:
                guard let upload = state.uploads[id] else { return .error(404, "BLOB_UPLOAD_UNKNOWN") }
                return accepted(204, name, id, upload)
            case .DELETE:
                return state.uploads.removeValue(forKey: id) == nil ? .error(404, "BLOB_UPLOAD_UNKNOWN") : .status(204)
            case .PATCH: return append(request, name, id, &state)
            case .PUT: return complete(request, name, id, query["digest"] ?? "", &state)
            default: return .status(405)
            }
        }
    }

    private func begin(_ name: String, _ query: [String: String], _ state: inout State) -> Reply {
        if settings.mounts, let digest = query["mount"], let other = query["from"],
            let bytes = state.repositories[other]?.blobs[digest]
        {
            state.repositories[name, default: Repository()].blobs[digest] = bytes
            return .answer(status: 201, headers: ["Location": "/v2/\(name)/blobs/\(digest)"], body: [])
        }
        state.count += 1
        let (id, upload) = ("\(state.count)", Upload())
        state.uploads[id] = upload
        return accepted(202, name, id, upload)
    }

    private func accepted(_ status: Int, _ name: String, _ id: String, _ upload: Upload) -> Reply {
        let path = "/v2/\(name)/blobs/uploads/\(id)"
        var headers: HTTPHeaders = ["Location": path, "Range": "0-\(max(0, upload.bytes.count - 1))"]
        if let chunk = settings.smallestChunk { headers.add(name: "OCI-Chunk-Min-Length", value: "\(chunk)") }
        return .answer(status: status, headers: headers, body: [])
    }

    private func append(_ request: Request, _ name: String, _ id: String, _ state: inout State) -> Reply {
        guard settings.takesChunks else { return .error(405, "UNSUPPORTED") }
        guard var upload = state.uploads[id] else { return .error(404, "BLOB_UPLOAD_UNKNOWN") }
        guard request.start ?? upload.bytes.count == upload.bytes.count else { return accepted(416, name, id, upload) }
        upload.bytes += request.body
        state.uploads[id] = upload
        return accepted(202, name, id, upload)
    }

    private func complete(
        _ request: Request,
        _ name: String,
        _ id: String,
        _ digest: String,
        _ state: inout State
    ) -> Reply {
        guard let upload = state.uploads[id] else { return .error(404, "BLOB_UPLOAD_UNKNOWN") }
        let bytes = upload.bytes + request.body
        state.uploads[id] = nil
        guard self.digest(bytes) == digest else { return .error(400, "DIGEST_INVALID") }
        state.repositories[name, default: Repository()].blobs[digest] = bytes
        return .answer(status: 201, headers: ["Location": "/v2/\(name)/blobs/\(digest)"], body: [])
    }

    private func blob(_ request: Request, _ name: String, _ digest: String) -> Reply {
        guard let bytes = blob(digest, in: name) else { return .error(404, "BLOB_UNKNOWN") }
        let whole = ["Content-Length": "\(bytes.count)", "Docker-Content-Digest": digest]
        guard request.method == .GET else {
            return .answer(status: 200, headers: HTTPHeaders(whole.map(\.self)), body: [])
        }
        guard let range = request.headers.first(name: "Range")?.dropFirst("bytes=".count).split(separator: "-"),
            range.count == 2, let first = Int(range[0]), let last = Int(range[1]), first <= last, last < bytes.count
        else { return .answer(status: 200, headers: HTTPHeaders(whole.map(\.self)), body: bytes) }
        let field = "bytes \(first)-\(last)/\(bytes.count)"
        return .answer(status: 206, headers: ["Content-Range": field], body: Array(bytes[first...last]))
    }

    // MARK: Manifests and tags

    private func manifest(_ request: Request, _ name: String, _ reference: String) -> Reply {
        state.withLock { state in
            guard request.method != .PUT else { return put(request, name, reference, &state) }
            let repository = state.repositories[name]
            let digest = repository?.tags[reference] ?? reference
            guard let found = repository?.manifests[digest] else { return .error(404, "MANIFEST_UNKNOWN") }
            if request.method == .DELETE {
                state.repositories[name]?.manifests[digest] = nil
                state.repositories[name]?.tags = repository?.tags.filter { $0.value != digest } ?? [:]
                return .status(202)
            }
            let headers: HTTPHeaders = [
                "Content-Type": found.type, "Docker-Content-Digest": digest, "Content-Length": "\(found.bytes.count)",
            ]
            return .answer(status: 200, headers: headers, body: request.method == .HEAD ? [] : found.bytes)
        }
    }

    private func put(_ request: Request, _ name: String, _ reference: String, _ state: inout State) -> Reply {
        let digest = digest(request.body)
        var repository = state.repositories[name, default: Repository()]
        // A manifest must not lead to what is not there.
        for named in Self.digests(in: request.body)
        where repository.blobs[named] == nil && repository.manifests[named] == nil {
            return .error(400, "MANIFEST_BLOB_UNKNOWN")
        }
        if reference.hasPrefix("sha256:") {
            guard reference == digest else { return .error(400, "DIGEST_INVALID") }
        } else {
            repository.tags[reference] = digest
        }
        let type = request.headers.first(name: "Content-Type") ?? ""
        repository.manifests[digest] = (type, request.body)
        state.repositories[name] = repository
        return .answer(status: 201, headers: ["Docker-Content-Digest": digest], body: [])
    }

    private static func digests(in bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\"").map(String.init).filter {
            $0.hasPrefix("sha256:") && $0.utf8.count == 71
        }
    }

    private func tags(_ name: String, _ query: [String: String]) -> Reply {
        let tags = state.withLock { $0.repositories[name]?.tags.keys.sorted() ?? [] }
        let rest = tags.filter { tag in query["last"].map { tag > $0 } ?? true }
        let page = Array(rest.prefix(settings.tagsPerPage))
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if let last = page.last, page.count < rest.count {
            headers.add(
                name: "Link",
                value: "</v2/\(name)/tags/list?n=\(settings.tagsPerPage)&last=\(last)>; rel=\"next\""
            )
        }
        let list = page.map { "\"\($0)\"" }.joined(separator: ",")
        return .answer(status: 200, headers: headers, body: Array(#"{"name":"\#(name)","tags":[\#(list)]}"#.utf8))
    }
}

extension HTTPTestServer.Reply {
    fileprivate static func status(_ status: Int) -> Self { .answer(status: status, headers: [:], body: []) }

    fileprivate static func error(_ status: Int, _ code: String) -> Self {
        let text = #"{"errors":[{"code":"\#(code)","message":"no"}]}"#
        return .answer(status: status, headers: ["Content-Type": "application/json"], body: Array(text.utf8))
    }
}

extension HTTPTestServer.Request {
    /// Path and parameters.
    fileprivate var parts: (path: String, query: [String: String]) {
        let path = target.prefix { $0 != "?" }
        var query: [String: String] = [:]
        for parameter in target.dropFirst(path.count + 1).split(separator: "&") {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            query[String(pair[0])] = (pair.count > 1 ? String(pair[1]) : "").replacing("%3A", with: ":")
        }
        return (String(path), query)
    }

    /// Where a part of a blob begins.
    fileprivate var start: Int? {
        headers.first(name: "Content-Range").flatMap { $0.split(separator: "-").first }.flatMap { Int($0) }
    }
}
