# SPDX-License-Identifier: Apache-2.0
"""What nix-build takes, and what it adds to the store: images of the Nix library and of an equivalent expression."""

import hashlib
import os
import pathlib
import shlex
import shutil
import subprocess
import uuid

import peers

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
EXPRESSION = pathlib.Path(__file__).resolve().parent / "nix_build.nix"

ARCHIVE = "Archive, uncompressed, in the store, by nix-build"
GZIP = "Archive.gz in the store, by nix-build, as dockerTools makes it by default"
STREAM = "Stream: nix-build, and the archive goes to a pipe"
DESCRIPTION = "Description and nothing else in the store, by nix-build"


class NixBuild(peers.Row):
    """A row whose output is what the store has more after it: built in Nix' sandbox, and deleted afterwards."""

    needs_root = True
    needs = ("nix-build", "nix-store", "ldd")
    streams = False

    def __init__(self, place, label, group, attribute, **settings):
        super().__init__(place, label, group, "", self.needs, **settings)
        self.attribute = attribute
        self.added = []

    def prepare(self):
        super().prepare()
        shutil.rmtree(self.place.cache, ignore_errors=True)
        self.salt = uuid.uuid4().hex
        self.before = set(os.listdir("/nix/store"))

    def environment(self):
        return f"NIX_CONFIG={shlex.quote(settings(self.place.drydock))} XDG_CACHE_HOME={self.place.cache}"

    def words(self, program):
        lock_file = PROJECT / f".build/closures/{self.place.set_name}.lock.json"
        arguments = {
            "lockFile": lock_file, "packages": PROJECT / ".build/closures/packages", "program": self.place.drydock,
            "digest": digest(self.place.drydock), "contents": self.place.root, "salt": self.salt,
            "size": self.place.byte_count,
        }
        words = [program, EXPRESSION, "--attr", self.attribute]
        return words + [word for key, value in arguments.items() for word in ("--argstr", key, value)]

    def script(self):
        build = f"{self.environment()} {shlex.join(map(str, self.words('nix-build')))} --no-out-link --quiet"
        return f"{self.environment()} $({build}) >/dev/null" if self.streams else build

    def output_size(self):
        """The NARs of all that Nix has put into the store for it, derivations included."""
        derivation = self.nix(*self.words("nix-instantiate"), "--quiet").split("!")[0]
        known = self.nix("nix-store", "--query", "--requisites", "--include-outputs", derivation).split()
        self.added = [path for path in known if os.path.basename(path) not in self.before]
        return sum(map(int, self.nix("nix-store", "--query", "--size", *self.added).split()))

    def nix(self, *command):
        environment = os.environ | {"NIX_CONFIG": settings(self.place.drydock)}
        return subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        ).stdout.strip()

    def clear(self):
        super().clear()
        if self.added:
            self.nix("nix-store", "--delete", *self.added)
            self.added = []


def settings(drydock):
    """The sandbox is on, and shows of this machine only what the command itself needs."""
    libraries = subprocess.run(["ldd", drydock], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    shown = {"/lib", "/lib64", "/usr/lib", os.path.dirname(drydock)}
    shown |= {os.path.dirname(word) for word in libraries if word.startswith("/")}
    return "\n".join([
        "build-users-group =", "substituters =", "sandbox = true", "sandbox-fallback = false",
        f"sandbox-paths = {' '.join(sorted(shown))}",
    ])


def digest(program):
    # Not read as a whole: what this process holds would count as every row's own.
    with open(program, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows(place):
    """All rows by a short name, in the order of the table."""

    def row(label, group, attribute, **settings):
        return NixBuild(place, label, group, attribute, **settings)

    return {
        "nix archive": row("drydock buildLayeredImage", ARCHIVE, "archive", is_reference=True),
        "nix reference archive": row("Python reference", ARCHIVE, "reference.archive"),
        "nix floor": row("zeros of that size, and nothing else", ARCHIVE, "floor"),
        "nix gzip": row("drydock buildLayeredImage", GZIP, "gzip", is_reference=True),
        "nix reference gzip": row("Python reference, pigz", GZIP, "reference.gzip"),
        "nix streamed": row("drydock streamLayeredImage", STREAM, "stream", is_reference=True, streams=True),
        "nix reference streamed": row("Python reference", STREAM, "reference.stream", streams=True),
        "nix image": row("drydock image", DESCRIPTION, "image", is_reference=True),
        "nix stream": row("drydock streamLayeredImage", DESCRIPTION, "stream"),
        "nix reference stream": row("Python reference's script", DESCRIPTION, "reference.stream"),
    }
