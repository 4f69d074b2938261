# SPDX-License-Identifier: Apache-2.0
"""What is measured of images of Nix closures: one row for each program and product, over the same store paths."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess

import peers
import tree

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
REFERENCE = PROJECT / "Tests/DrydockTestSupport/Fixtures/reference_layer.py"

HASH = "Digests of all layers, nothing written"
ARCHIVE = "Uncompressed layers in a file, with their digests"
GZIP = "gzip layers, with their digests"
PLAN = "Plan"

# The package that the update changes; nothing else in the closure refers to it.
UPDATED = "hello"
PLANNED_PATHS = 2_000


class Place:
    """Where the benchmark works, and the closure before and after an update of one path."""

    def __init__(self, drydock, work, set_name):
        self.drydock, self.work, self.set_name = drydock, pathlib.Path(work), set_name
        self.output = self.work / "output"
        self.cache, self.filled_cache = self.work / "cache", self.work / "filled-cache"
        self.root = closure_root(set_name)
        self.updated_root = closure_root(set_name, "--bump", f"{UPDATED}=1")
        self.paths = requisites(self.root)
        self.file_count, self.byte_count = (sum(column) for column in zip(*map(tree.measured, self.paths)))
        self.spec = self.write_spec("image.json", self.root)
        self.updated_spec = self.write_spec("updated.json", self.updated_root)
        self.layers = self.planned_layers()

    def write_spec(self, name, root):
        file = self.work / name
        file.write_text(json.dumps({"name": "bench", "tag": "latest", "contents": [{"nix": root}]}))
        return file

    def command(self, *words):
        """A command line with a cache of its own."""
        return f"XDG_CACHE_HOME={self.cache} " + shlex.join([self.drydock, *map(str, words)])

    def planned_layers(self):
        """The store paths of each layer, in the order of Drydock's own plan: every program packs the same layers."""
        text = subprocess.run(
            [self.drydock, "plan", "--json", self.spec], check=True, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XDG_CACHE_HOME": str(self.cache)},
        ).stdout
        known = set(self.paths)
        layers = [[path for path in layer["paths"] if path in known] for layer in json.loads(text)["layers"]]
        layers = [layer for layer in layers if layer]
        (self.work / "layers.json").write_text(json.dumps(layers))
        return layers

    def fill_cache(self):
        """A cache in which the closure before the update is known; made at the first call."""
        if not self.filled_cache.exists():
            shutil.rmtree(self.cache, ignore_errors=True)
            subprocess.run(["sh", "-c", self.command("build", self.spec, "-o", f"{self.work}/first.tar")], check=True)
            os.unlink(self.work / "first.tar")
            self.cache.rename(self.filled_cache)
        shutil.copytree(self.filled_cache, self.cache)

    def staged_tree(self):
        """The closure below a directory, for programs that pack directories; hard links where that is possible."""
        top = self.work / "staged"
        if not top.exists():
            store = top / "nix/store"
            store.mkdir(parents=True)
            link = ["cp", "-a", "--link", *self.paths, store]
            if subprocess.run(link, capture_output=True).returncode != 0:
                shutil.rmtree(store)
                store.mkdir()
                subprocess.run(["cp", "-a", *self.paths, store], check=True)
        return top

    def references_graph(self):
        """A made-up closure of many paths, as Nix describes one to a build; each path refers to some before it."""
        file = self.work / "graph.json"
        names = [f"/nix/store/{number:032d}-made-up-{number}" for number in range(PLANNED_PATHS)]
        objects = []
        for number, name in enumerate(names):
            offsets = {1, 7 + number % 31, 1 + number * number % 997} if number else set()
            references = sorted({names[number - offset] for offset in offsets if offset <= number})
            size = 10_000 + number * 7919 % 5_000_000
            objects.append({"path": name, "narHash": f"sha256:{number:064x}", "narSize": size, "references": references})
        file.write_text(json.dumps({"graph": objects}))
        (self.work / "made-up.json").write_text(
            json.dumps({"name": "bench", "tag": "latest", "contents": [{"nix": names[-1]}]})
        )
        return file


def closure_root(*arguments):
    """The store path that refers to all of a set; it is made if it is not there."""
    command = [PROJECT / "scripts/closures", *arguments]
    return os.path.realpath(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def requisites(root):
    environment = os.environ | {"NIX_CONFIG": "build-users-group ="}
    command = ["nix-store", "--query", "--requisites", root]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout.split()


class Drydock(peers.Row):
    """A row of Drydock's; `cache` says what it knows beforehand: nothing, or the closure before the update."""

    cache = "empty"

    def prepare(self):
        super().prepare()
        shutil.rmtree(self.place.cache, ignore_errors=True)
        if self.cache == "filled":
            self.place.fill_cache()

    def clear(self):
        super().clear()
        shutil.rmtree(self.place.cache, ignore_errors=True)


def drydock_rows(place):
    output = place.output
    archive = f"docker-archive:{output}/image.tar"

    def row(label, group, words, **settings):
        return Drydock(place, label, group, place.command(*words), [place.drydock], **settings)

    graph = place.references_graph()
    build = ("build", place.spec, "-o")
    plan = ("plan", "--json", place.spec)
    made_up = ("plan", "--json", "--references-graph", graph, place.work / "made-up.json")
    nothing = {"has_output": False}
    return {
        "stream": Drydock(
            place, "drydock stream, cold", HASH, place.command("stream", place.spec) + " >/dev/null", [place.drydock],
            is_reference=True, **nothing,
        ),
        "verify": row("drydock cache verify", HASH, ("cache", "verify"), cache="filled", **nothing),
        "cold": row("drydock, cold", ARCHIVE, (*build, archive), is_reference=True),
        "warm": row("drydock, warm", ARCHIVE, (*build, archive), cache="filled"),
        "changed": row(
            "drydock, one path changed", ARCHIVE, ("build", place.updated_spec, "-o", archive), cache="filled"
        ),
        "gzip": row(
            "drydock, cold, OCI layout", GZIP, (*build, f"oci:{output}/layout:latest", "--compress", "gzip"),
            is_reference=True,
        ),
        "plan": row("drydock plan, cold", PLAN, plan, is_reference=True, **nothing),
        "warm plan": row("drydock plan, warm", PLAN, plan, cache="filled", **nothing),
        "made up": row(f"drydock plan, {PLANNED_PATHS:,} paths", PLAN, made_up, **nothing),
    }


def peer_rows(place):
    """dockerTools makes each layer twice, once for the digest and once for the archive; so does the reference's row."""
    output, staged, layers = place.output, place.staged_tree(), place.work / "layers.json"
    paths = " ".join(path.lstrip("/") for path in place.paths)
    tar = f"tar --sort=name --numeric-owner --format=pax --mtime=@1 -C / -cf - {paths}"
    reference = f"python3 {REFERENCE} --digests <{layers}"
    write = [f"python3 {REFERENCE} {' '.join(layer)} >{output}/{at}.tar" for at, layer in enumerate(place.layers)]
    umoci = (
        f"umoci init --layout {output}/layout; umoci new --image {output}/layout:latest; "
        f"umoci insert --image {output}/layout:latest {staged} /"
    )

    def row(label, group, command, *needs, **settings):
        return peers.Row(place, label, group, command, needs, **settings)

    limit = f"python3 {pathlib.Path(__file__).parent / 'hash_limit.py'} <{layers}"
    return {
        "limit": row("SHA-256 of the files, every processor", HASH, limit, "python3", has_output=False),
        "reference": row("reference_layer.py, every layer", HASH, reference, "python3", has_output=False),
        "tar": row("tar | sha256sum, one layer", HASH, f"{tar} | sha256sum", "tar", has_output=False),
        "reference file": row("reference_layer.py, digests then tars", ARCHIVE, "; ".join([reference, *write]), "python3"),
        "tar file": row("tar | sha256sum, one layer", ARCHIVE, f"{tar} | tee {output}/layer.tar | sha256sum", "tar"),
        "umoci": row("umoci init + new + insert, one layer", GZIP, umoci, "umoci", needs_root=True),
    }


def rows(place):
    """All rows by a short name, in the order of the table."""
    ours, theirs = drydock_rows(place), peer_rows(place)
    order = [
        "stream", "verify", "limit", "reference", "tar", "cold", "warm", "changed", "reference file", "tar file", "gzip", "umoci",
        "plan", "warm plan", "made up",
    ]
    both = ours | theirs
    return {name: both[name] for name in order}
