# SPDX-License-Identifier: Apache-2.0
"""seeds.py TARGET DIRECTORY: writes sound inputs for `scripts/fuzz`, which the fuzzer changes."""

import io
import json
import os
import sys
import tarfile

DIGEST = "sha256:" + "0123456789abcdef" * 4
STORE_NAME = "0123456789abcdfghijklmnpqrsvwxyz-hello-2.12"
NIX_HASH = "sha256:094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic"


def tars():
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=form) as archive:
            for number, kind in enumerate([tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]):
                long = form != tarfile.USTAR_FORMAT and number % 2
                member = tarfile.TarInfo(("d/" * 60 if long else "") + f"member{number}")
                member.type = kind
                member.linkname = "member1" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
                member.size = 9 if kind == tarfile.REGTYPE else 0
                if form == tarfile.PAX_FORMAT:
                    member.pax_headers = {"SCHILY.xattr.user.a": "b", "mtime": "1.5"}
                archive.addfile(member, io.BytesIO(b"some text"))
        yield file.getvalue()


def nar(*strings):
    parts = []
    for string in ("nix-archive-1",) + strings:
        text = string.encode()
        parts.append(len(text).to_bytes(8, "little") + text + bytes(-len(text) % 8))
    return b"".join(parts)


def nars():
    yield nar("(", "type", "regular", "executable", "", "contents", "some text", ")")
    yield nar("(", "type", "symlink", "target", "/nix/store/x", ")")
    entry = ["entry", "(", "name", "a", "node", "(", "type", "regular", "contents", "", ")", ")"]
    yield nar("(", "type", "directory", *entry, ")")


def narinfos():
    yield (
        f"StorePath: /nix/store/{STORE_NAME}\nURL: nar/x.nar.xz\nCompression: xz\nFileHash: {NIX_HASH}\nFileSize: 50\n"
        f"NarHash: {NIX_HASH}\nNarSize: 226560\nReferences: {STORE_NAME}\nDeriver: {STORE_NAME}.drv\nSig: a-1:aaaa==\n"
    ).encode()


def descriptor(media_type):
    return {"mediaType": media_type, "digest": DIGEST, "size": 12, "annotations": {"a": "b"}}


def manifests():
    kind = "application/vnd.oci.image."
    layers = [descriptor(kind + "layer.v1.tar+gzip")]
    document = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": descriptor(kind + "config.v1+json")}
    yield json.dumps(dict(document, layers=layers, annotations={"c": "d"}, other=[1, 2.5, None])).encode()


def indexes():
    entry = dict(descriptor("application/vnd.oci.image.manifest.v1+json"), platform={"os": "linux", "architecture": "arm", "variant": "v7"})
    yield json.dumps({"schemaVersion": 2, "manifests": [entry], "annotations": {"a": "b"}}).encode()


def configurations():
    config = {"Env": ["A=b"], "Cmd": ["x"], "ExposedPorts": {"80/tcp": {}}, "Healthcheck": {"Test": ["CMD"], "Interval": 1}}
    history = [{"created": "1970-01-01T00:00:01Z", "created_by": "x", "empty_layer": True}]
    document = {"os": "linux", "architecture": "amd64", "config": config, "history": history}
    yield json.dumps(dict(document, rootfs={"type": "layers", "diff_ids": [DIGEST]})).encode()


def values():
    yield rb'{"a":[1,-2,3.5e10,true,false,null,"\u00e9\ud83d\ude00\n"],"b":{"":{}}}'


def references():
    for text in ("redis", "redis:8", "example.com:5000/a/b:c", f"a@{DIGEST}", f"localhost/a:b@{DIGEST}", "[::1]:80/a"):
        yield text.encode()


def elf(wide=True, order="little", interpreter="", strings=(), flags=0):
    """A program that is one loadable segment at address 0; `strings` are pairs of tag and text."""
    def number(value, size):
        return value.to_bytes(size, order)

    def word(value):
        return number(value, 8 if wide else 4)

    def segment(kind, offset, size):
        head = number(kind, 4) + (number(4, 4) if wide else b"")
        return head + word(offset) * 3 + word(size) * 2 + (b"" if wide else number(4, 4)) + word(1)

    header, entry = (64, 56) if wide else (52, 32)
    name = interpreter.encode() + b"\0" if interpreter else b""
    start = header + (3 if name else 2) * entry
    table, entries = b"\0", []
    for tag, text in strings:
        entries.append((tag, len(table)))
        table += text.encode() + b"\0"
    section = start + len(name)
    place = section + (len(entries) + 4) * (16 if wide else 8)
    entries += [(5, place), (10, len(table)), (0x6FFFFFFB, flags), (0, 0)]
    dynamic = b"".join(word(tag) + word(value) for tag, value in entries)
    total = place + len(table)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "little" else 2, 1]) + bytes(9)
    machine = 62 if wide else 3
    fields = number(3, 2) + number(machine, 2) + number(1, 4) + word(0) + word(header) + word(0) + number(0, 4)
    sizes = number(header, 2) + number(entry, 2) + number(3 if name else 2, 2) + bytes(6)
    segments = segment(1, 0, total) + segment(2, section, len(dynamic))
    if name:
        segments += segment(3, start, len(name))
    return ident + fields + sizes + segments + name + dynamic + table


def elves():
    needs = [(1, "libx.so"), (15, "$ORIGIN/lib"), (0x7FFFFFFD, "libx.so")]
    yield elf(interpreter="/lib64/ld-linux-x86-64.so.2", strings=needs)
    yield elf(interpreter="/lib/ld-musl-x86_64.so.1", strings=[(1, "libx.so"), (29, "/lib:${LIB}/$PLATFORM"), (14, "libx.so")])
    yield elf(wide=False, strings=needs, flags=0x800)
    yield elf(wide=False, order="big", interpreter="/lib64/ld-linux-x86-64.so.2")
    yield b"#!/program an argument\n"
    yield b"#! /usr/bin/env -S program x\n"


def specs():
    yield b"""# An image.
name: example.com/team/app
tag: '1'
fromImage: docker://redis:8@%s
contents:
  - executable: /usr/bin/x
    at: /app/x
    dlopen: [/usr/lib/*/libnss_files.so.2]
  - { directory: ./d, at: /srv, include: ['*.txt'], mode: '0644' }
  - nix: [/nix/store/%s]
copyToRoot: [a, "b\\u00e9"]
files:
  - { path: /etc/motd, text: "line\\n", mode: 0o644, uid: 1 }
  - path: /run
    directory: true
  - path: /text
    text: |
      several
        lines
config:
  Env: [A=b, "C=1"]
  Cmd: [x, --y]
  ExposedPorts: [80/tcp, 443]
  Healthcheck: { Test: [CMD, x], Interval: 30s }
  Labels: {}
  User: null
created: 2020-01-01T00:00:00Z
mtime: 1
maxLayers: 100
layering: { strategy: popularity }
""" % (DIGEST.encode(), STORE_NAME.encode())
    document = {"name": "app", "contents": [{"executable": "/bin/x"}], "files": [{"path": "/a", "text": "\u00e9\ud83d\ude00"}]}
    yield json.dumps(dict(document, config={"Env": ["A=b"], "Cmd": None}, maxLayers=5, squash=True)).encode()
    yield json.dumps({"name": "a", "layeringPipeline": [["popularity_contest"], ["limit_layers", 3]]}, indent=2).encode()


SEEDS = {
    "tar": tars,
    "nar": nars,
    "narinfo": narinfos,
    "manifest": manifests,
    "index": indexes,
    "configuration": configurations,
    "json": values,
    "reference": references,
    "elf": elves,
    "spec": specs,
}

if __name__ == "__main__":
    target, directory = sys.argv[1:]
    for number, seed in enumerate(SEEDS[target]()):
        with open(os.path.join(directory, f"seed-{number}"), "wb") as file:
            file.write(seed)
