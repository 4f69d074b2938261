// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport
import Foundation
import Testing

/// A way to come to an image that this package has no part in.
struct ForeignImageMaker: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// How `image` in the test's directory is named for skopeo and for the command.
    let transport: String
    /// Leaves `image` in its directory; `$NAME` is the name that it may have.
    let script: String

    init(_ description: String, _ transport: String = "docker-archive", script: String) {
        testDescription = description
        self.transport = transport
        self.script = script
    }

    /// The location of the image in a directory.
    func location(in directory: String) -> String {
        transport == "oci" ? "oci:\(directory)/image:v" : "\(transport):\(directory)/image"
    }

    /// Runs the script.
    ///
    /// - Parameters:
    ///   - name: What the image may be called.
    ///   - docker: A daemon for those who need one.
    ///   - directory: Where all happens.
    /// - Throws: `Command.Failure` if the script fails.
    func make(_ name: String, _ docker: Docker, in directory: String) async throws {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        let environment = [
            "DOCKER_BUILDKIT": "0", "DOCKER_HOST": "unix://" + docker.socket, "FIXTURES": fixtures.path,
            "HOME": directory, "NAME": name, "TMPDIR": directory,
        ]
        let arguments = ["bash", "-euo", "pipefail", "-c", Self.steps + Self.tools + script]
        try await Command.check(arguments, environment: environment, in: directory)
    }
}

// MARK: - What is in the images

extension ForeignImageMaker {
    /// Two steps of changes below the working directory: files and links; then deletions and replacements.
    ///
    /// They are run in a container's root, too, with the commands of busybox.
    private static let steps = """
        long=$(printf 'n%.0s' $(seq 120))
        one() {
            mkdir -p d/e o/p k q/$long/$long; echo 1 >d/a; ln d/a d/b; ln -s a d/l; ln -s ../o d/o; echo x >o/x
            echo z >o/p/z; chmod 4711 d/b; echo f >f; echo g >g; : >empty; mkfifo pipe; chown 5:6 pipe; chmod 620 pipe
            echo 'ü' >'ü ö'; echo deep >q/$long/$long/f; ln -s $long/$long q/link; echo k >k/k; ln -s k kk; chmod 3770 k
            ln f h
        }
        two() {
            rm d/a; rm -r o; mkdir o; echo y >o/y; rm -r d/e; echo f >d/e; chmod 1777 o; chown 7:8 d/b; rm f; mkdir f
            rm kk; mkdir kk; echo kk >kk/k; rm g; ln -s empty g; rm -r q/$long; echo h2 >h; chmod 755 k
        }

        """

    /// Functions of the scripts.
    private static let tools = """
        # Two layers as a tar program writes them, the upper one with whiteouts: layers TAR-COMMAND... (it gets the folder)
        layers() {
            mkdir l1 l2
            (cd l1; one; ln -s /nowhere absolute)
            (cd l2; mkdir -p d o f kk k q; : >d/.wh.a; : >o/.wh..wh..opq; echo y >o/y; : >d/.wh.e; chmod 1777 o
                echo kk >kk/k; : >.wh.pipe; ln -s empty g; : >"q/.wh.$long"; echo h2 >h; chmod 755 k)
            touch -hd @1000000000 $(find l1 l2 -depth -name '[a-z]*' ! -name '* *')
            (cd l1; "$@") >l1.tar
            (cd l2; "$@") >l2.tar
        }
        pack() { python3 "$FIXTURES/make_archive.py" "$1" "$NAME" "${3:-image}" ${2:-l1.tar l2.tar}; }
        skopeo() { command skopeo --insecure-policy --tmpdir "$PWD" "$@"; }
        buildah() { command buildah --root "$PWD/root" --runroot "$PWD/run" --storage-driver vfs "$@"; }
        podman() {
            printf '[engine]\\ncgroup_manager = "cgroupfs"\\nevents_logger = "none"\\n' >containers.conf
            CONTAINERS_CONF=$PWD/containers.conf command podman --root "$PWD/root" --runroot "$PWD/run" \\
                --tmpdir "$PWD/tmp" --storage-driver vfs "$@"
        }
        gnu() { tar -c "$@" --sort=name .; }
        python() { python3 -c 'import sys, tarfile; tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=
            getattr(tarfile, sys.argv[1])).add(".")' "$1"; }

        """
}

// MARK: - Programs

extension ForeignImageMaker {
    /// Images that programs of others build, save and copy.
    static let programs = [
        Self(
            "docker commit",
            script: """
                python3 "$FIXTURES/make_image.py" base; docker load -qi base
                busybox="/bin/busybox --install -s /bin; PATH=/bin"
                for step in one two; do
                    docker run --name "${NAME%:*}-$step" --network=none ${started:-hand-made:latest} /bin/busybox sh -euc \\
                        "$busybox; long=$long; $(declare -f $step); cd /; $step"
                    docker commit "${NAME%:*}-$step" "$NAME"; docker rm "${NAME%:*}-$step"; started=$NAME
                done
                docker save -o image "$NAME"
                """
        ),
        Self(
            "docker build",
            script: """
                python3 "$FIXTURES/make_image.py" base; docker load -qi base
                mkdir context; { echo "long=$long"; declare -f one two; } >context/steps
                cat >context/Dockerfile <<'END'
                FROM hand-made:latest
                ENV A=b
                COPY steps /steps
                RUN ["/bin/busybox", "sh", "-euc", "/bin/busybox --install -s /bin; PATH=/bin; . /steps; cd /; one"]
                ADD --chown=3:4 steps /added/
                RUN ["/bin/busybox", "sh", "-euc", "PATH=/bin; . /steps; cd /; two; rm /added/steps"]
                END
                docker build --quiet --network none --tag "$NAME" context; docker save -o image "$NAME"
                """
        ),
        Self(
            "docker import",
            script: "layers gnu; docker import l1.tar \"$NAME\"; docker save -o image \"$NAME\""
        ),
        Self(
            "podman save --format docker-archive",
            script: """
                layers gnu; pack 1.10 '' in; podman load -qi in; podman save -qo image --format docker-archive "$NAME"
                """
        ),
        Self(
            "podman save --format oci-archive",
            "oci-archive",
            script: """
                layers gnu; pack layered '' in; podman load -qi in; podman save -qo image --format oci-archive "$NAME"
                """
        ),
        Self(
            "podman build",
            "oci-archive",
            script: """
                layers gnu; mkdir context; mv l1 context/; cd context
                printf 'FROM scratch\\nCOPY l1 /\\nLABEL a=b\\nCOPY --chown=1:2 l1/d /d2/\\n' >Dockerfile; cd ..
                podman build --quiet --network none --tag "$NAME" context
                podman save -qo image --format oci-archive "$NAME"
                """
        ),
        Self(
            "buildah commit",
            "oci",
            script: """
                container=$(buildah from scratch); place=$(buildah mount "$container")
                (cd "$place"; one); buildah unmount "$container"; buildah commit --quiet "$container" one
                container=$(buildah from one); place=$(buildah mount "$container")
                (cd "$place"; two); buildah unmount "$container"; buildah commit --quiet "$container" two
                buildah push --quiet two oci:image:v
                """
        ),
        Self(
            "buildah push docker-archive",
            script: """
                container=$(buildah from scratch); place=$(buildah mount "$container")
                (cd "$place"; one; two); buildah unmount "$container"; buildah commit --quiet "$container" one
                buildah push --quiet one docker-archive:image:"$NAME"
                """
        ),
        Self(
            "umoci repack",
            "oci",
            script: """
                umoci init --layout image; umoci new --image image:v
                for step in one two; do
                    rm -rf bundle; umoci unpack --image image:v bundle; (cd bundle/rootfs; $step)
                    umoci repack --image image:v bundle
                done
                """
        ),
        Self(
            "umoci insert",
            "oci",
            script: """
                umoci init --layout image; umoci new --image image:v; mkdir t u; (cd t; one; two); echo new >u/new; echo f >u/f
                umoci insert --image image:v t /t; umoci insert --image image:v u/f /t/h
                umoci insert --image image:v --opaque u /t/d; umoci insert --image image:v --whiteout /t/k
                umoci insert --image image:v u/f /last
                """
        ),
        Self(
            "skopeo copy docker-archive",
            script: "layers gnu; pack layered '' in; skopeo copy docker-archive:in docker-archive:image:\"$NAME\""
        ),
        Self(
            "skopeo copy --dest-compress-format zstd",
            "oci",
            script: """
                layers gnu; pack 1.10 '' in
                skopeo copy --dest-compress --dest-compress-format zstd docker-archive:in oci:image:v
                """
        ),
        Self(
            "skopeo copy oci-archive",
            "oci-archive",
            script: "layers gnu; pack 1.10 '' in; skopeo copy docker-archive:in oci-archive:image:v"
        ),
        Self(
            "ctr images export",
            script: """
                layers gnu; pack 1.10 '' in
                ctr() { command ctr --address "$PWD/socket" "$@"; }
                printf 'version = 2\\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\\n' >config.toml
                containerd --config config.toml --root "$PWD/root" --state "$PWD/state" --address "$PWD/socket" &>log &
                trap 'kill $!; wait' EXIT
                for _ in $(seq 600); do ctr version &>log && break; sleep 0.1; done
                ctr images import --no-unpack in; ctr images export image "docker.io/library/$NAME"
                """
        ),
    ]
}

// MARK: - Tars

extension ForeignImageMaker {
    /// Images in old forms, and with layers of many programs that write tars.
    static let tars = [
        Self("Docker before 1.10", script: "layers gnu --format=gnu; pack 1.0"),
        Self("Docker 1.10 to 24", script: "layers gnu --format=ustar --exclude=q; pack 1.10"),
        Self("Docker with one layer twice", script: "layers gnu; pack 1.10 'l1.tar l2.tar l1.tar'"),
        Self("buildImage of dockerTools", script: "layers gnu --format=posix --numeric-owner; pack image"),
        Self("buildLayeredImage of dockerTools", script: "layers python PAX_FORMAT; pack layered"),
        Self("an archive in gzip", script: "layers python GNU_FORMAT; pack 1.10 '' a; gzip -c a >image"),
        Self("an archive in zstd", script: "layers gnu; pack layered '' a; zstd -qc a >image"),
        Self("an archive in xz", script: "layers gnu; pack layered '' a; xz -c a >image"),
        Self("an archive in bzip2", script: "layers gnu; pack 1.0 '' a; bzip2 -c a >image"),
        Self(
            "layers in three compressions",
            script: """
                layers gnu; mkdir l3; echo 3 >l3/3; tar -cC l3 -f l3.tar .; gzip l1.tar; bzip2 l2.tar; xz l3.tar
                pack 1.10 'l1.tar.gz l2.tar.bz2 l3.tar.xz'
                """
        ),
        Self(
            "sparse files of GNU tar",
            script: """
                mkdir l; truncate -s 3M l/hole; echo begin | dd of=l/hole conv=notrunc status=none; echo end >>l/hole
                tar -cSC l -f a.tar --format=posix --sparse-version=1.0 .; mkdir -p l/two; mv l/hole l/two
                tar -cSC l -f b.tar --format=posix --sparse-version=0.1 .; pack 1.10 'a.tar b.tar'
                """
        ),
        Self("bsdtar", script: "layers bsdtar -cf - .; pack layered"),
        Self("bsdtar, GNU's form", script: "layers bsdtar --format gnutar -cf - .; pack 1.10"),
        Self("tar of busybox", script: "layers busybox tar -c .; pack 1.10"),
        Self(
            "cpio",
            script: """
                entries() { find . ! -path './q*' | LC_ALL=C sort | cpio -o -H ustar --quiet; }; layers entries; pack 1.0
                """
        ),
    ]
}
