#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a root file system of Debian packages that this machine has installed, as a tar: make_root.py OUTPUT PACKAGE…

It holds the packages and all that they depend on, with dpkg's records of them, so that dpkg and apt work in it. Nothing is
fetched. Documentation and translations are left out.
"""

import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile

LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/", "/usr/share/lintian/")
RECORDS = pathlib.Path("/var/lib/dpkg")
FIELDS = r"${db:Status-Abbrev}\t${Package}\t${Architecture}\t${Provides}\t${Pre-Depends}, ${Depends}\n"


def installed():
    """Each installed package by its name and by what it provides: its own name, and the alternatives that it needs."""
    found = {}
    for line in subprocess.check_output(["dpkg-query", "-W", "-f", FIELDS], text=True).splitlines():
        state, name, architecture, provides, needs = line.split("\t")
        if not state.startswith("ii"):
            continue
        wanted = [[re.sub(r"[ (:].*", "", one.strip()) for one in group.split("|")] for group in needs.split(",")]
        for key in [name] + [re.sub(r"[ (].*", "", one.strip()) for one in provides.split(",")]:
            if key == name or key not in found:
                found[key] = (name, architecture, wanted)
    return found


def closure(roots):
    found, pending, chosen = installed(), list(roots), {}
    while pending:
        name, _, needs = package = found[pending.pop()]
        if name in chosen:
            continue
        chosen[name] = package
        pending += [next(one for one in group if one in found) for group in needs if any(one in found for one in group)]
    return chosen


def place(path):
    """Where a file is with links to directories followed: the archive has /usr/bin/bash, and /bin as a link."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


class Root:
    def __init__(self, output):
        self.tar, self.seen = tarfile.open(output, "w", format=tarfile.PAX_FORMAT), set()

    def add(self, path):
        path = place(path)
        if path in self.seen or path == "/" or path.startswith(LEFT_OUT) or not os.path.lexists(path):
            return
        self.add(os.path.dirname(path))
        self.seen.add(path)
        self.tar.add(path, arcname=path.lstrip("/"), recursive=False)

    def text(self, path, text, mode=0o644):
        entry = tarfile.TarInfo(path.lstrip("/"))
        data = text.encode()
        entry.size, entry.mode, entry.mtime = len(data), mode, 1
        self.tar.addfile(entry, io.BytesIO(data))

    def directory(self, path, mode=0o755):
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, mode, 1
        self.tar.addfile(entry)


def add_records(root, packages):
    names = set(packages)
    status = (RECORDS / "status").read_text().split("\n\n")
    own = [part for part in status if part.split("\n")[0].removeprefix("Package: ") in names]
    root.text("/var/lib/dpkg/status", "\n\n".join(own) + "\n")
    for file in sorted((RECORDS / "info").iterdir()):
        if file.name.split(".")[0].split(":")[0] in names or file.name.rsplit(".", 1)[0].split(":")[0] in names:
            root.add(str(file))
    triggers = (RECORDS / "triggers/File").read_text().splitlines()
    kept = [line for line in triggers if line.split(" ")[-1].split("/")[0].split(":")[0] in names]
    root.text("/var/lib/dpkg/triggers/File", "\n".join(kept) + "\n")
    root.text("/var/lib/dpkg/triggers/Unincorp", "")
    root.text("/var/lib/dpkg/diversions", "")
    root.text("/var/lib/dpkg/statoverride", "")
    root.directory("/var/lib/dpkg/updates")
    root.text("/etc/dpkg/dpkg.cfg.d/unsynced", "force-unsafe-io\n")


def main():
    root, packages = Root(sys.argv[1]), closure(sys.argv[2:])
    for name, (_, architecture, _) in sorted(packages.items()):
        same = name if architecture == "all" else f"{name}:{architecture}"
        for path in subprocess.check_output(["dpkg-query", "-L", same], text=True).splitlines():
            if path.startswith("/"):
                root.add(path)
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]:
        if os.path.islink(f"/{name}"):
            root.tar.add(f"/{name}", arcname=name)
    for name in ["/etc/alternatives", "/etc/ld.so.cache"]:
        root.add(name)
    if os.path.isdir("/etc/alternatives"):
        for file in sorted(os.listdir("/etc/alternatives")):
            if os.path.realpath(f"/etc/alternatives/{file}") in root.seen:
                root.add(f"/etc/alternatives/{file}")
                # The link to it, in the directory that its name stands for, is known to the records only.
                root.add(f"/usr/bin/{file}")
    add_records(root, packages)
    root.tar.close()


if __name__ == "__main__":
    main()
