# SPDX-License-Identifier: Apache-2.0
"""Writes a docker-archive of layers that are there: make_archive.py STYLE NAME:TAG ARCHIVE LAYER...

The styles are those of programs that wrote archives in the past or are not at hand:
  1.0        Docker before 1.10: 'repositories', and layers that name their parents
  1.10       Docker 1.10 to 24: 'manifest.json' beside all of that
  image      buildImage of dockerTools: members begin with './', layers name their parents
  layered    buildLayeredImage of dockerTools: layers without parents, no 'repositories'
A layer that is given twice is a link the second time, as Docker writes it. Layers may be compressed.
"""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import platform
import subprocess
import sys
import tarfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
CONFIG = {"Cmd": ["/none"], "Env": ["MADE=by-hand"]}
CREATED = "2001-02-03T04:05:06.789Z"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def uncompressed(data):
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"BZh"):
        return bz2.decompress(data)
    if data.startswith(b"\xfd7zXZ"):
        return lzma.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def main(style, reference, path, *layer_paths):
    prefix = "./" if style == "image" else ""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:

        def add(name, data, **fields):
            member = tarfile.TarInfo(prefix + name)
            member.size = len(data)
            for key, value in fields.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(data))

        places, diff_ids, parent, first = [], [], None, {}
        for layer_path in layer_paths:
            with open(layer_path, "rb") as file:
                data = file.read()
            diff_ids.append("sha256:" + sha256(uncompressed(data)))
            identifier = sha256(f"{parent} {diff_ids[-1]}".encode())
            if style != "layered":
                layer = {"id": identifier, "created": CREATED, "os": "linux", "architecture": ARCHITECTURE}
                if parent:
                    layer["parent"] = parent
                if len(diff_ids) == len(layer_paths):
                    layer["config"] = CONFIG
                add(identifier, b"", type=tarfile.DIRTYPE, mode=0o755)
                add(identifier + "/VERSION", b"1.0")
                add(identifier + "/json", json.dumps(layer).encode())
            place = identifier + "/layer.tar"
            if diff_ids[-1] in first:
                add(place, b"", type=tarfile.SYMTYPE, linkname=f"../{first[diff_ids[-1]]}")
            else:
                add(place, data)
            places.append(first.setdefault(diff_ids[-1], place))
            parent = identifier
        repository, tag = reference.rsplit(":", 1)
        if style != "layered":
            add("repositories", json.dumps({repository: {tag: parent}}).encode())
        if style == "1.0":
            return
        config = json.dumps({
            "architecture": ARCHITECTURE,
            "config": CONFIG,
            "created": CREATED,
            "history": [{"created": CREATED}] * len(diff_ids),
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }).encode()
        add(sha256(config) + ".json", config)
        manifest = [{"Config": sha256(config) + ".json", "RepoTags": [reference], "Layers": places}]
        add("manifest.json", json.dumps(manifest).encode())


if len(sys.argv) < 5:
    sys.exit(__doc__)
main(*sys.argv[1:])
