// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import Testing

private let zeros = "sha256:" + String(repeating: "0", count: 64)
private let config = #"{"digest":"\#(zeros)","mediaType":"application/vnd.oci.image.config.v1+json","size":2}"#

/// A document of a type and the sentence that says why it is refused.
struct BadDocument: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    let message: String
    let parse: @Sendable ([UInt8]) throws -> any JSONConvertible

    init<Document: JSONConvertible>(_ name: String, _ type: Document.Type, _ text: String, _ message: String) {
        self.name = name
        self.text = text
        self.message = message
        parse = { bytes in try Document(parsing: bytes) }
    }

    var testDescription: String { name }

    static let all = [
        BadDocument(
            "a manifest that is an array",
            ImageManifest.self,
            "[]",
            "Invalid JSON: expected an object, got an array"
        ),
        BadDocument("a manifest without version", ImageManifest.self, "{}", "Invalid JSON: 'schemaVersion' is missing"),
        BadDocument(
            "a manifest of schema 1",
            ImageManifest.self,
            #"{"schemaVersion":1}"#,
            "Invalid JSON: 'schemaVersion': expected 2, got 1"
        ),
        BadDocument(
            "a manifest without config",
            ImageManifest.self,
            #"{"schemaVersion":2,"layers":[]}"#,
            "Invalid JSON: 'config' is missing"
        ),
        BadDocument(
            "a manifest without layers",
            ImageManifest.self,
            #"{"schemaVersion":2,"config":\#(config)}"#,
            "Invalid JSON: 'layers' is missing"
        ),
        BadDocument(
            "a manifest that is an index too",
            ImageManifest.self,
            #"{"schemaVersion":2,"config":\#(config),"layers":[],"manifests":[]}"#,
            "Invalid JSON: 'manifests': not allowed in an image manifest"
        ),
        BadDocument(
            "a manifest that calls itself an index",
            ImageManifest.self,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}"#,
            "Invalid JSON: 'mediaType': expected an image manifest, got application/vnd.oci.image.index.v1+json"
        ),
        BadDocument(
            "a negative size",
            ImageManifest.self,
            #"{"schemaVersion":2,"config":\#(config),"layers":[\#(config),{"digest":"\#(zeros)","mediaType":"x","size":-1}]}"#,
            "Invalid JSON: 'layers[1].size': expected a size in bytes, got -1"
        ),
        BadDocument(
            "a size with a fraction",
            Descriptor.self,
            #"{"digest":"\#(zeros)","mediaType":"x","size":1.5}"#,
            "Invalid JSON: 'size': expected an integer, got a number"
        ),
        BadDocument(
            "a digest that leads out of the layout",
            Descriptor.self,
            #"{"digest":"sha256:../../etc/passwd","mediaType":"x","size":1}"#,
            "Invalid JSON: 'digest': Digest 'sha256:../../etc/passwd' does not have 64 lower-case hexadecimal digits after 'sha256:'"
        ),
        BadDocument(
            "an index that is a manifest too",
            ImageIndex.self,
            #"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
            "Invalid JSON: 'layers': not allowed in an image index"
        ),
        BadDocument(
            "an index with a config",
            ImageIndex.self,
            #"{"schemaVersion":2,"manifests":[],"config":{}}"#,
            "Invalid JSON: 'config': not allowed in an image index"
        ),
        BadDocument(
            "an index that calls itself a manifest",
            ImageIndex.self,
            #"{"schemaVersion":2,"mediaType":"x\u001b","manifests":[]}"#,
            #"Invalid JSON: 'mediaType': expected an image index, got x\u{1b}"#
        ),
        BadDocument(
            "a configuration without platform",
            ImageConfiguration.self,
            #"{"rootfs":{"type":"layers","diff_ids":[]}}"#,
            "Invalid JSON: 'architecture' is missing"
        ),
        BadDocument(
            "layers of another type",
            ImageConfiguration.self,
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"x","diff_ids":[]}}"#,
            "Invalid JSON: 'rootfs.type': expected 'layers', got 'x'"
        ),
        BadDocument(
            "a diffID that is none",
            ImageConfiguration.self,
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["\#(zeros)",7]}}"#,
            "Invalid JSON: 'rootfs.diff_ids[1]': expected a text, got a number"
        ),
        BadDocument(
            "an environment that is a text",
            ImageConfiguration.self,
            #"{"architecture":"amd64","os":"linux","config":{"Env":"A=B"},"rootfs":{"type":"layers","diff_ids":[]}}"#,
            "Invalid JSON: 'config.Env': expected an array, got a text"
        ),
        BadDocument(
            "a port with a value",
            ContainerConfiguration.self,
            #"{"ExposedPorts":{"80/tcp":8080}}"#,
            "Invalid JSON: 'ExposedPorts.80/tcp': expected an object, got a number"
        ),
        BadDocument(
            "an array inside an array",
            [[Bool]].self,
            "[[true],[false,0]]",
            "Invalid JSON: '[1][1]': expected true or false, got a number"
        ),
    ]
}

@Suite struct ImageDocumentTests {
    @Test(arguments: BadDocument.all)
    func `a document of the wrong shape is refused`(document: BadDocument) throws {
        let failure = try #require(throws: JSONFailure.self) { try document.parse(Array(document.text.utf8)) }
        #expect(failure.description == document.message)
    }

    /// Canonical documents that use every member, with some that no specification knows.
    @Test func `a manifest survives reading and writing`() throws {
        let text = #"""
            {"annotations":{"a":"b"},"artifactType":"x/y","config":\#(config),"layers":[{"annotations":{"k":"v"},"artifactType":"t","data":"e30=","digest":"\#(zeros)","mediaType":"m","new":[1.5],"platform":{"architecture":"arm","features":["sse4"],"os":"linux","os.features":["f"],"os.version":"1","variant":"v7"},"size":3,"urls":["u"]}],"mediaType":"application/vnd.docker.distribution.manifest.v2+json","newer":{"x":null},"schemaVersion":2,"subject":\#(config)}
            """#
        #expect(text == canonical(try ImageManifest(parsing: Array(text.utf8))))
    }

    @Test func `an index survives reading and writing`() throws {
        let text = #"""
            {"annotations":{},"artifactType":"x/y","manifests":[\#(config)],"mediaType":"application/vnd.oci.image.index.v1+json","newer":1,"schemaVersion":2,"subject":\#(config)}
            """#
        #expect(text == canonical(try ImageIndex(parsing: Array(text.utf8))))
    }

    @Test func `a configuration survives reading and writing`() throws {
        let text = #"""
            {"architecture":"arm","author":"me","config":{"ArgsEscaped":true,"AttachStderr":false,"AttachStdin":false,"AttachStdout":false,"Cmd":[],"CpuShares":2,"Domainname":"d","Entrypoint":["/e"],"Env":["A=B"],"ExposedPorts":{"53/udp":{},"80/tcp":{}},"Healthcheck":{"Interval":1,"New":0,"Retries":3,"StartInterval":4,"StartPeriod":5,"Test":["NONE"],"Timeout":6},"Hostname":"h","Image":"sha256:1","Labels":{"l":""},"MacAddress":"m","Memory":7,"MemorySwap":-1,"NetworkDisabled":true,"OnBuild":["RUN x"],"OpenStdin":true,"Shell":["/s"],"StdinOnce":true,"StopSignal":"9","StopTimeout":8,"Tty":true,"User":"u","Volumes":{"/v":{}},"WorkingDir":"/w"},"container_config":{"Cmd":null},"created":"2020-01-01T00:00:00.10+01:00","history":[{"author":"a","comment":"c","created":"x","created_by":"b","empty_layer":true,"new":0}],"os":"linux","os.features":["f"],"os.version":"1","rootfs":{"diff_ids":["\#(zeros)"],"new":1,"type":"layers"},"variant":"v7"}
            """#
        let configuration = try ImageConfiguration(parsing: Array(text.utf8))
        #expect(text == canonical(configuration))
        #expect(configuration.platform.description == "linux/arm/v7")
        #expect(configuration.config?.exposedPorts == ["53/udp", "80/tcp"])
    }

    @Test func `null counts as absent`() throws {
        let text =
            #"{"architecture":"a","config":{"Cmd":null,"Volumes":{"/v":null}},"history":null,"os":"o","rootfs":{"diff_ids":null,"type":"layers"}}"#
        #expect(
            canonical(try ImageConfiguration(parsing: Array(text.utf8)))
                == #"{"architecture":"a","config":{"Volumes":{"/v":{}}},"os":"o","rootfs":{"diff_ids":[],"type":"layers"}}"#
        )
        let index = try ImageIndex(parsing: Array(#"{"schemaVersion":2,"manifests":null}"#.utf8))
        #expect(canonical(index) == #"{"manifests":[],"schemaVersion":2}"#)
    }

    @Test func `new documents name their type and nothing that is absent`() throws {
        let descriptor = Descriptor(of: Array("{}".utf8), mediaType: .imageConfiguration)
        #expect(
            canonical(ImageManifest(config: descriptor, layers: []))
                == #"{"config":{"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","mediaType":"application/vnd.oci.image.config.v1+json","size":2},"layers":[],"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}"#
        )
        #expect(
            canonical(ImageIndex())
                == #"{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}"#
        )
        #expect(
            canonical(ImageConfiguration(platform: Platform(os: "linux", architecture: "amd64")))
                == #"{"architecture":"amd64","os":"linux","rootfs":{"diff_ids":[],"type":"layers"}}"#
        )
        #expect(canonical(ContainerConfiguration()) == "{}")
        #expect(canonical(ContainerConfiguration.Healthcheck()) == "{}")
        #expect(canonical(ImageConfiguration.HistoryEntry(createdBy: "x")) == #"{"created_by":"x"}"#)
    }

    private func canonical(_ value: some JSONConvertible) -> String {
        String(decoding: CanonicalJSON.encode(value), as: UTF8.self)
    }
}

@Suite struct ChainIDTests {
    @Test func `the lowest layer is its own chain`() throws {
        let layer = Digest(of: Array("a".utf8))
        #expect(ChainID.chain(of: []) == [])
        #expect(ChainID.chain(of: [layer]) == [layer])
    }

    @Test func `each further layer is hashed with the chain below`() {
        let layers = ["a", "b", "c"].map { Digest(of: Array($0.utf8)) }
        // printf 'sha256:%s sha256:%s' "$(printf a | sha256sum …)" … | sha256sum
        #expect(
            ChainID.chain(of: layers).map(\.description) == [
                "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                "sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676",
                "sha256:2fce7f8ce91bcf0a1428b36e1024639fdbd9469eea762dba98aa749631885106",
            ]
        )
    }
}
