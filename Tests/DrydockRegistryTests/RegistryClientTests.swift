// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockOCI
import DrydockRegistry
import DrydockTestSupport
import NIOHTTP1
import Synchronization
import Testing

/// The client against Debian's registry.
@Suite(.requires("docker-registry", "htpasswd", "openssl"))
struct RegistryClientTests {
    private let sample = SampleArtifact(seed: 1, sizes: [200_000, 0, 3])

    @Test func `what is pushed can be pulled, listed and deleted`() async throws {
        var settings = TestRegistry.Settings()
        settings.allowsDeletion = true
        try await TestRegistry.withRegistry(settings) { registry in
            try await withRepository("a/b", at: registry.authority) { repository in
                let digest = sample.manifest.descriptor.digest
                #expect(try await repository.manifestDescriptor(.tag("one")) == nil)
                try await sample.push(to: repository, tag: "one")
                try await repository.putManifest(sample.manifest, as: .tag("two"))
                #expect(try await repository.manifestDescriptor(.tag("one")) == sample.manifest.descriptor)
                #expect(try await repository.manifest(.tag("one")) == sample.manifest)
                #expect(try await repository.manifest(.digest(digest)) == sample.manifest)
                #expect(try await repository.tags().sorted() == ["one", "two"])
                for (blob, bytes) in zip(sample.descriptors, sample.blobs) {
                    #expect(try await repository.hasBlob(blob))
                    #expect(try await repository.bytes(of: blob) == bytes)
                    #expect(
                        try await repository.bytes(of: blob, from: blob.size / 2) == Array(bytes[(bytes.count / 2)...])
                    )
                }
                try await repository.deleteManifest(.digest(digest))
                #expect(try await repository.manifestDescriptor(.tag("one")) == nil)
            }
        }
    }

    @Test func `a blob of another repository is mounted`() async throws {
        try await TestRegistry.withRegistry { registry in
            try await withRepository("from", at: registry.authority) { try await sample.push(to: $0, tag: "x") }
            try await withRepository("to", at: registry.authority) { repository in
                let blob = sample.descriptors[1]
                let isThere = try await repository.hasBlob(blob)
                #expect(!isThere)
                #expect(try await !repository.mountBlob(blob.digest, from: "nowhere"))
                #expect(try await repository.mountBlob(blob.digest, from: "from"))
                #expect(try await repository.hasBlob(blob))
            }
        }
    }

    @Test func `a large blob goes in chunks`() async throws {
        try await TestRegistry.withRegistry { registry in
            try await FaultyProxy.withProxy(before: registry) { proxy in
                var options = RegistryClientOptions.impatient
                options.chunkSize = 30_000
                try await withRepository("a", at: proxy.authority, options: options) { repository in
                    try await repository.sendBlob(sample.descriptors[1], from: MemoryBlobs(sample.blobs))
                    #expect(try await repository.bytes(of: sample.descriptors[1]) == sample.blobs[1])
                }
                #expect(proxy.requests.filter { $0.method == .PATCH }.count == 7)
            }
        }
    }

    @Test func `a registry that asks for a password gets it, and only then`() async throws {
        var settings = TestRegistry.Settings()
        settings.users = ["me": "secret"]
        try await TestRegistry.withRegistry(settings) { registry in
            try await withRepository("a", at: registry.authority, credentials: .basic(user: "me", Secret("secret"))) {
                try await sample.push(to: $0, tag: "x")
            }
            try await withRepository("a", at: registry.authority) { repository in
                let failure = await #expect(throws: RegistryFailure.self) {
                    _ = try await repository.manifest(.tag("x"))
                }
                #expect(
                    failure?.description == """
                        GET http://\(registry.authority)/v2/a/manifests/x: the registry answered 401 UNAUTHORIZED: \
                        authentication required
                        hint: log in with 'drydock login', or check the name: registries hide what they do not show
                        """
                )
            }
        }
    }

    @Test func `a wrong password is told as one, at every request`() async throws {
        var settings = TestRegistry.Settings()
        settings.users = ["me": "secret"]
        try await TestRegistry.withRegistry(settings) { registry in
            let wrong = RegistryCredentials.basic(user: "me", Secret("wrong"))
            try await withRepository("a", at: registry.authority, credentials: wrong) { repository in
                let requests: [() async throws -> Void] = [
                    { _ = try await repository.manifest(.tag("x")) },
                    { _ = try await repository.manifestDescriptor(.tag("x")) },
                    { try await sample.push(to: repository, tag: "x") },
                ]
                for request in requests {
                    let failure = await #expect(throws: RegistryFailure.self) { try await request() }
                    #expect(failure?.status == 401)
                    #expect(
                        failure?.description == """
                            '\(registry.authority)' does not accept this name and password
                            hint: log in anew with 'drydock login', or give others with --username and --password-stdin
                            """
                    )
                }
            }
        }
    }

    @Test func `a password that a token server refuses is told as one`() async throws {
        try await TestRegistry.withRegistry { registry in
            var settings = FaultyProxy.Settings()
            settings.tokenUses = 2
            settings.refusesPasswords = true
            try await FaultyProxy.withProxy(before: registry, settings) { proxy in
                let wrong = RegistryCredentials.basic(user: "me", Secret("wrong"))
                try await withRepository("a", at: proxy.authority, credentials: wrong) { repository in
                    let failure = await #expect(throws: RegistryFailure.self) {
                        _ = try await repository.manifest(.tag("x"))
                    }
                    #expect(failure == RegistryFailure(.rejectedCredentials(registry: proxy.authority)))
                }
            }
        }
    }

    @Test func `a registry that speaks no TLS is told as one`() async throws {
        try await TestRegistry.withRegistry { registry in
            try await withRepository("a", at: registry.authority, settings: DirectSettings()) { repository in
                let failure = await #expect(throws: RegistryFailure.self) {
                    _ = try await repository.manifest(.tag("x"))
                }
                #expect(
                    failure?.description == """
                        GET https://\(registry.authority)/v2/a/manifests/x: \(registry.authority) does not speak TLS
                        hint: if it is meant to be used without TLS, add --insecure, or 'insecure = true' for it in \
                        registries.conf
                        """
                )
            }
        }
    }

    @Test func `a private authority is trusted only when it is named`() async throws {
        try await withTemporaryDirectory { directory in
            var settings = TestRegistry.Settings()
            let certificates = try await TestCertificates(in: directory)
            settings.certificate = certificates
            try await TestRegistry.withRegistry(settings) { registry in
                var connection = ConnectionSettings()
                connection.trustRoots = [certificates.authority]
                let trusting = DirectSettings(connection: connection)
                try await withRepository("a", at: registry.authority, settings: trusting) { repository in
                    try await sample.push(to: repository, tag: "x")
                }
                try await withRepository("a", at: registry.authority, settings: DirectSettings()) { repository in
                    let failure = await #expect(throws: RegistryFailure.self) {
                        _ = try await repository.manifest(.tag("x"))
                    }
                    #expect(
                        failure?.description == """
                            GET https://\(registry.authority)/v2/a/manifests/x: the certificate of \
                            \(registry.authority) is not signed by an authority that this machine trusts
                            hint: put the certificate of the authority that signed it into /etc/docker/certs.d/HOST/ca.crt
                            """
                    )
                }
            }
        }
    }

    @Test func `a registry that cannot be written to says so`() async throws {
        var settings = TestRegistry.Settings()
        settings.isReadOnly = true
        try await TestRegistry.withRegistry(settings) { registry in
            try await withRepository("a", at: registry.authority) { repository in
                let failure = await #expect(throws: RegistryFailure.self) {
                    try await sample.push(to: repository, tag: "x")
                }
                #expect(failure?.status == 405)
            }
        }
    }

    @Test func `tokens that end in the middle of an upload are renewed`() async throws {
        try await TestRegistry.withRegistry { registry in
            var settings = FaultyProxy.Settings()
            settings.tokenUses = 2
            try await FaultyProxy.withProxy(before: registry, settings) { proxy in
                var options = RegistryClientOptions.impatient
                options.chunkSize = 30_000
                try await withRepository("a", at: proxy.authority, options: options) { repository in
                    try await sample.push(to: repository, tag: "x")
                    #expect(try await repository.bytes(of: sample.descriptors[1]) == sample.blobs[1])
                }
                let tokens = proxy.requests.filter { $0.target.hasPrefix("/token") }
                #expect(tokens.count > 5)
                #expect(tokens.first?.target == "/token?service=test&scope=repository%3Aa%3Apull%2Cpush")
            }
        }
    }

    @Test func `a registry that is not there is named`() async throws {
        let waits = Mutex(0)
        var options = RegistryClientOptions.impatient
        options.clock.sleep = { _ in waits.withLock { $0 += 1 } }
        try await withRepository("a", at: "127.0.0.1:1", options: options) { repository in
            let failure = await #expect(throws: RegistryFailure.self) { _ = try await repository.manifest(.tag("x")) }
            #expect(
                failure?.description
                    == "GET http://127.0.0.1:1/v2/a/manifests/x: cannot connect to 127.0.0.1:1: connection refused"
            )
        }
        #expect(waits.withLock(\.self) == 0, "Nothing that answered before is worth waiting for")
        // One that has answered may come back.
        try await TestRegistry.withRegistry { registry in
            try await withRepository("a", at: registry.authority, options: options) { repository in
                let found = try await repository.manifestDescriptor(.tag("x"))
                #expect(found == nil)
                registry.stop()
                let failure = await #expect(throws: RegistryFailure.self) {
                    _ = try await repository.manifest(.tag("x"))
                }
                #expect(failure?.description.hasSuffix("connection refused") == true, "\(failure?.description ?? "")")
            }
        }
        #expect(waits.withLock(\.self) == options.retry.attempts - 1)
    }

    @Test func `a server that stays silent is given up`() async throws {
        try await HTTPTestServer.withServer { _ in
            try await Task.sleep(for: .seconds(600))
            return .close
        } _: { port in
            var options = RegistryClientOptions.impatient
            options.retry.attempts = 2
            options.timeouts.read = .milliseconds(200)
            try await withRepository("a", at: "127.0.0.1:\(port)", options: options) { repository in
                let failure = await #expect(throws: RegistryFailure.self) {
                    _ = try await repository.manifest(.tag("x"))
                }
                #expect(failure?.description.hasSuffix("127.0.0.1:\(port) was silent for too long") == true)
            }
        }
    }

    @Test func `connections serve one request after the other`() async throws {
        let connections = Atomic<Int>(0)
        let watch = HTTPTestServer.Watch(opened: { connections.add(1, ordering: .relaxed) })
        let answer: HTTPTestServer.Handler = { request in
            let isThere = request.method == .HEAD || request.method == .PUT
            let place: HTTPHeaders = request.method == .POST ? ["Location": "/upload"] : [:]
            let status = request.method == .POST ? 202 : isThere ? 201 : 404
            return .answer(status: status, headers: place, body: isThere ? [] : Array("not there".utf8))
        }
        try await HTTPTestServer.withServer(answer, watching: watch) { port in
            try await withRepository("a", at: "127.0.0.1:\(port)") { repository in
                for _ in 0..<20 {
                    _ = try await repository.hasBlob(sample.descriptors[1])
                    try await repository.sendBlob(sample.descriptors[2], from: MemoryBlobs(sample.blobs))
                    await #expect(throws: RegistryFailure.self) { _ = try await repository.manifest(.tag("x")) }
                }
            }
        }
        // Eighty requests; one that fails may cost its connection.
        #expect(connections.load(ordering: .relaxed) <= 21)
    }

    @Test func `a manifest of another digest is refused`() async throws {
        let bytes = sample.manifest.bytes
        try await HTTPTestServer.withServer { request in
            .answer(status: 200, headers: ["Content-Type": "application/vnd.oci.image.manifest.v1+json"], body: bytes)
        } _: { port in
            try await withRepository("a", at: "127.0.0.1:\(port)") { repository in
                let other = Digest(of: [1])
                let failure = await #expect(throws: RegistryFailure.self) {
                    _ = try await repository.manifest(.digest(other))
                }
                let actual = Digest(of: bytes)
                #expect(failure?.reason == .digestMismatch(expected: other, actual: actual))
            }
        }
    }
}
