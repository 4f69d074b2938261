// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON
import DrydockOCI
import DrydockStorage
import DrydockTestSupport
import Foundation
import Testing

/// Archives that ask for more than anything asks for, or hide something.
@Suite struct HostileArchiveLimitTests {
    /// A script that makes an archive in Python, and what is said of it.
    struct Archive: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let script: String
        let message: String

        static let all = [
            Archive(
                testDescription: "10,000 layers",
                script: "write(tar(image(layers=10000)))",
                message: "has an image with too many layers: expected at most 1024, got 10000"
            ),
            Archive(
                testDescription: "JSON 10,000 levels deep",
                script: "write(tar(image(manifest=b'[' * 10000 + b']' * 10000)))",
                message: "has an invalid manifest.json: nested deeper than 64 levels at byte 64"
            ),
            Archive(
                testDescription: "a number beyond 63 bits",
                script: #"write(tar(image(manifest=b'[{"Config":"x","Layers":[],"n":99999999999999999999}]')))"#,
                message: "has an invalid manifest.json: number 99999999999999999999 is out of range at byte 31"
            ),
            Archive(
                testDescription: "a size beyond 63 bits",
                script: "write(tar(layout(size=9223372036854775808)))",
                message: "has an invalid index.json: number 9223372036854775808 is out of range at byte 103"
            ),
            Archive(
                testDescription: "a size below zero",
                script: "write(tar(layout(size=-1)))",
                message: "has an invalid index.json: 'manifests[0].size': expected a size in bytes, got -1"
            ),
            Archive(
                testDescription: "records of a member without end",
                script: "write(tar({'a': b''})[:512] + header(2 << 20, b'x') + b'x' * (2 << 20) + tar(image()))",
                message: "cannot be read: cannot read the tar archive at byte 512: the records of a member take "
                    + "2097152 bytes, the limit is 1048576"
            ),
            Archive(
                testDescription: "a member of eight gigabytes that is not there",
                script: "write(tar({'a': b''})[:512] + header(0o77777777777, b'0') + b'abc' * 600)",
                message:
                    "cannot be read: cannot read the tar archive at byte 512: it ends within the content of 'name'\n"
                    + "hint: the file is probably incomplete: get it again"
            ),
            Archive(
                testDescription: "bytes behind a compressed archive",
                script: "write(gzip.compress(tar(image()), mtime=0) + b'something else')",
                message: "cannot be read: other bytes follow the end of the gzip data at byte OFFSET; get or write the "
                    + "file again"
            ),
            Archive(
                testDescription: "a compressed archive with a wrong checksum",
                script: "b = gzip.compress(tar(image()), mtime=0); write(b[:-8] + bytes(4) + b[-4:])",
                message:
                    "cannot be read: the gzip data fails its checksum near byte OFFSET; get or write the file again"
            ),
        ]
    }

    private static let prelude = """
        import gzip, hashlib, io, json, sys, tarfile
        def write(data): open(sys.argv[1], 'wb').write(data)
        def tar(files):
            out = io.BytesIO(); archive = tarfile.open(fileobj=out, mode='w', format=tarfile.USTAR_FORMAT)
            for name, content in files.items():
                info = tarfile.TarInfo(name); info.size = len(content); archive.addfile(info, io.BytesIO(content))
            archive.close(); return out.getvalue()
        layer = tar({'file': b'hello'})
        def image(layers=1, manifest=None):
            ids = ['sha256:' + hashlib.sha256(layer).hexdigest()] * layers
            rootfs = {'type': 'layers', 'diff_ids': ids}
            config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'rootfs': rootfs}).encode()
            name = hashlib.sha256(config).hexdigest() + '.json'
            entry = {'Config': name, 'RepoTags': ['a:1'], 'Layers': ['l/layer.tar'] * layers}
            return {name: config, 'manifest.json': manifest or json.dumps([entry]).encode(), 'l/layer.tar': layer}
        def layout(size):
            entry = {'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'size': size, 'digest': 'sha256:' + '0' * 64}
            index = json.dumps({'schemaVersion': 2, 'manifests': [entry]}).encode()
            return {'oci-layout': b'{"imageLayoutVersion":"1.0.0"}', 'index.json': index}
        def header(size, kind):
            h = bytearray(512); h[0:4] = b'name'; h[100:108] = b'0000644\\0'; h[108:124] = b'0000000\\0' * 2
            h[124:136] = b'%011o\\0' % size; h[136:148] = b'%011o\\0' % 0; h[156:157] = kind
            h[257:265] = b'ustar\\x0000'; h[148:156] = b'        '; h[148:156] = b'%06o\\0 ' % sum(h); return bytes(h)

        """

    @Test(.requires("python3"), arguments: Archive.all) func `it is refused in words`(archive: Archive) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/image.tar"
            try await Command.check(["python3", "-c", Self.prelude + archive.script, path])
            let location = try ImageLocation(path)
            let failure = try #require(throws: ImageStorageFailure.self) {
                try StoredImage(at: location, temporaryDirectory: directory)
            }
            let text = failure.description.replacing(/byte \d+;/, with: "byte OFFSET;")
            #expect(text == "'\(path)' \(archive.message)")
        }
    }

    @Test func `indexes that contain each other end`() async throws {
        try await withTemporaryDirectory { directory in
            let layout = try ImageLayout(creating: "\(directory)/layout")
            // A digest cannot be known before what it is of, so a circle is one of files with wrong content.
            let one = Digest(of: [1])
            let two = Digest(of: [2])
            for (own, other) in [(one, two), (two, one)] {
                let descriptor = Descriptor(mediaType: .imageIndex, digest: other, size: 241)
                let bytes = CanonicalJSON.encode(ImageIndex(manifests: [descriptor]))
                try write(bytes, to: layout.blobPath(own))
                if own == one {
                    let entry = Descriptor(mediaType: .imageIndex, digest: own, size: Int64(bytes.count))
                    try layout.addImage(entry, referenceName: nil)
                }
            }
            let failure = try #require(throws: ImageStorageFailure.self) {
                try StoredImage(at: ImageLocation(layout.path))
            }
            #expect(
                failure.description.hasPrefix(
                    "'\(layout.path)' has a damaged image index: expected digest \(one), got "
                )
            )
        }
    }

    @Test func `the layers of an old archive may be compressed`() async throws {
        try await withTemporaryDirectory { directory in
            let tar = try await SampleImage.tar(["file": [1]])
            let files = [
                "repositories": Array(#"{"a":{"1":"x"}}"#.utf8), "x/json": Array("{}".utf8),
                "x/layer.tar": try await output(of: ["gzip", "-nc"], input: tar),
            ]
            try write(try await SampleImage.tar(files), to: "\(directory)/image.tar")
            let image = try StoredImage(at: ImageLocation("\(directory)/image.tar"))
            #expect(image.layers.map(\.diffID) == [Digest(of: tar)])
            #expect(try image.blob(ofLayer: 0).openTar().all() == tar)
            #expect(try image.blob(ofLayer: 0).open().all() == files["x/layer.tar"])
        }
    }
}
