#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a small docker-archive around a static busybox, or a broken one: make_image.py ARCHIVE [FAULT]

It proves the test tools themselves, without any code of this package. The image prints "hello".
"""

import hashlib
import io
import json
import platform
import sys
import tarfile

FAULTS = ("digest", "diffid", "history", "order", "duplicate", "parent", "repositories", "stray", "end")


def add(tar, name, data=None, **fields):
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    member.mode, member.mtime, member.size = 0o755, 1, len(data or b"")
    for key, value in fields.items():
        setattr(member, key, value)
    tar.addfile(member, io.BytesIO(data or b""))


def layer(fault):
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        add(tar, "bin")
        add(tar, "bin/busybox", busybox)
        if fault == "duplicate":
            add(tar, "bin/busybox", busybox)
        add(tar, "data", uid=999, gid=999, mode=0o1750)
        if fault == "order":
            add(tar, "a")
        if fault == "parent":
            add(tar, "etc/motd", b"hello\n")
    data = output.getvalue()
    return data.rstrip(b"\0") if fault == "end" else data


def main(path, fault=None):
    if fault is not None and fault not in FAULTS:
        sys.exit(__doc__)
    data = layer(fault)
    diff_id = "sha256:" + hashlib.sha256(b"other" if fault == "diffid" else data).hexdigest()
    history = [{"created_by": "by hand"}] * (2 if fault == "history" else 1)
    configuration = json.dumps({
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()],
        "config": {"Cmd": ["/bin/busybox", "echo", "hello"]},
        "created": "1970-01-01T00:00:01Z",
        "history": history,
        "os": "linux",
        "rootfs": {"diff_ids": [diff_id], "type": "layers"},
    }).encode()
    config_name = ("0" * 64 if fault == "digest" else hashlib.sha256(configuration).hexdigest()) + ".json"
    layer_name = hashlib.sha256(data).hexdigest()
    manifest = [{"Config": config_name, "Layers": [layer_name + "/layer.tar"], "RepoTags": ["hand-made:latest"]}]
    top = "0" * 64 if fault == "repositories" else layer_name
    with tarfile.open(path, "w") as tar:
        add(tar, layer_name + "/layer.tar", data)
        add(tar, config_name, configuration)
        add(tar, "manifest.json", json.dumps(manifest).encode())
        add(tar, "repositories", json.dumps({"hand-made": {"latest": top}}).encode())
        if fault == "stray":
            add(tar, "stray", b"")


main(*sys.argv[1:])
