# SPDX-License-Identifier: Apache-2.0
"""Lists what the standard library's tarfile finds in the archive that the first argument names.

Each line is a member: type, name, link target, mode, uid, gid, size, mtime, user name, group name, offset of the
content, and the map of a sparse file. Texts are hexadecimal with a leading dot.
"""
import math
import sys
import tarfile


def text(value):
    return "." + value.encode("utf-8", "surrogateescape").hex()


TYPES = {b"\0": "0", b"7": "0", b"S": "0"}

with tarfile.open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as archive:
    for member in archive:
        # Python lets the stand-in's name win over the file's if the stand-in's is long; GNU tar does not.
        name = member.pax_headers.get("GNU.sparse.name", member.name)
        extents = ["%d+%d" % extent for extent in member.sparse or [] if extent[1]]
        print(
            TYPES.get(member.type, member.type.decode()), text(name), text(member.linkname), member.mode & 0o7777,
            member.uid, member.gid, member.size if member.isreg() else 0, math.floor(member.mtime),
            text(member.uname), text(member.gname), member.offset_data,
            ",".join(extents) if member.sparse is not None else "-",
        )
