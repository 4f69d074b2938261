#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sources of every kind and a spec that uses them all: make_everything.py DIRECTORY

The spec is DIRECTORY/spec.json. Needs root, for devices and capabilities. Standard library, and GNU tar with zstd.

Two things are left out because peers cannot take them: attributes with an empty value (Go's reader of archives takes an
empty record for the removal of one) and times after 2262 (umoci counts nanoseconds in 64 bits).
"""

import io
import json
import os
import subprocess
import sys
import tarfile

# The value of security.capability for cap_net_bind_service=ep: linux/capability.h, struct vfs_cap_data, revision 2.
NET_BIND_SERVICE = bytes.fromhex("010000020004000000000000" + "00" * 8)


def write(path, data=b"", mode=0o644):
    path = os.fsencode(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    return path


def directory(path, mode=0o755):
    os.makedirs(path)
    os.chmod(path, mode)
    return path


def make_packages(top):
    """What `contents` takes from a directory."""
    directory(top)
    tool = write(top + "/bin/tool", b"#!/bin/sh\necho tool\n", 0o4755)
    os.makedirs(top + "/bin/a")
    os.link(tool, top + "/bin/a/first")
    os.link(tool, top + "/bin/zz")
    capable = write(top + "/bin/capable", b"\x7fELF not really", 0o755)
    os.setxattr(capable, "security.capability", NET_BIND_SERVICE)
    attributed = write(top + "/etc/attributed", b"attributed\n")
    os.setxattr(attributed, "user.comment", b"line\nand \0 zero and \xff")
    os.setxattr(attributed, "user.b" + "x" * 200, b"long name")
    os.setxattr(directory(top + "/etc/folder"), "user.on-folder", b"yes")
    write(top + "/etc/motd", b"from the directory\n")
    write(top + "/etc/secret", b"secret\n", 0o000)
    write(top + "/etc/empty")
    directory(top + "/srv")
    directory(top + "/srv/sticky", 0o1777)
    directory(top + "/srv/setgid", 0o2750)
    os.mkfifo(top + "/srv/pipe")
    os.chmod(top + "/srv/pipe", 0o620)
    os.mknod(top + "/srv/null", 0o20666, os.makedev(1, 3))
    os.chmod(top + "/srv/null", 0o666)
    make_links(top)
    make_names(top)
    make_sparse(top + "/var/sparse")


def make_links(top):
    directory(top + "/usr")
    write(top + "/usr/lib/one", b"one\n")
    os.symlink("usr/lib", top + "/lib")
    os.symlink("/bin/tool", top + "/absolute")
    os.symlink("../nowhere", top + "/dangling")
    os.symlink(b"caf\xe9/" + b"t" * 150, os.fsencode(top) + b"/long target")


def make_names(top):
    raw = os.fsencode(top) + b"/names"
    for name in (b"caf\xe9", "caf\u00e9".encode(), b"\xff\xfe", b" space ", b"-dash", b"back\\slash", b"new\nline", b"x" * 255):
        write(raw + b"/" + name, name)
    write(raw + b"/\xfe/below", b"below\n")
    write(raw + b"/a-b", b"")
    write(raw + b"/a/b", b"")
    write(raw + b"/a.b", b"")
    # A path of 300 bytes, one whose parts fit into ustar's prefix and name, and the boundary of 100.
    write(raw + b"/" + b"/".join([b"p" * 58] * 5), b"300\n")
    for length in (99, 100, 101):
        write(raw + b"/" + b"n" * (length - len(b"names/")), b"%d\n" % length)
    os.link(raw + b"/" + b"/".join([b"p" * 58] * 5), raw + b"/zlink")
    write(top + "/deep/" + "/".join(f"level{number}" for number in range(1, 9)) + "/leaf", b"leaf\n")


def make_sparse(path):
    size = 9 << 20
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(b"start")
        file.seek(size // 2)
        file.write(b"middle")
        file.seek(size - 3)
        file.write(b"end")
    os.chmod(path, 0o640)


def make_archive(path):
    """What only an archive can say: owners of its own, devices, records of PAX."""
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape") as tar:

        def add(name, kind=tarfile.REGTYPE, data=b"", **fields):
            member = tarfile.TarInfo("top/" + name)
            member.type, member.size, member.mtime, member.mode = kind, len(data), 1234567890, 0o644
            for key, value in fields.items():
                setattr(member, key, value)
            tar.addfile(member, io.BytesIO(data))

        add("dev", tarfile.DIRTYPE, mode=0o755)
        add("dev/zero", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=5)
        add("dev/loop0", tarfile.BLKTYPE, mode=0o660, gid=6, devmajor=7, devminor=0)
        add("dev/big", tarfile.CHRTYPE, mode=0o600, devmajor=300, devminor=70000)
        add("dev/pipe", tarfile.FIFOTYPE, mode=0o600)
        add("home", tarfile.DIRTYPE, mode=0o3775, uid=3_000_000, gid=4_000_000_000)
        add("home/file", data=b"of a big owner\n", mode=0o6711, uid=3_000_000, gid=2_097_152, uname="big", gname="\u00fcser")
        add("home/link", tarfile.LNKTYPE, linkname="top/home/file", mode=0o644)
        add("home/name-\udce9", data=b"not UTF-8\n", uid=2_097_151)
        add("home/pointer", tarfile.SYMTYPE, linkname="file", mode=0o777, uid=77)
        attributes = {"SCHILY.xattr.user.from": "archive", "SCHILY.xattr.trusted.host": "not portable"}
        add("home/attributes", data=b"a", pax_headers=attributes)
        add("implied/parent/file", data=b"parents that no member mentions\n")


def make_sparse_archive(path, sparse_format, *compression):
    """The sparse file as GNU tar writes it: with a map of its data, and without its holes."""
    owner = ["--owner=someone:1001", "--group=some:1002", "--mode=0604"]
    form = ["--sparse", "--format=" + sparse_format, *compression]
    subprocess.run(["tar", "-c", "-f", path, *form, *owner, "-C", os.path.dirname(path) + "/packages", "var"], check=True)


def make_overlay(top):
    """What `copyToRoot` puts over the rest."""
    write(top + "/etc/motd", b"from the overlay\n", 0o640)
    write(top + "/lib/two", b"lands in usr/lib\n")
    write(top + "/opt/home/file", b"replaced, so its link stands alone\n")
    write(top + "/var/real/first", b"first\n")
    os.symlink("real", top + "/var/kept")
    os.symlink("kept", top + "/var/chain")
    os.symlink("/var/nowhere", top + "/var/replaced")


def make_second_overlay(top):
    """A tree whose directories meet links of the first."""
    write(top + "/var/kept/second", b"lands in var/real\n")
    write(top + "/var/chain/third", b"lands there, too\n")
    write(top + "/var/replaced/alone", b"in the place of the link\n")


FILES = [
    {"path": "/data", "directory": True, "owner": "999:999", "mode": "0750"},
    {"path": "/tmp", "directory": True, "mode": "1777"},
    {"path": "/etc/motd.d/text", "text": "h\u00e9llo\n", "mode": "0444", "mtime": "2011-12-13T14:15:16Z"},
    {"path": "/etc/new", "text": "after 2242\n", "mtime": "2250-01-01T00:00:00Z"},
    {"path": "/etc/nobody", "text": "", "owner": "4294967294:4294967294", "mode": "0600"},
    {"path": "/usr/bin/capable", "source": "plain", "mode": "6755", "xattrs": {"security.capability": "cap_net_raw=ep"}},
    {"path": "/usr/bin/plain", "source": "plain"},
    {"path": "/usr/bin/link", "symlink": "../../bin/tool", "owner": "5:6"},
    {"path": "/etc/hex", "text": "x", "xattrs": {"user.hex": {"hex": "00ff0a"}, "user.text": "value"}},
]


def main(top):
    os.umask(0o022)
    make_packages(top + "/packages")
    make_archive(top + "/archive.tar.gz")
    make_sparse_archive(top + "/gnu.tar.zst", "gnu", "--zstd")
    make_sparse_archive(top + "/pax.tar", "posix")
    make_overlay(top + "/overlay")
    make_second_overlay(top + "/second-overlay")
    write(top + "/plain", b"plain\n" * 1000, 0o700)
    spec = {
        "name": "everything",
        "tag": "v1",
        "contents": [
            {"directory": "packages"},
            {"archive": "archive.tar.gz", "at": "/opt", "strip": 1},
            {"archive": "gnu.tar.zst", "at": "/gnu"},
            {"archive": "pax.tar", "at": "/pax/in/depth"},
        ],
        "copyToRoot": ["overlay", "second-overlay"],
        "keepContentsDirlinks": True,
        "files": FILES,
        "uid": 2_200_000,
        "gid": 12,
        "mtime": "2001-02-03T04:05:06Z",
        "config": {"Cmd": ["/bin/tool"]},
    }
    with open(top + "/spec.json", "w") as file:
        json.dump(spec, file, indent=1)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
