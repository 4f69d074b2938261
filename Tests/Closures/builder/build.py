# SPDX-License-Identifier: Apache-2.0
"""The builder of every derivation: unpacks Debian packages into $out as one store path that runs on its own.

With `mode` = `farm`, $out is a directory of links instead, so that one path refers to many.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from elf import close_loader, patch_elf_files
from inputs import NAME, OUT, dependencies, recipe
from scripts import apply_recipe, patch_scripts, wrap_for_modules
from unpack import fix_links, lay_out, prune_empty, unpack


def write_support_file(name, text):
    """A file below nix-support: a reason to differ, or references that Nix is to keep."""
    if text:
        folder = os.path.join(OUT, "nix-support")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "w") as file:
            file.write(text + "\n")


def build_package():
    deps, steps = dependencies(), recipe()
    os.umask(0o022)
    tree = os.path.join(OUT, ".unpacked")
    os.makedirs(tree)
    for package in os.environ["srcs"].split():
        unpack(package, tree)
    origins = lay_out(tree)
    prune_empty(OUT)
    fix_links(origins, deps)
    if NAME == "libc6":
        close_loader()
    patch_elf_files(deps)
    found = patch_scripts(deps)
    wrap_for_modules(found, ["bin", *steps.get("wrapScriptsIn", [])], deps)
    apply_recipe(steps, deps)
    write_support_file("bump", os.environ.get("bump", ""))
    write_support_file("propagated-build-inputs", os.environ.get("keepDepends", ""))
    prune_empty(OUT)


def build_farm():
    os.mkdir(OUT)
    for name, path in dependencies().items():
        os.symlink(path, os.path.join(OUT, name))


if os.environ.get("mode") == "farm":
    build_farm()
else:
    build_package()
