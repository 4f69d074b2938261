# SPDX-License-Identifier: Apache-2.0
"""What dockerTools does in its builders, in the same steps: the yardstick for images that nix-build makes.

    docker_tools.py layers >layers.json             in a build with structured attributes: graph, ignored, limit
    docker_tools.py stream conf.json >image.tar     an archive; each layer is made twice, for its digest and for its bytes
"""

import argparse
import hashlib
import io
import json
import pathlib
import sys
import tarfile

import docker_tools_layers
import reference_layer

OWNER = argparse.Namespace(root="", mtime=1, uid=0, gid=0, uname="root", gname="root")
CREATED = "1970-01-01T00:00:01+00:00"


def layers():
    attributes = json.loads(pathlib.Path(".attrs.json").read_text())
    nodes = {
        each["path"]: (each["narSize"], set(each["references"]))
        for each in sorted(attributes["graph"], key=lambda each: each["path"])
    }
    groups = docker_tools_layers.size_first(nodes, set(attributes["ignored"]), attributes["limit"])
    pathlib.Path(attributes["outputs"]["out"]).write_text(json.dumps(groups))


class Counted:
    """What a tar is written to that goes into another tar: all its bytes, as they come."""

    def __init__(self, output):
        self.output = output

    def write(self, data):
        self.output.write(data)
        return len(data)


def add(archive, name, size):
    """The header of a member whose bytes follow."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, 1, 0o644
    archive.addfile(info)


def add_layer(archive, paths):
    digest = reference_layer.Digest()
    reference_layer.write_layer(digest, paths, OWNER)
    checksum = digest.sha256.hexdigest()
    add(archive, f"{checksum}/layer.tar", digest.size)
    # Its size is a multiple of a record, so that no padding follows.
    reference_layer.write_layer(Counted(archive.fileobj), paths, OWNER)
    archive.offset += digest.size
    return checksum


def add_bytes(archive, name, data):
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), 1, 0o644
    archive.addfile(info, io.BytesIO(data))


def add_customisation(archive, directory):
    data = pathlib.Path(directory, "layer.tar").read_bytes()
    checksum = pathlib.Path(directory, "checksum").read_text().strip()
    add_bytes(archive, f"{checksum}/layer.tar", data)
    return checksum


def stream(file):
    conf = json.loads(pathlib.Path(file).read_text())
    base = json.loads(pathlib.Path(conf["base"]).read_text())
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        groups = json.loads(pathlib.Path(conf["layers"]).read_text())
        checksums = [add_layer(archive, paths) for paths in groups]
        checksums.append(add_customisation(archive, conf["customisation"]))
        rootfs = {"type": "layers", "diff_ids": [f"sha256:{checksum}" for checksum in checksums]}
        history = [{"created": CREATED} for _ in checksums]
        config = json.dumps({"created": CREATED, **base, "rootfs": rootfs, "history": history}).encode()
        name = hashlib.sha256(config).hexdigest() + ".json"
        add_bytes(archive, name, config)
        names = [f"{checksum}/layer.tar" for checksum in checksums]
        manifest = [{"Config": name, "RepoTags": [conf["tag"]], "Layers": names}]
        add_bytes(archive, "manifest.json", json.dumps(manifest).encode())


def main():
    if sys.argv[1] == "layers":
        layers()
    else:
        stream(sys.argv[2])


main()
