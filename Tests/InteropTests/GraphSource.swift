// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport

/// A layout with more than images, as Python writes it and not as this package would.
enum GraphSource {
    /// A layout with an index in an index (two platforms and an attestation), an artifact, and a plain image.
    private static let script = """
        import gzip, hashlib, io, json, os, tarfile
        os.makedirs('source/blobs/sha256')
        def blob(data, type, **fields):
            if not isinstance(data, bytes): data = json.dumps(data, indent=1).encode()
            digest = hashlib.sha256(data).hexdigest()
            open('source/blobs/sha256/' + digest, 'wb').write(data)
            return {'mediaType': type, 'digest': 'sha256:' + digest, 'size': len(data), **fields}
        V = 'application/vnd.oci.image.'
        def image(architecture, **fields):
            tar = io.BytesIO()
            with tarfile.open(fileobj=tar, mode='w') as archive:
                archive.addfile(tarfile.TarInfo(architecture))
            layer = blob(gzip.compress(tar.getvalue(), mtime=0), V + 'layer.v1.tar+gzip')
            diff = 'sha256:' + hashlib.sha256(tar.getvalue()).hexdigest()
            config = blob({'architecture': architecture, 'os': 'linux', 'rootfs': {'type': 'layers', 'diff_ids': [diff]}},
                V + 'config.v1+json')
            manifest = {'schemaVersion': 2, 'mediaType': V + 'manifest.v1+json', 'config': config, 'layers': [layer]}
            return blob(manifest, V + 'manifest.v1+json', platform={'os': 'linux', 'architecture': architecture}, **fields)
        amd, arm = image('amd64'), image('arm64')
        statement = blob({'_type': 'https://in-toto.io/Statement/v0.1'}, 'application/vnd.in-toto+json')
        attestation = blob({'schemaVersion': 2, 'mediaType': V + 'manifest.v1+json', 'layers': [statement],
            'config': blob({'architecture': 'unknown', 'os': 'unknown', 'rootfs': {'type': 'layers', 'diff_ids': [
                statement['digest']]}}, V + 'config.v1+json')}, V + 'manifest.v1+json',
            platform={'os': 'unknown', 'architecture': 'unknown'},
            annotations={'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': amd['digest']})
        def index(*manifests, **fields):
            return blob({'schemaVersion': 2, 'mediaType': V + 'index.v1+json', 'manifests': manifests},
                V + 'index.v1+json', **fields)
        def name(text): return {'annotations': {'org.opencontainers.image.ref.name': text}}
        artifact = blob({'schemaVersion': 2, 'mediaType': V + 'manifest.v1+json', 'artifactType': 'text/plain', 'config':
            blob(b'{}', 'application/vnd.oci.empty.v1+json'), 'layers': [blob(b'text', 'text/plain')]},
            V + 'manifest.v1+json', **name('artifact'))
        top = index(index(amd, arm), attestation, **name('multi'))
        plain = image('amd64', **name('plain'))
        json.dump({'schemaVersion': 2, 'manifests': [top, artifact, plain]}, open('source/index.json', 'w'))
        json.dump({'imageLayoutVersion': '1.0.0'}, open('source/oci-layout', 'w'))
        """

    /// Calls `body` with a directory in which the layout is `source`.
    static func make(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            try await Command.check(["python3", "-c", script], in: directory)
            try await body(directory)
        }
    }
}
