# SPDX-License-Identifier: Apache-2.0
"""What is measured: one row for each program and product, as a shell script over the same tree."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import tree as trees

ARCHIVE = "Uncompressed layers, with their digests"
GZIP = "gzip layers, with their digests"
ZSTD = "zstd layers, with their digests"
COPY = "Copied: an image layout with gzip layers to another"
UNPACKED = "Unpacked: an image layout with gzip layers to a docker-archive"
EXPORT = "Export: root file system of a gzip image as one tar"
UNPACK = "Unpack: root file system of a gzip image in a directory"
SQUASH = "Squash: an image of the tree as one layer in an archive"


class Place:
    """Where a benchmark works; as a context it owns the private Docker daemon."""

    def __init__(self, work, tree):
        self.work, self.tree = pathlib.Path(work), tree
        self.output = self.work / "output"
        self.docker = None
        self.file_count, self.byte_count = trees.measured(tree)
        spec = {"name": "bench", "tag": "latest", "copyToRoot": [str(tree.resolve())]}
        self.spec = self.work / "image.json"
        self.spec.write_text(json.dumps(spec))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.docker:
            self.docker.terminate()
            self.docker.wait()
        unmount_below(self.work)

    def docker_process(self):
        """The daemon's process number; the daemon is started at the first call."""
        if self.docker is None:
            log = open(self.work / "docker.log", "wb")
            self.docker = subprocess.Popen(docker_daemon(self.work), stdout=log, stderr=log)
            for _ in range(300):
                if subprocess.run([*docker_client(self.work), "version"], capture_output=True).returncode == 0:
                    break
                time.sleep(0.1)
        return self.docker.pid


def docker_daemon(work):
    return [
        "dockerd", "--data-root", f"{work}/docker", "--exec-root", f"{work}/docker-exec",
        "--pidfile", f"{work}/docker.pid", "--host", f"unix://{work}/docker.sock",
        "--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=overlay2",
    ]


def docker_client(work):
    return ["docker", "--config", f"{work}/docker-client", "--host", f"unix://{work}/docker.sock"]


def unmount_below(work):
    with open("/proc/mounts") as file:
        mounts = [line.split()[1] for line in file]
    for mount in sorted(mounts, reverse=True):
        if mount.startswith(f"{work}/"):
            subprocess.run(["umount", "--lazy", mount], check=False)


class Row:
    """One program that makes one product."""

    needs = ()
    needs_root = False
    is_reference = False
    has_output = True

    def __init__(self, place, label, group, command, needs=(), **settings):
        self.place, self.label, self.group, self.command = place, label, group, command
        self.needs = tuple(needs)
        for key, value in settings.items():
            setattr(self, key, value)

    @property
    def name(self):
        return f"{self.label} [{self.group.split()[0]}]"

    def is_available(self):
        missing = [tool for tool in self.needs if shutil.which(tool) is None]
        self.reason_if_unavailable = f"{', '.join(missing)} not found" if missing else "needs root"
        return not missing and (not self.needs_root or os.geteuid() == 0)

    def prepare(self):
        self.place.output.mkdir()

    def script(self):
        return self.command

    def service_process(self):
        return None

    def output_size(self):
        """The bytes of the product; a directory's are those of its files."""
        if not self.has_output:
            return 0
        return trees.measured(self.place.output)[1]

    def clear(self):
        shutil.rmtree(self.place.output, ignore_errors=True)


class Buildah(Row):
    """Its storage is part of what it costs, but making it empty again is not."""

    needs_root = True

    def script(self):
        storage = f"--root {self.place.work}/buildah --runroot {self.place.work}/buildah-run --storage-driver overlay"
        return self.command.replace("BUILDAH", f"buildah {storage}").replace("PODMAN", f"podman {storage}")

    def clear(self):
        super().clear()
        unmount_below(self.place.work / "buildah")
        shutil.rmtree(self.place.work / "buildah", ignore_errors=True)
        shutil.rmtree(self.place.work / "buildah-run", ignore_errors=True)


class DockerBuild(Row):
    """The classic builder; the daemon's processor time and memory count."""

    needs_root = True

    def prepare(self):
        super().prepare()
        self.place.docker_process()
        (self.place.work / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")

    def script(self):
        return self.command.replace("CLIENT", " ".join(docker_client(self.place.work)))

    def service_process(self):
        return self.place.docker_process()

    def clear(self):
        super().clear()
        if self.place.docker:
            prune = [*docker_client(self.place.work), "system", "prune", "--all", "--force"]
            subprocess.run(prune, capture_output=True, check=True)


class Copied(Row):
    """Something is made of an image that is there already; making that is not measured."""

    def prepare(self):
        super().prepare()
        source = self.place.work / "source"
        if not source.exists():
            command = [self.drydock, "build", "--progress", "none", str(self.place.spec), "-o", f"oci:{source}:latest"]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


class FromImage(Row):
    """Begins with an image of the tree, in a layout with gzip layers; making that is not measured."""

    def prepare(self):
        super().prepare()
        layout = self.place.work / "image"
        if not layout.exists():
            subprocess.run([self.drydock, "build", self.place.spec, "-o", f"oci:{layout}:latest"], check=True,
                           stdout=subprocess.DEVNULL)
            spec = {"name": "squashed", "tag": "latest", "fromImage": f"oci:{layout}:latest", "squash": True}
            (self.place.work / "squash.json").write_text(json.dumps(spec))


class DockerImage(FromImage):
    """The same image in the daemon, which counts."""

    needs_root = True

    def prepare(self):
        super().prepare()
        self.place.docker_process()
        client = " ".join(docker_client(self.place.work))
        script = f"{self.drydock} build {self.place.spec} -o - | {client} load"
        subprocess.run(["sh", "-c", script], check=True, capture_output=True)

    def script(self):
        return self.command.replace("CLIENT", " ".join(docker_client(self.place.work)))

    def service_process(self):
        return self.place.docker_process()


def rows(drydock, place):
    """All rows, drydock's first in each group: the others are compared with it."""
    tree, output, work = place.tree, place.output, place.work
    archive = f"tar --sort=name --numeric-owner -cf - -C {tree} ."

    def build(destination, label, group, **settings):
        return Row(place, label, group, f"{drydock} build {place.spec} -o {destination}", [drydock], **settings)

    def image_row(label, group, command, needs, kind=FromImage, **settings):
        return kind(place, label, group, command, needs, drydock=drydock, **settings)

    def compressed(tool, group, name):
        script = f"{archive} | tee >(sha256sum >{output}/diffid) | {tool} | tee {output}/layer | sha256sum"
        return Row(place, f"tar | {name}, both digests", group, script, ["tar", tool.split()[0]])

    def buildah(options, destination, label, group):
        script = (
            f"c=$(BUILDAH from scratch); BUILDAH copy --quiet $c {tree} /; "
            f"BUILDAH commit --quiet {options} $c {destination}"
        )
        return Buildah(place, label, group, script, ["buildah"])

    def layout(compression):
        return f"oci:{output}/layout:latest --compress {compression}"

    def copied(command, label, group, tool, **settings):
        return Copied(place, label, group, command, [tool], drydock=drydock, **settings)

    source, skopeo = f"{work}/source", "skopeo --insecure-policy copy --quiet"
    plain = "--disable-compression=true"
    umoci = (
        f"umoci init --layout {output}/layout; umoci new --image {output}/layout:latest; "
        f"umoci insert --image {output}/layout:latest {tree} /"
    )
    docker = (
        f"DOCKER_BUILDKIT=0 CLIENT build --quiet --no-cache --tag bench --file {work}/Dockerfile {tree}; "
        f"CLIENT save --output {output}/image.tar bench"
    )
    image = f"oci:{work}/image:latest"
    docker_export = f"c=$(CLIENT create bench x); CLIENT export --output {output}/root.tar $c; CLIENT rm $c"
    docker_squash = (
        f"c=$(CLIENT create bench x); CLIENT export $c | CLIENT import - squashed; CLIENT rm $c; "
        f"CLIENT save --output {output}/image.tar squashed"
    )
    return [
        build(f"docker-archive:{output}/image.tar", "drydock, docker-archive", ARCHIVE, is_reference=True),
        build(layout("none"), "drydock, OCI layout", ARCHIVE),
        Row(place, "tar | sha256sum, nothing written", ARCHIVE, f"{archive} | sha256sum", ["tar"], has_output=False),
        Row(
            place, "tar to a file, then sha256sum", ARCHIVE,
            f"{archive} >{output}/layer.tar; sha256sum {output}/layer.tar", ["tar"],
        ),
        buildah(plain, f"docker-archive:{output}/image.tar:bench:latest", "buildah, docker-archive", ARCHIVE),
        buildah(plain, f"oci:{output}/layout:latest", "buildah, OCI layout", ARCHIVE),
        DockerBuild(place, "docker build + save", ARCHIVE, docker, ["docker", "dockerd", "runc"]),
        build(layout("gzip"), "drydock, OCI layout", GZIP, is_reference=True),
        Row(place, "umoci init + new + insert", GZIP, umoci, ["umoci"], needs_root=True),
        buildah("--disable-compression=false", f"oci:{output}/layout:latest", "buildah, OCI layout", GZIP),
        compressed("gzip -6", GZIP, "gzip -6"),
        compressed("pigz -6", GZIP, "pigz -6"),
        build(layout("zstd"), "drydock, OCI layout", ZSTD, is_reference=True),
        compressed("zstd -q -3 -T0", ZSTD, "zstd -3 -T0"),
        copied(f"{drydock} copy {source} oci:{output}/layout", "drydock copy", COPY, drydock, is_reference=True),
        copied(f"cp -r {source} {output}/layout; sync -f {output}", "cp -r and sync, no digests", COPY, "cp"),
        copied(f"cp -r {source} {output}/layout", "cp -r, no digests, not synced", COPY, "cp"),
        copied(f"{skopeo} oci:{source}:latest oci:{output}/layout:latest", "skopeo copy", COPY, "skopeo"),
        copied(
            f"{drydock} copy {source} docker-archive:{output}/image.tar:bench:latest", "drydock copy", UNPACKED,
            drydock, is_reference=True,
        ),
        copied(
            f"{skopeo} oci:{source}:latest docker-archive:{output}/image.tar:bench:latest", "skopeo copy", UNPACKED,
            "skopeo",
        ),
        image_row("drydock export", EXPORT, f"{drydock} export {image} -o {output}/root.tar", [drydock], is_reference=True),
        image_row("docker export", EXPORT, docker_export, ["docker", "dockerd", "runc"], DockerImage),
        image_row("drydock export", UNPACK, f"{drydock} export {image} -o {output}/root/", [drydock], is_reference=True),
        image_row("umoci unpack", UNPACK, f"umoci unpack --image {work}/image:latest {output}/bundle", ["umoci"],
                  needs_root=True),
        image_row("drydock build, squash", SQUASH, f"{drydock} build {work}/squash.json -o {output}/image.tar", [drydock],
                  is_reference=True),
        image_row("docker export | import, save", SQUASH, docker_squash, ["docker", "dockerd", "runc"], DockerImage),
    ]


def versions(measured):
    """The versions of the programs that took part, by their own words."""
    tools = dict.fromkeys(os.path.basename(tool) for row in measured for tool in row.needs if "/" not in tool)
    result = {}
    for tool in tools:
        text = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout.splitlines()
        if text:
            words = text[0].replace(",", " ").split()
            result[tool] = next((word for word in words if word.lstrip("v*")[:1].isdigit()), text[0])
    return result
