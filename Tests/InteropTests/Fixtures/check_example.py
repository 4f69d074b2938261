#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how an unpacked example differs from its spec and this host: check_example.py IMAGE.yaml ROOTFS

What the spec declares must be as expected_tree.py says; everything else must be a file or link of this host, as it is
there, or a directory above one. Python's yaml is needed.
"""

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))


def entries(script, argument):
    output = subprocess.run([sys.executable, os.path.join(HERE, script), argument], check=True, capture_output=True)
    return {entry["path"]: entry for entry in json.loads(output.stdout)}


def declared(example):
    """The entries that the spec declares, and the directories above them."""
    with open(example) as text:
        spec = yaml.safe_load(text)
    folder = os.path.dirname(os.path.abspath(example))
    spec.pop("contents")
    for file in spec.get("files", []):
        if "source" in file:
            file["source"] = os.path.join(folder, file["source"])
    with tempfile.NamedTemporaryFile("w", suffix=".json") as copy:
        json.dump(spec, copy)
        copy.flush()
        return entries("expected_tree.py", copy.name)


def on_host(path):
    """What a file or link of this host must be in the image."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return {"type": "symlink", "target": os.readlink(path)}
    if stat.S_ISDIR(status.st_mode):
        return {"type": "directory", "mode": "0755"}
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {"type": "file", "mode": f"{stat.S_IMODE(status.st_mode):04o}", "sha256": digest}


def main():
    example, root = sys.argv[1:]
    wanted = declared(example)
    found = entries("tree.py", root)
    found.pop(".", None)
    for path in sorted(wanted.keys() - found.keys()):
        print(f"{path}: missing")
    for path, entry in found.items():
        expected = wanted.get(path) or {**on_host("/" + path), "uid": 0, "gid": 0, "mtime": 1_000_000_000}
        for key, value in expected.items():
            if entry.get(key) != value:
                print(f"{path}: expected {key} {value}, got {entry.get(key)}")
    programs = [path for path in found if path not in wanted and found[path]["type"] == "file"]
    if len(programs) < 3:
        print(f"only {len(programs)} files of this host")


main()
