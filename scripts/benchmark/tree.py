# SPDX-License-Identifier: Apache-2.0
"""A tree with the mix of files that an image usually has, the same for the same machine and numbers."""

import os
import pathlib
import random
import shutil
import subprocess
import sys

# Shares of the bytes by size of the file; the rest goes into small files.
LARGE, MEDIUM = 0.55, 0.30
POOL = 96 << 20


def made(base, megabytes, files):
    """The path of the tree, made now unless it lies there from an earlier run."""
    final = pathlib.Path(base, f"tree-{megabytes}-{files}")
    if not final.is_dir():
        partial = final.with_name(final.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        # By a process of its own: the kernel counts what the measuring program once held as memory of what it starts.
        subprocess.run([sys.executable, __file__, str(partial), str(megabytes), str(files)], check=True)
        partial.rename(final)
    return final


def binaries():
    """Machine code of this host's libraries, or bytes that compress alike."""
    pool = bytearray()
    for path in sorted(pathlib.Path("/usr/lib").rglob("*.so*")):
        if len(pool) >= POOL:
            break
        if path.is_file() and not path.is_symlink():
            pool += path.read_bytes()[: 8 << 20]
    source = random.Random(1)
    while len(pool) < 8 << 20:
        pool += source.randbytes(48) + bytes(16) + pool[-64:]
    return bytes(pool[:POOL])


def texts(source):
    """Lines of made-up words with the frequencies of a language."""
    words = ["".join(source.choices("etaoinshrdlucm_", k=source.randint(2, 10))) for _ in range(4000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    picked = source.choices(words, weights, k=1_500_000)
    return "\n".join(" ".join(picked[at : at + 11]) for at in range(0, len(picked), 11)).encode()


def write(top, total, files):
    source = random.Random(20)
    code, text = binaries(), texts(source)
    medium_count = max(1, files // 10)
    large_count = max(1, files // 200)
    small_count = files - medium_count - large_count
    plan = (
        [(total * LARGE / large_count, code)] * large_count
        + [(total * MEDIUM / medium_count, code)] * medium_count
        + [(total * (1 - LARGE - MEDIUM) / small_count, text)] * small_count
    )
    for number, (mean, pool) in enumerate(plan):
        folder = top / f"{number % 37:02d}" / f"{number % 211:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"file-{number:06d}"
        size = int(mean * source.uniform(0.4, 1.6))
        path.write_bytes(content(source, pool, size))
        path.chmod(0o755 if number % 9 == 0 else 0o644)
        if number % 50 == 0:
            (folder / f"link-{number:06d}").symlink_to(path.name)


def content(source, pool, size):
    """One file in twelve is already compressed; the others are pieces of the pool."""
    if source.randrange(12) == 0:
        return source.randbytes(size)
    pieces, left = [], size
    while left > 0:
        start = source.randrange(len(pool))
        piece = pool[start : start + min(left, 4 << 20)]
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def measured(top):
    """The number of files and their bytes."""
    count = size = 0
    for folder, _, names in os.walk(top):
        for name in names:
            count += 1
            size += os.lstat(os.path.join(folder, name)).st_size
    return count, size


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), int(sys.argv[2]) << 20, int(sys.argv[3]))
