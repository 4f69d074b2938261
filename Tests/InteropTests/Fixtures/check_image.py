#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Recomputes everything in an image and prints what is wrong, one line a fault: check_image.py PATH

PATH is a docker-archive, an OCI layout directory or an oci-archive. Exit status 1 if there is a fault. It shares no code
with what it checks, and needs the standard library only (and the program zstd for zstd layers).

https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zlib

CHUNK = 1 << 20
faults = []


def fault(text):
    faults.append(text)


class Folder:
    """The files of a directory by relative name."""

    def __init__(self, top):
        self.top = top

    def names(self):
        for directory, _, files in os.walk(self.top):
            for name in files:
                yield os.path.relpath(os.path.join(directory, name), self.top)

    def open(self, name):
        try:
            return open(os.path.join(self.top, name), "rb")
        except OSError:
            return None


class Archive:
    """The members of a tar file by name; a name that occurs twice is a fault."""

    def __init__(self, path):
        self.tar = tarfile.open(path, "r:")
        self.members = {}
        for member in self.tar:
            name = member.name.removeprefix("./")
            if name in self.members:
                fault(f"the archive has '{name}' twice")
            self.members[name] = member

    def names(self):
        return (name for name, member in self.members.items() if not member.isdir())

    def open(self, name):
        member = self.members.get(name)
        return None if member is None else self.tar.extractfile(member)

    def target(self, name):
        member = self.members.get(name)
        return member.linkname if member is not None and member.issym() else None


def read(place, name):
    file = place.open(name)
    if file is None:
        fault(f"'{name}' is missing")
        return None
    with file:
        return file.read()


def read_json(place, name):
    data = read(place, name)
    if data is None:
        return None
    try:
        return json.loads(data)
    except ValueError as error:
        fault(f"'{name}' is not JSON: {error}")
        return None


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_and_size(file):
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return "sha256:" + digest.hexdigest(), size


def gunzip(file, output, label):
    """Every member of a gzip file; there may be more than one, and nothing may follow the last."""
    decoder, data = None, b""
    while data or (data := file.read(CHUNK)):
        decoder = decoder or zlib.decompressobj(wbits=31)
        try:
            output.write(decoder.decompress(data))
        except zlib.error as error:
            return fault(f"{label} is not gzip: {error}")
        data = decoder.unused_data
        if decoder.eof:
            decoder = None
    if decoder is not None:
        fault(f"{label} ends inside a gzip member")


def uncompressed(file, media_type, label):
    """The layer's tar in a temporary file."""
    output = tempfile.TemporaryFile()
    if media_type.endswith("gzip"):
        gunzip(file, output, label)
    elif media_type.endswith("zstd"):
        with tempfile.NamedTemporaryFile() as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)
            copy.flush()
            if subprocess.run(["zstd", "-dcq", copy.name], stdout=output).returncode != 0:
                fault(f"{label} is not zstd")
    else:
        while chunk := file.read(CHUNK):
            output.write(chunk)
    output.seek(0)
    return output


def in_store_order(names):
    """Whether each store path is in one piece that is sorted by components."""
    paths = [b"/".join(name.split(b"/")[:3]) for name in names]
    pieces = [path for path, before in zip(paths, [None, *paths]) if path != before]
    return len(pieces) == len(set(pieces)) and all(
        (split := [name.split(b"/") for name, path in zip(names, paths) if path == piece]) == sorted(split)
        for piece in pieces
    )


def check_tar(file, label, directories):
    """Order, duplicates, parents and the end of a layer's tar; adds to the directories of the layers below."""
    try:
        members = list(tarfile.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape"))
    except tarfile.TarError as error:
        return fault(f"{label} is not a tar: {error}")
    # Layers of store paths have absolute names, all of them; readers take them as relative to the root.
    prefix = b"/" if all(member.name.startswith("/nix") for member in members) else b"./"
    seen = set()
    for member in members:
        name = os.fsencode(member.name).removeprefix(prefix)
        shown = ascii(member.name)
        if name in seen:
            fault(f"{label} has {shown} twice")
        if name.startswith(b"/") or b".." in name.split(b"/"):
            fault(f"{label} has the unsafe name {shown}")
        parent = os.path.dirname(name)
        if parent and parent not in directories:
            fault(f"{label} has {shown} before its directory")
        if member.islnk() and os.fsencode(member.linkname).removeprefix(b"./") not in seen:
            fault(f"{label} has a hard link {shown} to a later or missing '{member.linkname}'")
        seen.add(name)
        if member.isdir():
            directories.add(name)
    names = [os.fsencode(member.name).removeprefix(prefix) for member in members]
    if prefix == b"/":
        # Each store path by itself: they come in the order of the layer.
        names = sorted(names, key=lambda name: name.split(b"/")) if in_store_order(names) else names
    if names not in (sorted(names), sorted(names, key=lambda name: name.split(b"/"))):
        fault(f"{label} is not sorted by name")
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - 1024))
    if size % 512 or file.read().strip(b"\0"):
        fault(f"{label} does not end with two blocks of zeros")


def check_layer(place, name, media_type, diff_id, label, directories):
    file = place.open(name)
    if file is None:
        return fault(f"{label} '{name}' is missing")
    with file, uncompressed(file, media_type, label) as tar:
        actual = digest_and_size(tar)[0]
        if actual != diff_id:
            fault(f"{label}: expected diffID {diff_id}, got {actual}")
        tar.seek(0)
        check_tar(tar, label, directories)


def check_configuration(configuration, layer_count, label):
    """The diffIDs, after checking everything else in an image's configuration."""
    for key in ("architecture", "os"):
        if not isinstance(configuration.get(key), str) or not configuration[key]:
            fault(f"{label} has no '{key}'")
    root = configuration.get("rootfs") or {}
    if root.get("type") != "layers":
        fault(f"{label}: expected rootfs.type 'layers', got {root.get('type')!r}")
    diff_ids = root.get("diff_ids") or []
    if len(diff_ids) != layer_count:
        fault(f"{label}: expected {layer_count} diffIDs, got {len(diff_ids)}")
    history = configuration.get("history")
    if history is not None:
        described = sum(1 for each in history if not each.get("empty_layer"))
        if described != layer_count:
            fault(f"{label}: expected {layer_count} history entries with a layer, got {described}")
    return diff_ids


def check_docker_archive(place):
    manifest = read_json(place, "manifest.json") or []
    used = {"manifest.json", "repositories"}
    repositories = {}
    for image in manifest:
        used |= check_docker_image(place, image, repositories)
    found = read_json(place, "repositories") if place.open("repositories") else None
    if found is not None and found != repositories:
        fault(f"repositories: expected {json.dumps(repositories)}, got {json.dumps(found)}")
    for name in sorted(set(place.names()) - used):
        fault(f"'{name}' belongs to no image")


def check_docker_image(place, image, repositories):
    layers = image.get("Layers") or []
    data = read(place, image["Config"])
    if data is None:
        return set()
    named = os.path.basename(image["Config"]).removesuffix(".json")
    if sha256(data) != "sha256:" + named:
        fault(f"'{image['Config']}': expected sha256:{named}, got {sha256(data)}")
    diff_ids = check_configuration(json.loads(data), len(layers), f"'{image['Config']}'")
    directories = set()
    for number, (layer, diff_id) in enumerate(zip(layers, diff_ids), 1):
        check_layer(place, layer, "tar", diff_id, f"layer {number}", directories)
    folders = legacy_folders(layers, diff_ids)
    used = {image["Config"], *layers} | check_legacy_layers(place, layers, folders, json.loads(data))
    for reference in image.get("RepoTags") or []:
        repository, tag = reference.rsplit(":", 1)
        if folders:
            repositories.setdefault(repository, {})[tag] = folders[-1]
    return used


def legacy_folders(layers, diff_ids):
    """The folder of each layer: that of its tar, or the one named by its chain ID if the tar is a lower layer's, too."""
    folders, chain = [], None
    for number, (layer, diff_id) in enumerate(zip(layers, diff_ids)):
        chain = sha256(f"{chain} {diff_id}".encode()) if chain else diff_id
        folders.append(chain.removeprefix("sha256:") if layer in layers[:number] else os.path.dirname(layer))
    return folders


def check_legacy_layers(place, layers, folders, configuration):
    """The `json` and `VERSION` beside each layer: identifiers, the links to the parents, the top's configuration."""
    used, parent = set(), None
    for number, (layer, folder) in enumerate(zip(layers, folders), 1):
        if not folder or place.open(f"{folder}/json") is None:
            continue
        used |= {f"{folder}/json", f"{folder}/VERSION"}
        if folder != os.path.dirname(layer):
            used.add(f"{folder}/layer.tar")
            if place.target(f"{folder}/layer.tar") != f"../{layer}":
                fault(f"'{folder}/layer.tar' is no link to '{layer}'")
        version = read(place, f"{folder}/VERSION")
        if version != b"1.0":
            fault(f"'{folder}/VERSION': expected 1.0, got {version!r}")
        legacy = read_json(place, f"{folder}/json") or {}
        if legacy.get("id") != folder:
            fault(f"'{folder}/json': expected id {folder}, got {legacy.get('id')}")
        if legacy.get("parent") != parent:
            fault(f"'{folder}/json': expected parent {parent}, got {legacy.get('parent')}")
        # Docker writes every key it knows, also without a value.
        wanted = configuration.get("config") or {}
        found = {key: (legacy.get("config") or {}).get(key) for key in wanted}
        if number == len(layers) and found != wanted:
            fault(f"'{folder}/json': expected config {json.dumps(wanted)}, got {json.dumps(found)}")
        parent = folder
    return used


def blob_name(digest):
    return "blobs/" + digest.replace(":", "/", 1)


def check_blob(place, descriptor, label):
    """Whether the blob is what its descriptor says."""
    file = place.open(blob_name(descriptor["digest"]))
    if file is None:
        fault(f"{label} {descriptor['digest']} is missing")
        return False
    with file:
        digest, size = digest_and_size(file)
    if digest != descriptor["digest"]:
        fault(f"{label}: expected {descriptor['digest']}, got {digest}")
    if size != descriptor["size"]:
        fault(f"{label} {descriptor['digest']}: expected {descriptor['size']} bytes, got {size}")
    return True


def check_layout(place):
    version = (read_json(place, "oci-layout") or {}).get("imageLayoutVersion")
    if version != "1.0.0":
        fault(f"oci-layout: expected imageLayoutVersion 1.0.0, got {version!r}")
    index = read_json(place, "index.json") or {}
    if index.get("schemaVersion") != 2:
        fault(f"index.json: expected schemaVersion 2, got {index.get('schemaVersion')!r}")
    used = {"oci-layout", "index.json"}
    for descriptor in index.get("manifests") or []:
        check_manifest(place, descriptor, used)
    names = [each.get("annotations", {}).get("org.opencontainers.image.ref.name") for each in index.get("manifests", [])]
    for name in sorted({name for name in names if name is not None and names.count(name) > 1}):
        fault(f"index.json names '{name}' twice")
    for name in sorted(set(place.names()) - used):
        if name.startswith("blobs/"):
            file = place.open(name)
            if digest_and_size(file)[0] != name.removeprefix("blobs/").replace("/", ":"):
                fault(f"'{name}' has other content than its name says")
        else:
            fault(f"'{name}' belongs to no image")


def check_manifest(place, descriptor, used):
    digest = descriptor["digest"]
    if not check_blob(place, descriptor, "manifest"):
        return
    used.add(blob_name(digest))
    manifest = read_json(place, blob_name(digest))
    if "manifests" in manifest:
        for each in manifest["manifests"]:
            check_manifest(place, each, used)
        return
    for key, wanted in (("schemaVersion", 2), ("mediaType", descriptor["mediaType"])):
        if manifest.get(key) != wanted:
            fault(f"manifest {digest}: expected {key} {wanted!r}, got {manifest.get(key)!r}")
    layers = manifest["layers"]
    if not check_blob(place, manifest["config"], "configuration"):
        return
    used.add(blob_name(manifest["config"]["digest"]))
    configuration = read_json(place, blob_name(manifest["config"]["digest"]))
    diff_ids = check_configuration(configuration, len(layers), f"configuration {manifest['config']['digest']}")
    check_platform(descriptor, configuration)
    directories = set()
    for number, (layer, diff_id) in enumerate(zip(layers, diff_ids), 1):
        used.add(blob_name(layer["digest"]))
        if check_blob(place, layer, f"layer {number}"):
            check_layer(place, blob_name(layer["digest"]), layer["mediaType"], diff_id, f"layer {number}", directories)


def check_platform(descriptor, configuration):
    for key, value in descriptor.get("platform", {}).items():
        if configuration.get(key) != value:
            fault(f"manifest {descriptor['digest']}: expected {key} {configuration.get(key)!r}, got {value!r}")


def main(path):
    place = Folder(path) if os.path.isdir(path) else Archive(path)
    if place.open("oci-layout") is not None:
        check_layout(place)
    elif place.open("manifest.json") is not None:
        check_docker_archive(place)
    else:
        fault("neither 'oci-layout' nor 'manifest.json' is there")
    for each in faults:
        print(each)
    sys.exit(1 if faults else 0)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
