#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bytes that nixpkgs' dockerTools.streamLayeredImage puts into a store layer, made with Python's tarfile.

    reference_layer.py [--root DIR] [--mtime N] [--uid N --gid N --uname S --gname S] PATH...   > layer.tar

PATH... are the store paths of one layer, in layer order, below --root. `/nix` and `/nix/store` come first with mode
0755; then each path and all below it, sorted by path components; names are absolute; one owner and one time for all; a
further hard link is a regular file of its own; zeros up to a multiple of 10240 bytes end it.
"""

import argparse
import os
import sys
import tarfile
from pathlib import Path


def entries(path):
    below = [] if path.is_symlink() or not path.is_dir() else path.rglob("*")
    return sorted([path, *below])


def write_layer(out, root, paths, owner):
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:

        def add(info, data=None):
            info.mtime, info.uid, info.gid, info.uname, info.gname = owner
            tar.addfile(info, data)

        for name in ("/nix", "/nix/store"):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o755
            add(directory)
        for path in paths:
            for entry in entries(root / path.lstrip("/")):
                info = tar.gettarinfo(entry)
                info.name = "/" + str(entry.relative_to(root))
                if info.islnk():
                    info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.lstat(entry).st_size
                if info.isfile():
                    with open(entry, "rb") as data:
                        add(info, data)
                else:
                    add(info)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--mtime", type=int, default=1)
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--gid", type=int, default=0)
    parser.add_argument("--uname", default="root")
    parser.add_argument("--gname", default="root")
    a = parser.parse_args()
    write_layer(sys.stdout.buffer, a.root, a.paths, (a.mtime, a.uid, a.gid, a.uname, a.gname))


if __name__ == "__main__":
    main()
