#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the digests of an image, computed from its bytes, as JSON: identify_image.py PATH [NAME]

PATH is a docker-archive, an OCI layout directory or an oci-archive with one image, or with one of that name. Nothing that
the image says of itself is believed, except which files belong to it. Standard library, and the program zstd.
"""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tarfile


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def reader(path):
    if os.path.isdir(path):
        return lambda name: open(os.path.join(path, name), "rb").read()
    tar = tarfile.open(path)
    return lambda name: tar.extractfile(name).read()


def uncompressed(data):
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


def layer(data):
    return {"diffID": sha256(uncompressed(data)), "digest": sha256(data), "size": len(data)}


def one(images, names, wanted):
    """The only image, or the one of that name."""
    found = [each for each in images if wanted is None or wanted in names(each)]
    if len(found) != 1:
        sys.exit(f"{len(found)} images")
    return found[0]


def in_layout(read, name):
    key = "org.opencontainers.image.ref.name"
    index = json.loads(read("index.json"))
    found = one(index["manifests"], lambda each: [each.get("annotations", {}).get(key)], name)
    data = blob(read, found)
    manifest = json.loads(data)
    layers = [layer(blob(read, each)) for each in manifest["layers"]]
    return {"digest": sha256(data), "imageID": sha256(blob(read, manifest["config"])), "layers": layers}


def blob(read, descriptor):
    return read("blobs/" + descriptor["digest"].replace(":", "/"))


def in_archive(read, name):
    image = one(json.loads(read("manifest.json")), lambda each: each["RepoTags"], name)
    return {"imageID": sha256(read(image["Config"])), "layers": [layer(read(each)) for each in image["Layers"]]}


def main(path, name=None):
    read = reader(path)
    try:
        read("index.json")
        is_layout = True
    except (KeyError, OSError):
        is_layout = False
    print(json.dumps((in_layout if is_layout else in_archive)(read, name)))


if len(sys.argv) not in (2, 3):
    sys.exit(__doc__)
main(*sys.argv[1:])
