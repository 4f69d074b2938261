// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// Everything that a copy can write is right by its specification, and other programs read it.
@Suite
struct OutputReaderTests {
    /// A form of images.
    struct Form: CustomTestStringConvertible {
        let transport: String
        let options: [String]
        /// umoci 0.4 knows neither Docker's types nor zstd, and no archives.
        var isForUmoci: Bool { transport == "oci" && !options.contains("docker") && !options.contains("zstd") }

        init(_ transport: String, _ options: String...) {
            self.transport = transport
            self.options = options
        }

        var testDescription: String { ([transport] + options).joined(separator: " ") }

        static let all = [
            Self("docker-archive"), Self("oci", "--compress", "none"), Self("oci", "--compress", "gzip"),
            Self("oci", "--compress", "zstd"), Self("oci", "--format", "docker"),
            Self("oci", "--format", "docker", "--compress", "gzip"), Self("oci-archive", "--compress", "none"),
            Self("oci-archive", "--compress", "gzip"), Self("oci-archive", "--compress", "zstd"),
            Self("oci-archive", "--format", "docker", "--compress", "gzip"),
        ]
    }

    @Test(
        .requires("skopeo", "podman", "umoci", "ctr", "containerd", "busybox", "python3", "runc", "zstd"),
        .requiresRoot
    )
    func `skopeo, Podman, umoci and containerd read every form`() async throws {
        try await withTemporaryDirectory { directory in
            try await HandMadeImage.write(to: directory + "/source.tar")
            let imageID = try await Drydock.inspect(directory + "/source.tar").imageID
            for (number, form) in Form.all.enumerated() {
                let path = "\(directory)/\(number)"
                let copy = ["copy", "--progress", "none", directory + "/source.tar", "\(form.transport):\(path)"]
                try await Drydock.check(copy + form.options)
                #expect(try await ImageChecker.faults(of: path) == [], "\(form)")
                #expect(try await ImageChecker.documentFaults(of: path) == [], "\(form)")
                // skopeo verifies each blob of what it copies.
                try await Skopeo.copy("\(form.transport):\(path)", "oci:\(path)-skopeo:v")
                #expect(try await Drydock.inspect(path).imageID == imageID, "\(form)")
                if form.isForUmoci {
                    try await Umoci.unpack(layout: path, tag: "hand-made:latest", to: path + "-umoci")
                }
            }
            try await withPodman { podman in
                for (number, form) in Form.all.enumerated() {
                    let loaded = try await podman.load("\(directory)/\(number)")
                    let name = try #require(loaded.first, "\(form)")
                    #expect(try await podman.run(image: name) == "hello", "\(form)")
                }
            }
            try await importIntoContainerd(in: directory)
        }
    }

    /// Lets containerd import and check every archive, of which it unpacks the layers.
    private func importIntoContainerd(in directory: String) async throws {
        let script = """
            ctr() { command ctr --address "$PWD/socket" "$@"; }
            printf 'version = 2\\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\\n' >config.toml
            containerd --config config.toml --root "$PWD/root" --state "$PWD/state" --address "$PWD/socket" &>log &
            trap 'kill $!; wait' EXIT
            for _ in $(seq 600); do ctr version &>log && break; sleep 0.1; done
            for archive; do
                ctr images import --snapshotter native "$archive"
                ctr images check --snapshotter native | grep -Ec ' complete .* true *$'
                ctr images ls -q | xargs ctr --address "$PWD/socket" images rm --sync
            done
            """
        let archives = Form.all.indices.filter { Form.all[$0].transport != "oci" }.map(String.init)
        let arguments = ["bash", "-euo", "pipefail", "-c", script, "bash"] + archives
        let text = try await Command.check(arguments, environment: ["HOME": directory], in: directory)
        let checked = text.split(separator: "\n").filter { $0 == "1" }
        #expect(checked.count == archives.count, "\(text)")
    }
}
