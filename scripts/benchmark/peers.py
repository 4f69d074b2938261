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
        return self.command.replace("BUILDAH", f"buildah {storage}")

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


def rows(drydock, place):
    """All rows, drydock's first in each group: the others are compared with it."""
    tree, output, work = place.tree, place.output, place.work
    archive = f"tar --sort=name --numeric-owner -cf - -C {tree} ."

    def build(destination, label, group, **settings):
        return Row(place, label, group, f"{drydock} build {place.spec} -o {destination}", [drydock], **settings)

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
