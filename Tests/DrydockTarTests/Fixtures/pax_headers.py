# SPDX-License-Identifier: Apache-2.0
"""Writes what the standard library's tarfile writes before a member's content.

Each line of standard input describes a member in twelve words: type, name, link target, mode, uid, gid, size, mtime,
user name, group name, major and minor device number. Texts are hexadecimal with a leading dot. Each line of standard
output is the header in hexadecimal.
"""
import sys
import tarfile


def text(word):
    return bytes.fromhex(word[1:]).decode("utf-8", "surrogateescape")


for line in sys.stdin:
    words = line.split()
    member = tarfile.TarInfo(text(words[1]))
    member.type = words[0].encode()
    member.linkname = text(words[2])
    member.mode, member.uid, member.gid, member.size, member.mtime = map(int, words[3:8])
    member.uname, member.gname = text(words[8]), text(words[9])
    member.devmajor, member.devminor = int(words[10]), int(words[11])
    print(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape").hex())
