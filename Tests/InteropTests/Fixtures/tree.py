#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a JSON list of all entries of a directory tree: tree.py DIRECTORY

An independent view of what lies on disk, for comparison with what a spec asks for. Standard library only.
"""

import hashlib
import json
import os
import stat
import sys

TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "character",
    stat.S_IFBLK: "block",
    stat.S_IFSOCK: "socket",
}


def text(raw):
    """The bytes as text; what is not UTF-8 becomes \\xNN."""
    return raw.decode("utf-8", "backslashreplace")


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def entry(path, name, first_names):
    status = os.lstat(path)
    kind = TYPES[stat.S_IFMT(status.st_mode)]
    result = {
        "path": text(name),
        "type": kind,
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "uid": status.st_uid,
        "gid": status.st_gid,
        "mtime": status.st_mtime_ns,
        "xattrs": {
            key: os.getxattr(path, key, follow_symlinks=False).hex()
            for key in sorted(os.listxattr(path, follow_symlinks=False))
        },
    }
    if kind == "symlink":
        result["target"] = text(os.readlink(path))
    if kind == "file":
        result["size"] = status.st_size
        result["sha256"] = sha256(path)
    if kind in ("character", "block"):
        result["device"] = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if kind != "directory" and status.st_nlink > 1:
        first = first_names.setdefault((status.st_dev, status.st_ino), result["path"])
        if first != result["path"]:
            result["hardlink"] = first
    return result


def names(top):
    """The names of all entries below the top in byte order."""
    found = []
    for directory, directories, files in os.walk(top, onerror=fail):
        prefix = os.path.relpath(directory, top)
        for name in directories + files:
            found.append(name if prefix == b"." else os.path.join(prefix, name))
    return sorted(found)


def fail(error):
    raise error


def main(top):
    first_names = {}
    entries = [entry(top, b".", first_names)]
    entries += [entry(os.path.join(top, name), name, first_names) for name in names(top)]
    json.dump(entries, sys.stdout, indent=1)
    print()


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(os.fsencode(sys.argv[1]))
