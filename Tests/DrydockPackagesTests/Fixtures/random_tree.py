#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a file tree at a new path, the same one for the same seed: random_tree.py SEED PATH

It has what store objects have, and what is rare in them: names that are not UTF-8, long ones and ones that sort
differently by bytes, by components and by code points, empty directories and files, executables, links to anywhere, and
files with several names.
"""

import os
import random
import sys

PIECES = [b"a", b"b", b"B", b"-", b".", b"_", b" ", b"\n", b"foo", "\u00e9".encode(), "\ue000".encode(),
          "\uffee".encode(), "\U0001f600".encode(), b"\xff", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\x80"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.files = []

    def name(self):
        r = self.random
        pieces = PIECES if r.random() < 0.5 else PIECES[:9]
        length = r.choice([1, 1, 2, 3, 8, 100, 255])
        name = b""
        while len(name) < length:
            name += r.choice(pieces)
        name = name[:255]
        return b"dots" if name in (b".", b"..") or name.startswith(b".wh.") else name

    def fill(self, path, depth):
        os.mkdir(path)
        for name in {self.name() for _ in range(self.random.randrange(9))}:
            self.make(path + b"/" + name, depth + 1)
        os.chmod(path, self.random.choice([0o555, 0o755]))

    def make(self, path, depth):
        r = self.random
        kind = r.randrange(10)
        if kind < 3 and depth < 6:
            self.fill(path, depth)
        elif kind < 5:
            os.symlink(r.choice([b"x", b"../y", b"/nix/store", b"\xff\x80", b"t" * 200, b"t/" * 2000]), path)
        elif kind < 6 and self.files:
            os.link(r.choice(self.files), path)
        else:
            with open(path, "wb") as out:
                out.write(r.randbytes(r.choice([0, 1, 7, 8, 9, 511, 512, 513, 5000, 300000])))
            os.chmod(path, r.choice([0o444, 0o555, 0o644, 0o755]))
            self.files.append(path)


if __name__ == "__main__":
    maker = Maker(int(sys.argv[1]))
    root = os.fsencode(sys.argv[2])
    os.mkdir(root)
    for number in range(6):
        maker.make(root + b"/" + (maker.name()[:250] + b"%d" % number if number else b"foo-1"), 1)
    os.mkdir(root + b"/foo")
    os.symlink(b"z", root + b"/foo/z")
