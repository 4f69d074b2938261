#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layers that dockerTools.streamLayeredImage makes, from what it really makes of an image on the way.

    docker_tools_layers.py <request.json

The request is {"contents": [PATH…], "config": {…}, "directories": [NAME…], "limits": [LAYERS…]}. Prints, as JSON, a list
of layers for each limit: "sizeFirst" as they are by default, with base.json and the customisation layer in the graph;
"closureAlone" as they would be without those; "popularity" by the pipeline popularity_contest, limit_layers. Both files
are made here as dockerTools makes them: a farm of links, packed by GNU tar and measured by nix-store --dump, and what
they refer to are the hash parts in their bytes.
"""

import collections
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile


def text(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def nar_size(path):
    return len(subprocess.run(["nix-store", "--dump", path], check=True, stdout=subprocess.PIPE).stdout)


def farm(contents, directories, top):
    """Directories of the packages, with a link for each file; links inside packages are made again as they are."""
    for package in contents:
        for folder, names, files in os.walk(package):
            here = top / os.path.relpath(folder, package)
            here.mkdir(parents=True, exist_ok=True)
            for name in [*files, *(name for name in names if os.path.islink(f"{folder}/{name}"))]:
                source = f"{folder}/{name}"
                if not os.path.lexists(here / name):
                    os.symlink(os.readlink(source) if os.path.islink(source) else source, here / name)
    for name in directories:
        (top / name).mkdir(parents=True, exist_ok=True)


def customisation_layer(request, work):
    top, layer = work / "farm", work / "layer"
    top.mkdir()
    layer.mkdir()
    farm(request["contents"], request["directories"], top)
    tar = ["tar", "--sort", "name", "--numeric-owner", "--mtime", "@315532800", "--hard-dereference"]
    subprocess.run([*tar, "-cf", layer / "layer.tar", "."], check=True, cwd=top)
    data = (layer / "layer.tar").read_bytes()
    (layer / "checksum").write_text(hashlib.sha256(data).hexdigest() + "\n")
    return nar_size(layer), data


def base_json(request, work):
    value = {"architecture": "amd64", "config": request["config"], "os": "linux"}
    data = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    (work / "base.json").write_bytes(data)
    return nar_size(work / "base.json"), data


def graph(request, work):
    """Size and references of each path of the closure, in the order of the paths, then of the two files."""
    files = {"base.json": base_json(request, work), "customisation-layer": customisation_layer(request, work)}
    everything = os.listdir("/nix/store")
    mentioned = {
        name: [f"/nix/store/{entry}" for entry in everything if entry[:32].encode() in data and entry[32] == "-"]
        for name, (_, data) in files.items()
    }
    roots = sorted({path for paths in mentioned.values() for path in paths})
    known = json.loads(text("nix", "path-info", "--json", "--recursive", *roots))
    nodes = {path["path"]: (path["narSize"], set(path["references"])) for path in sorted(known, key=lambda each: each["path"])}
    return nodes, {name: (size, set(mentioned[name])) for name, (size, _) in files.items()}


def closures(nodes):
    below = {}
    for path in nodes:
        found, rest = set(), [path]
        while rest:
            for reference in nodes[rest.pop()][1] - found:
                found.add(reference)
                rest.append(reference)
        below[path] = found - {path}
    return below


def popularity(nodes):
    """For each path: one for each way from a root to it, and one more for each list that hands its score up."""
    references = {path: sorted(found - {path}) for path, (_, found) in nodes.items()}
    known = {}

    def scores(path):
        if path not in known:
            known[path] = summed(references[path])
        return known[path]

    def summed(children):
        total = collections.Counter()
        for child in children:
            total[child] += 1
            for path, score in scores(child).items():
                total[path] += score + 1
        return total

    return summed(sorted(set(nodes).difference(*references.values())))


def most_popular_first(nodes, limit):
    score = popularity(nodes)

    def name(path):
        first, *rest = path.split("-")
        return "-".join([*rest, first])

    order = sorted(nodes, key=lambda path: (-score[path], name(path)))
    groups = [[path] for path in order[: limit - 1]] + [order[limit - 1 :]]
    return [group for group in groups if group]


def size_first(nodes, ignored, limit):
    below = closures(nodes)
    above = {path: {other for other in nodes if path in below[other]} for path in nodes}
    order = sorted(nodes, key=lambda path: nodes[path][0])
    owners = {path: frozenset() for path in nodes}
    while order:
        taken = order.pop()
        state = dict(owners)
        state[taken] = frozenset([taken])
        for path in below[taken]:
            left = state[path] - above[taken]
            state[path] = left if left & below[taken] else left | {taken}
        if len(set(state.values())) > limit:
            break
        owners = state
    groups = {}
    for path, owner in owners.items():
        groups.setdefault(owner, set()).add(path)

    def closure_size(group):
        return sum(nodes[path][0] for path in group.union(*(below[path] for path in group)))

    def name(path):
        head, _, rest = path.partition("-")
        return rest, head

    kept = [sorted(group - ignored, key=name) for group in sorted(groups.values(), key=closure_size)]
    return [group for group in kept if group]


def main():
    request = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as work:
        nodes, files = graph(request, pathlib.Path(work))
    limits = request["limits"]
    results = {
        "sizeFirst": [size_first(nodes | files, set(files), limit) for limit in limits],
        "closureAlone": [size_first(nodes, set(), limit) for limit in limits],
        "popularity": [most_popular_first(nodes, limit) for limit in limits],
    }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
