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


SEEDS = {
    "tar": tars,
    "nar": nars,
    "narinfo": narinfos,
    "manifest": manifests,
    "index": indexes,
    "configuration": configurations,
    "json": values,
    "reference": references,
}

if __name__ == "__main__":
    target, directory = sys.argv[1:]
    for number, seed in enumerate(SEEDS[target]()):
        with open(os.path.join(directory, f"seed-{number}"), "wb") as file:
            file.write(seed)
