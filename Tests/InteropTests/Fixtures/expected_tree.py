#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the entries that an image of a spec must have, as tree.py prints those on disk: expected_tree.py SPEC.json

It reads the spec and its sources itself, and shares no code with what it checks. It knows `contents` (directories and
archives), `copyToRoot`, `files`, `uid`, `gid` and `mtime`; not executables. Standard library, and the program zstd.
"""

import datetime
import hashlib
import io
import json
import os
import stat
import struct
import subprocess
import sys
import tarfile

CAPABILITIES = {"cap_net_bind_service": 10, "cap_net_raw": 13}
KINDS = {
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "character",
    tarfile.BLKTYPE: "block",
}


class Image:
    """The entries by path, as bytes without a leading slash."""

    def __init__(self, owner, mtime):
        self.owner, self.mtime = owner, mtime
        self.entries = {}
        self.layer = 0
        self.copying = False  # whether the entries are those of copyToRoot
        self.keeps_links = False

    def put(self, path, entry):
        """Adds an entry, through links to directories that are already there; a directory over such a link adds nothing."""
        parent, name = os.path.split(path)
        parent = self.directory(parent)
        path = os.path.join(parent, name)
        old = self.entries.get(path)
        if entry["type"] == "directory" and old is not None and old["type"] == "symlink":
            if not (self.copying and old["copied"]):
                self.directory(path)
                return
            path = self.kept(path, old) or path
        self.entries[path] = dict(entry, layer=self.layer, copied=self.copying)

    def kept(self, path, link):
        """Where a link of copyToRoot leads that stays where another tree has a directory: to one that is there."""
        seen = 0
        parent = os.path.dirname(path)
        while self.keeps_links and seen < 40:
            path = os.path.normpath(os.path.join(b"/", parent, link["target"])).lstrip(b"/")
            link = self.entries.get(path)
            if link is None or link["type"] not in ("directory", "symlink"):
                return None
            if link["type"] == "directory":
                return path
            parent = os.path.dirname(path)
            seen += 1
        return None

    def directory(self, path):
        """Where a directory really is; missing ones are made."""
        real = b""
        for part in path.split(b"/") if path else []:
            step = os.path.join(real, part)
            entry = self.entries.get(step)
            if entry is not None and entry["type"] == "symlink":
                if self.copying and entry["copied"]:
                    real = self.kept(step, entry)
                    continue
                target = os.path.normpath(os.path.join(b"/", real, entry["target"])).lstrip(b"/")
                real = self.directory(target)
                continue
            if entry is None:
                self.entries[step] = self.entry("directory", 0o755, copied=self.copying)
            real = step
        return real

    def entry(self, kind, mode, **fields):
        return {"type": kind, "mode": mode, "owner": self.owner, "mtime": self.mtime, "xattrs": {}, "file": None, **fields}


def portable(name):
    return name == "security.capability" or name.startswith("user.")


def digest(data):
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def paths(folder):
    """Everything below a directory, each directory before what it holds; names in byte order."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        yield path
        if stat.S_ISDIR(os.lstat(path).st_mode):
            yield from paths(path)


def add_directory(image, top, prefix):
    """The tree at `top`: its modes and attributes, the image's owner and time."""
    top = os.fsencode(top)
    for path in paths(top):
        status = os.lstat(path)
        attributes = {
            key: os.getxattr(path, key, follow_symlinks=False)
            for key in os.listxattr(path, follow_symlinks=False)
            if portable(key)
        }
        entry = image.entry(kind_of(status), stat.S_IMODE(status.st_mode), xattrs=attributes)
        if entry["type"] == "symlink":
            entry["target"] = os.readlink(path)
        if entry["type"] == "file":
            with open(path, "rb") as file:
                entry.update(digest(file.read()))
        if entry["type"] in ("character", "block"):
            entry["device"] = status.st_rdev
        if status.st_nlink > 1 and entry["type"] != "directory":
            entry["file"] = (status.st_dev, status.st_ino)
        image.put(os.path.join(prefix, os.path.relpath(path, top)), entry)


def kind_of(status):
    tests = {"directory": stat.S_ISDIR, "symlink": stat.S_ISLNK, "fifo": stat.S_ISFIFO, "character": stat.S_ISCHR}
    tests |= {"block": stat.S_ISBLK, "file": stat.S_ISREG}
    return next(kind for kind, test in tests.items() if test(status.st_mode))


def add_archive(image, path, prefix, strip):
    """The members of an archive: its modes, owners and attributes, the image's time."""
    files = {}
    content = None
    if path.endswith(".zst"):
        content = io.BytesIO(subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout)
    with tarfile.open(path, fileobj=content, encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            if member.islnk():
                first = files[member.linkname]
                first["file"] = first["file"] or (path, member.linkname)
                entry = first
            else:
                entry = dict(member_entry(image, tar, member), member=member.name, archive=path)
            files[member.name] = entry
            kept = os.fsencode(member.name).split(b"/")[strip:]
            if kept:
                image.put(os.path.join(prefix, *kept), entry)
    # A hard link may come after its file was put.
    for entry in image.entries.values():
        for first in files.values():
            if first["file"] and entry.get("member") == first["member"] and entry.get("archive") == path:
                entry["file"] = first["file"]


def member_entry(image, tar, member):
    attributes = {
        key.removeprefix("SCHILY.xattr."): value.encode("utf-8", "surrogateescape")
        for key, value in member.pax_headers.items()
        if key.startswith("SCHILY.xattr.") and portable(key.removeprefix("SCHILY.xattr."))
    }
    entry = image.entry(KINDS.get(member.type, "file"), member.mode, xattrs=attributes)
    entry.update(owner=(member.uid, member.gid))
    if entry["type"] == "file":
        entry.update(digest(tar.extractfile(member).read()))
    if entry["type"] == "symlink":
        entry["target"] = os.fsencode(member.linkname)
    if entry["type"] in ("character", "block"):
        entry["device"] = os.makedev(member.devmajor, member.devminor)
    return entry


def add_file(image, file, folder):
    """One entry of `files`."""
    if "directory" in file:
        entry = image.entry("directory", 0o755)
    elif "symlink" in file:
        entry = image.entry("symlink", 0o777, target=os.fsencode(file["symlink"]))
    elif "text" in file:
        entry = image.entry("file", 0o644, **digest(file["text"].encode()))
    else:
        source = os.path.join(folder, file["source"])
        with open(source, "rb") as content:
            entry = image.entry("file", 0o755 if os.stat(source).st_mode & 0o100 else 0o644, **digest(content.read()))
    if "mode" in file:
        entry["mode"] = int(file["mode"], 8)
    if "mtime" in file:
        entry["mtime"] = seconds(file["mtime"])
    owner = [int(number) for number in file.get("owner", "0:0").split(":")]
    entry["owner"] = (owner[0], owner[-1])
    entry["xattrs"] = {name: attribute(name, value) for name, value in file.get("xattrs", {}).items()}
    image.put(os.fsencode(file["path"][1:]), entry)


def attribute(name, value):
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    if name != "security.capability":
        return value.encode()
    names, flags = value.split("=")
    if flags != "ep":
        raise ValueError(value)
    # linux/capability.h: revision 2 with the effective bit, then permitted and inheritable sets, low and high words.
    permitted = sum(1 << CAPABILITIES[each] for each in names.split(","))
    return struct.pack("<5I", 0x02000001, permitted & 0xFFFFFFFF, 0, permitted >> 32, 0)


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def text(raw):
    return raw.decode("utf-8", "backslashreplace")


def described(entries):
    """The entries as tree.py prints them."""
    first_names, result = {}, []
    groups = [(entry["layer"], entry["file"]) for entry in entries.values() if entry.get("file")]
    for path, entry in sorted(entries.items()):
        described = {
            "path": text(path),
            "type": entry["type"],
            "mode": f"{entry['mode']:04o}",
            "uid": entry["owner"][0],
            "gid": entry["owner"][1],
            "mtime": entry["mtime"] * 1_000_000_000,
            "xattrs": {name: value.hex() for name, value in sorted(entry["xattrs"].items())},
        }
        described |= {key: entry[key] for key in ("size", "sha256") if key in entry}
        if "target" in entry:
            described["target"] = text(entry["target"])
        if "device" in entry:
            described["device"] = f"{os.major(entry['device'])}:{os.minor(entry['device'])}"
        group = (entry.get("layer"), entry.get("file"))
        if groups.count(group) > 1:
            first = first_names.setdefault(group, described["path"])
            if first != described["path"]:
                described["hardlink"] = first
        result.append(described)
    return result


def main(path):
    with open(path) as file:
        spec = json.load(file)
    folder = os.path.dirname(os.path.abspath(path))
    image = Image((spec.get("uid", 0), spec.get("gid", 0)), seconds(spec.get("mtime", "1970-01-01T00:00:01Z")))
    for item in spec.get("contents", []):
        image.layer += 1
        prefix = os.fsencode(item.get("at", "/")[1:])
        if "directory" in item:
            add_directory(image, os.path.join(folder, item["directory"]), prefix)
        else:
            add_archive(image, os.path.join(folder, item["archive"]), prefix, item.get("strip", 0))
    image.layer += 1
    image.copying, image.keeps_links = True, spec.get("keepContentsDirlinks", False)
    for top in spec.get("copyToRoot", []):
        add_directory(image, os.path.join(folder, top), b"")
    image.copying = False
    for file in spec.get("files", []):
        add_file(image, file, folder)
    json.dump(described(image.entries), sys.stdout, indent=1)
    print()


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
