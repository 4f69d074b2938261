# SPDX-License-Identifier: Apache-2.0
"""Unpacks Debian packages and moves the host's hierarchy into one prefix: /usr is merged, links follow."""

import os
import subprocess

from inputs import OUT, canonical, fail, read, walk

LEFT_OUT = """
./usr/share/doc ./usr/share/man ./usr/share/info ./usr/share/lintian ./usr/share/bug ./usr/share/doc-base
./usr/share/apport ./usr/share/menu ./usr/share/gdb/auto-load ./usr/lib/debug ./usr/share/python3/runtime.d
./usr/share/initramfs-tools ./etc/init.d ./etc/default ./etc/cron.* ./etc/logrotate.d ./etc/pam.d ./etc/init ./etc/ufw
./etc/apparmor.d ./lib/systemd ./usr/lib/systemd ./lib/udev ./usr/lib/udev ./usr/lib/tmpfiles.d ./usr/lib/sysusers.d
./var ./run ./tmp ./dev ./proc ./sys
""".split()

MERGED = (
    "usr/bin", "usr/sbin", "usr/games", "bin", "sbin", "usr/lib64", "usr/lib", "lib64", "lib", "usr",
)


def unpack(package, into):
    tar = [
        "tar", "-x", "-f", "-", "-C", into, "--no-same-owner", "--no-same-permissions", "--anchored", "--wildcards",
        *("--exclude=" + pattern for pattern in LEFT_OUT),
    ]
    archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
    result = subprocess.run(tar, stdin=archive.stdout)
    archive.stdout.close()
    if archive.wait() or result.returncode:
        fail(f"cannot unpack {package}")


def is_real_directory(path):
    return os.path.isdir(path) and not os.path.islink(path)


def merge(source, target):
    """Moves the content of one directory into another, directory by directory."""
    for name in sorted(os.listdir(source)):
        old, new = os.path.join(source, name), os.path.join(target, name)
        if not os.path.lexists(new):
            os.rename(old, new)
        elif is_real_directory(old) and is_real_directory(new):
            merge(old, new)
            os.rmdir(old)
        elif os.path.islink(old):
            os.unlink(old)  # left from before the merge of /usr
        elif os.path.islink(new):
            os.unlink(new)
            os.rename(old, new)
        elif os.path.isfile(old) and os.path.isfile(new) and read(old) == read(new):
            os.unlink(old)
        else:
            fail(f"{new} comes twice")


def identity(path):
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def lay_out(tree):
    """Moves an unpacked tree into $out, and returns where each link lay before."""
    origins = {}
    for root, folders, files in os.walk(tree):
        for name in folders + files:
            path = os.path.join(root, name)
            if os.path.islink(path):
                origins[identity(path)] = os.path.relpath(path, tree)
            elif os.path.isdir(path):
                os.chmod(path, 0o755)
    for top in MERGED:
        source = os.path.join(tree, top)
        if is_real_directory(source):
            target = os.path.join(OUT, canonical("/" + top))
            os.makedirs(target, exist_ok=True)
            merge(source, target)
            os.rmdir(source)
    merge(tree, OUT)
    os.rmdir(tree)
    return origins


def fix_links(origins, deps):
    """Points links at where their targets are now: in $out, or in a dependency."""
    for path in list(walk()):
        origin = origins.get(identity(path)) if os.path.islink(path) else None
        if origin is not None:
            fix_link(path, origin, deps)


def fix_link(path, origin, deps):
    target = os.readlink(path)
    absolute = os.path.normpath(os.path.join("/", os.path.dirname(origin), target))
    relative = canonical(absolute)
    inside = os.path.join(OUT, relative)
    if inside == path:
        os.unlink(path)  # the link of a merged /usr that now means itself
        return
    if os.path.lexists(inside):
        new = os.path.relpath(inside, os.path.dirname(path))
    else:
        candidates = (os.path.join(home, relative) for home in deps.values())
        new = next((candidate for candidate in candidates if os.path.lexists(candidate)), None)
    if new is None:
        if absolute.startswith(("/etc/alternatives/", "/usr/", "/lib", "/bin/", "/sbin/")):
            os.unlink(path)  # it would dangle, outside of the store
    elif new != target:
        os.unlink(path)
        os.symlink(new, path)


def prune_empty(top):
    for root, _, _ in os.walk(top, topdown=False):
        if root != top and not os.listdir(root):
            os.rmdir(root)
