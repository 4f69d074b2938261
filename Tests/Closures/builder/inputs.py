# SPDX-License-Identifier: Apache-2.0
"""What the derivation hands over, and the walks over $out that every step uses."""

import glob
import json
import os
import re
import stat
import sys

OUT = os.environ["out"]
NAME = os.environ["packageName"]
LIBRARIES = "lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"


def fail(message):
    sys.exit(f"{NAME}: {message}")


def dependencies():
    """Name to store path: the direct dependencies, then the farther ones, nearest first."""
    with open(os.environ["dependenciesPath"]) as file:
        return dict(word.split("=", 1) for word in file.read().split())


def recipe():
    """This package's entry among the recipes' fixups."""
    with open(os.environ["fixupsPath"]) as file:
        return json.load(file)


def expand(text, deps):
    """A path of a recipe: `@out@` and `@dep:NAME@` are store paths, and a pattern means the one thing it matches."""

    def dependency(match):
        if match.group(1) not in deps:
            fail(f"the recipe names {match.group(1)}, which is not a dependency")
        return deps[match.group(1)]

    text = re.sub(r"@dep:([^@]+)@", dependency, text.replace("@out@", OUT))
    if glob.escape(text) == text:
        return text
    matches = glob.glob(text)
    if len(matches) != 1:
        fail(f"{text} matches {len(matches)} paths, not one")
    return matches[0]


def canonical(path):
    """Where a path of the host's hierarchy lies in a store path, without a leading slash."""
    parts = [part for part in os.path.normpath(path).split("/") if part]
    if parts and parts[0] == "usr":
        parts = parts[1:]
    if parts and parts[0] in ("sbin", "games"):
        parts[0] = "bin"
    if parts and parts[0] == "lib64":
        parts[0] = "lib"
    return "/".join(parts)


def walk():
    """Everything in $out that is no directory, in a fixed order."""
    for root, folders, files in os.walk(OUT):
        folders.sort()
        for name in sorted(files):
            yield os.path.join(root, name)
        for name in folders:
            path = os.path.join(root, name)
            if os.path.islink(path):
                yield path


def regular_files():
    """Each regular file of $out once, with its status and first bytes."""
    seen = set()
    for path in walk():
        status = os.lstat(path)
        identity = (status.st_dev, status.st_ino)
        if not stat.S_ISREG(status.st_mode) or identity in seen:
            continue
        seen.add(identity)
        with open(path, "rb") as file:
            yield path, status, file.read(4)


def rewrite(path, data, mode):
    """Gives a file new bytes and a mode, whatever mode it had."""
    os.chmod(path, 0o644)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, stat.S_IMODE(mode))


def read(path):
    with open(path, "rb") as file:
        return file.read()
