#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the JSON documents of an image with their schemas, one line a fault: check_documents.py PATH

PATH is a docker-archive, an OCI layout directory or an oci-archive. The schemas are those of the OCI image specification,
made strict: a key that neither it nor Docker's image specification knows is a fault. Needs Debian's python3-jsonschema.

https://github.com/opencontainers/image-spec/tree/v1.1.1/schema
https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md
"""

import json
import os
import sys
import tarfile

import jsonschema

DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
HEX = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
TEXT_MAP = {"type": "object", "additionalProperties": TEXT}
SET = {"type": "object", "additionalProperties": {"type": "object", "maxProperties": 0}}
NUMBER = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
BOOLEAN = {"type": "boolean"}


def record(required, **properties):
    """An object with these keys and no other."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


PLATFORM = record(["architecture", "os"], architecture=TEXT, os=TEXT, variant=TEXT)


def descriptor(media_type, family="oci", **more):
    kind = {"type": "string", "pattern": f"^application/vnd\\.{family}\\.{media_type}$"}
    size = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    return record(["mediaType", "digest", "size"], mediaType=kind, digest=DIGEST, size=size, annotations=TEXT_MAP, **more)


ANY_MANIFEST = r"(image\.manifest\.v1|distribution\.manifest\.v2)\+json"
LAYOUT = record(["imageLayoutVersion"], imageLayoutVersion={"const": "1.0.0"})
INDEX = record(
    ["schemaVersion", "manifests"],
    schemaVersion={"const": 2},
    mediaType={"const": "application/vnd.oci.image.index.v1+json"},
    manifests={"type": "array", "items": descriptor(ANY_MANIFEST, r"(oci|docker)", platform=PLATFORM)},
    annotations=TEXT_MAP,
)
MANIFEST = record(
    ["schemaVersion", "mediaType", "config", "layers"],
    schemaVersion={"const": 2},
    mediaType={"const": "application/vnd.oci.image.manifest.v1+json"},
    config=descriptor(r"image\.config\.v1\+json"),
    layers={"type": "array", "minItems": 1, "items": descriptor(r"image\.layer\.v1\.tar(\+gzip|\+zstd)?")},
    annotations=TEXT_MAP,
)
# https://distribution.github.io/distribution/spec/manifest-v2-2/
DOCKER_MANIFEST = record(
    ["schemaVersion", "mediaType", "config", "layers"],
    schemaVersion={"const": 2},
    mediaType={"const": "application/vnd.docker.distribution.manifest.v2+json"},
    config=descriptor(r"container\.image\.v1\+json", "docker"),
    layers={"type": "array", "minItems": 1, "items": descriptor(r"image\.rootfs\.diff\.tar(\.gzip)?", "docker")},
)
HEALTHCHECK = record(
    [], Test=TEXTS, Interval=NUMBER, Timeout=NUMBER, StartPeriod=NUMBER, StartInterval=NUMBER, Retries=NUMBER
)
# OCI's keys, Docker's keys, and those that only images of Docker before 1.10 had.
SETTINGS = record(
    [],
    User=TEXT, ExposedPorts=SET, Env={"type": "array", "items": {"type": "string", "pattern": "(?s)^[^=]+=.*$"}},
    Entrypoint=TEXTS, Cmd=TEXTS, Volumes=SET, WorkingDir=TEXT, Labels=TEXT_MAP, StopSignal=TEXT, ArgsEscaped=BOOLEAN,
    Healthcheck=HEALTHCHECK, OnBuild=TEXTS, Shell=TEXTS, StopTimeout=NUMBER,
    Memory=NUMBER, MemorySwap=NUMBER, CpuShares=NUMBER, Hostname=TEXT, Domainname=TEXT, MacAddress=TEXT,
    AttachStdin=BOOLEAN, AttachStdout=BOOLEAN, AttachStderr=BOOLEAN, Tty=BOOLEAN, OpenStdin=BOOLEAN,
    StdinOnce=BOOLEAN, NetworkDisabled=BOOLEAN,
)
HISTORY = record([], created=TIME, created_by=TEXT, author=TEXT, comment=TEXT, empty_layer=BOOLEAN)
CONFIGURATION = record(
    ["architecture", "os", "rootfs"],
    created=TIME, author=TEXT, architecture=TEXT, os=TEXT, variant=TEXT, config=SETTINGS,
    rootfs=record(["type", "diff_ids"], type={"const": "layers"}, diff_ids={"type": "array", "items": DIGEST}),
    history={"type": "array", "items": HISTORY},
)
ARCHIVE_MANIFEST = {
    "type": "array",
    "items": record(
        ["Config", "RepoTags", "Layers"],
        Config={"type": "string", "pattern": r"^[0-9a-f]{64}\.json$"},
        RepoTags={"type": "array", "items": {"type": "string", "pattern": "^[^:]+(:[0-9]+/[^:]+)?:[^:]+$"}},
        Layers={"type": "array", "items": {"type": "string", "pattern": r"^[0-9a-f]{64}/layer\.tar$"}},
    ),
}
REPOSITORIES = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": HEX}}
LEGACY_LAYER = record(["id"], id=HEX, parent=HEX, created=TIME, architecture=TEXT, os=TEXT, variant=TEXT, config=SETTINGS)


def reader(path):
    """A function that gives the file of a name inside the image."""
    if os.path.isdir(path):
        return lambda name: open(os.path.join(path, name), "rb").read()
    tar = tarfile.open(path)
    return lambda name: tar.extractfile(name).read()


def documents(read):
    """Each document with its name and schema."""
    try:
        index = json.loads(read("index.json"))
    except (KeyError, OSError):
        yield from archive_documents(read)
        return
    yield "oci-layout", LAYOUT, json.loads(read("oci-layout"))
    yield "index.json", INDEX, index
    for each in index["manifests"]:
        manifest = blob(read, each)
        yield "manifest", DOCKER_MANIFEST if "docker" in each["mediaType"] else MANIFEST, manifest
        yield "configuration", CONFIGURATION, blob(read, manifest["config"])


def blob(read, descriptor):
    return json.loads(read("blobs/" + descriptor["digest"].replace(":", "/")))


def archive_documents(read):
    manifest = json.loads(read("manifest.json"))
    yield "manifest.json", ARCHIVE_MANIFEST, manifest
    yield "repositories", REPOSITORIES, json.loads(read("repositories"))
    for image in manifest:
        yield "configuration", CONFIGURATION, json.loads(read(image["Config"]))
        for layer in image["Layers"]:
            name = os.path.dirname(layer) + "/json"
            yield name, LEGACY_LAYER, json.loads(read(name))


def main(path):
    faults = [
        f"{name}: {error.json_path}: {error.message}"
        for name, schema, document in documents(reader(path))
        for error in jsonschema.Draft202012Validator(schema).iter_errors(document)
    ]
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
