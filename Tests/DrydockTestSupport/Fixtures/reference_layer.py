#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What bytes dockerTools.streamLayeredImage puts into a store layer, by Python's tarfile: the oracle of the tests.

    reference_layer.py [--root DIRECTORY] PATH... >layer.tar       one layer of these store paths, in this order
    reference_layer.py [--root DIRECTORY] --digests <layers.json   a list of such lists; a line "DIFFID SIZE" for each

/nix and /nix/store come first with mode 0755, then each path and all below it, sorted by components; names are
absolute; the format is PAX; every entry has one owner and time; a further name of a hard link is a file of its own.
With a root, the paths lie below that directory.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tarfile


def entries(store_path):
    below = [] if store_path.is_symlink() or not store_path.is_dir() else store_path.rglob("*")
    return sorted([store_path, *below])


def write_layer(output, paths, options):
    with tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT) as tar:

        def add(info, data=None):
            info.mtime, info.uid, info.gid = options.mtime, options.uid, options.gid
            info.uname, info.gname = options.uname, options.gname
            tar.addfile(info, data)

        for name in ("/nix", "/nix/store"):
            parent = tarfile.TarInfo(name)
            parent.type, parent.mode = tarfile.DIRTYPE, 0o755
            add(parent)
        for path in paths:
            for entry in entries(pathlib.Path(options.root + path)):
                info = tar.gettarinfo(entry, arcname=str(entry).removeprefix(options.root))
                info.name = "/" + info.name
                if info.islnk():
                    info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.lstat(entry).st_size
                if info.isfile():
                    with open(entry, "rb") as data:
                        add(info, data)
                else:
                    add(info)


class Digest:
    """An output that keeps only the digest and the size."""

    def __init__(self):
        self.sha256, self.size = hashlib.sha256(), 0

    def write(self, data):
        self.sha256.update(data)
        self.size += len(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", metavar="PATH")
    parser.add_argument("--digests", action="store_true")
    parser.add_argument("--root", default="")
    parser.add_argument("--mtime", type=int, default=1)
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--gid", type=int, default=0)
    parser.add_argument("--uname", default="root")
    parser.add_argument("--gname", default="root")
    options = parser.parse_args()
    if not options.digests:
        write_layer(sys.stdout.buffer, options.paths, options)
        return
    for paths in json.load(sys.stdin):
        digest = Digest()
        write_layer(digest, paths, options)
        print(f"sha256:{digest.sha256.hexdigest()} {digest.size}")


if __name__ == "__main__":
    main()
