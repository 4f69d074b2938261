# SPDX-License-Identifier: Apache-2.0
"""Points every ELF file of $out at the loader and the libraries of the store."""

import os
import stat
import struct
import subprocess
import sys

from inputs import LIBRARIES, LOADER, NAME, OUT, canonical, fail, read, regular_files, rewrite, walk

MACHINE_X86_64 = 62
LOAD, DYNAMIC, INTERPRETER = 1, 2, 3
NEEDED, STRING_TABLE, STRING_SIZE, RPATH, RUNPATH = 1, 5, 10, 15, 29


class Elf:
    """The interpreter and the dynamic section of an x86-64 ELF file, or None from `Elf.read`."""

    def __init__(self, interpreter=None, needed=(), search_path="", is_dynamic=False):
        self.interpreter, self.needed, self.search_path = interpreter, list(needed), search_path
        self.is_dynamic = is_dynamic

    @staticmethod
    def read(path):
        with open(path, "rb") as file:
            head = file.read(64)
            if len(head) < 64 or head[:4] != b"\x7fELF" or head[4] != 2 or head[5] != 1:
                return None
            kind, machine = struct.unpack_from("<HH", head, 16)
            if machine != MACHINE_X86_64 or kind not in (2, 3):
                return None
            return Elf.read_dynamic(file, head)

    @staticmethod
    def read_dynamic(file, head):
        (table,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(table)
        headers = file.read(size * count)
        loads, dynamic, interpreter = [], None, None
        for index in range(count):
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", headers, index * size)
            if kind == LOAD:
                loads.append((address, offset, length))
            elif kind == DYNAMIC:
                dynamic = (offset, length)
            elif kind == INTERPRETER:
                file.seek(offset)
                interpreter = file.read(length).split(b"\0")[0].decode()
        if dynamic is None:
            return Elf(interpreter)
        file.seek(dynamic[0])
        tags = list(dynamic_tags(file.read(dynamic[1])))
        strings = string_table(file, tags, loads)
        if strings is None:
            return Elf(interpreter, is_dynamic=True)

        def text(offset):
            return strings[offset : strings.index(b"\0", offset)].decode()

        needed = [text(value) for tag, value in tags if tag == NEEDED]
        paths = [text(value) for wanted in (RUNPATH, RPATH) for tag, value in tags if tag == wanted]
        return Elf(interpreter, needed, paths[0] if paths else "", True)


def dynamic_tags(section):
    for offset in range(0, len(section) - 15, 16):
        tag, value = struct.unpack_from("<QQ", section, offset)
        if tag == 0:
            return
        yield tag, value


def string_table(file, tags, loads):
    values = dict(reversed(tags))
    address = values.get(STRING_TABLE)
    if address is None:
        return None
    for start, offset, length in loads:
        if start <= address < start + length:
            file.seek(offset + address - start)
            break
    return file.read(values.get(STRING_SIZE, 0))


class Libraries:
    """Finds the directory that provides a library: in $out, then in the dependencies, nearest first."""

    def __init__(self, deps):
        self.homes = list(deps.values())
        self.own, self.found, self.deep = {}, {}, {}
        for path in walk():
            name = os.path.basename(path)
            if ".so" in name and not os.path.isdir(path):
                self.own.setdefault(name, []).append(os.path.dirname(path))

    def directory(self, name, wanted):
        """`wanted`: the host's directories that the file itself names."""
        if name in self.own:
            directories = self.own[name]
            choices = [os.path.join(OUT, canonical(path)) for path in wanted] + [os.path.join(OUT, LIBRARIES)]
            return next((choice for choice in choices if choice in directories), directories[0])
        key = (name, tuple(wanted))
        if key not in self.found:
            self.found[key] = next(self.candidates(name, wanted), None)
        return self.found[key]

    def candidates(self, name, wanted):
        named = [os.path.join(home, canonical(path)) for path in wanted for home in self.homes]
        usual = [os.path.join(home, folder) for home in self.homes for folder in (LIBRARIES, "lib")]
        yield from (path for path in named + usual if os.path.exists(os.path.join(path, name)))
        yield from (self.below(home)[name] for home in self.homes if name in self.below(home))

    def below(self, home):
        """Libraries in folders of their own, such as those of one program's modules."""
        if home not in self.deep:
            index = {}
            for root, folders, files in os.walk(os.path.join(home, "lib")):
                folders.sort()
                for name in files:
                    if ".so" in name:
                        index.setdefault(name, root)
            self.deep[home] = index
        return self.deep[home]


def origin_directories(search_path, path):
    """The entries of a search path that are relative to the file and still mean something."""
    for entry in search_path.split(":"):
        if entry.startswith(("$ORIGIN", "${ORIGIN}")):
            here = os.path.dirname(path)
            directory = os.path.normpath(entry.replace("${ORIGIN}", here).replace("$ORIGIN", here))
            if os.path.isdir(directory) and directory.startswith(OUT):
                yield directory


def new_search_path(path, elf, libraries, missing):
    result = list(origin_directories(elf.search_path, path))
    wanted = [entry for entry in elf.search_path.split(":") if entry.startswith("/")]
    for name in elf.needed:
        directory = None if name == LOADER else libraries.directory(name, wanted)
        if directory is None and name != LOADER:
            missing.add((name, os.path.relpath(path, OUT)))
        elif directory is not None and directory not in result:
            result.append(directory)
    if NAME == "libc6" and os.path.basename(path) == "libc.so.6":
        return os.path.join(OUT, LIBRARIES)  # pthread_exit loads libgcc_s.so.1
    return ":".join(result)


def patch_elf_files(deps):
    libc = OUT if NAME == "libc6" else deps.get("libc6")
    libraries = Libraries(deps)
    jobs, missing = {}, set()
    for path, status, magic in regular_files():
        elf = Elf.read(path) if magic == b"\x7fELF" else None
        if elf is None or not elf.is_dynamic or not (elf.needed or elf.interpreter):
            continue
        if NAME == "libc6" and os.path.basename(path) == LOADER:
            continue
        search_path = new_search_path(path, elf, libraries, missing)
        interpreter = os.path.join(libc, LIBRARIES, LOADER) if elf.interpreter and libc else None
        jobs.setdefault((interpreter, search_path), []).append((path, status.st_mode))
    for (interpreter, search_path), files in sorted(jobs.items(), key=lambda job: job[1][0][0]):
        for start in range(0, len(files), 100):
            patch(files[start : start + 100], interpreter, search_path)
    for name, path in sorted(missing):
        print(f"{NAME}: no dependency provides {name} for {path}", file=sys.stderr)


def patch(files, interpreter, search_path):
    for path, _ in files:
        os.chmod(path, 0o644)
    command = ["patchelf", *(["--set-interpreter", interpreter] if interpreter else [])]
    command += ["--set-rpath", search_path] if search_path else ["--remove-rpath"]
    result = subprocess.run(command + [path for path, _ in files], stderr=subprocess.PIPE, text=True)
    if result.returncode:
        fail(f"patchelf fails on {[path for path, _ in files]}: {result.stderr}")
    for path, mode in files:
        os.chmod(path, stat.S_IMODE(mode))
        elf = Elf.read(path)
        if elf is None or elf.search_path != search_path or (interpreter and elf.interpreter != interpreter):
            fail(f"patchelf left {path} as it was")


def close_loader():
    """Makes the loader ignore the host: neither its cache nor its default directories are looked at."""
    path = os.path.join(OUT, LIBRARIES, LOADER)
    data = read(path)
    swaps = [
        (b"/etc/ld.so.cache\0", b"/nix/ld.so.cache\0"),
        (
            b"/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0",
            b"/nix/.no-default-libs/\0/nix/.no-default-usr-libs/\0/nix/\0/nix/.no/\0",
        ),
    ]
    for old, new in swaps:
        if len(old) != len(new) or data.count(old) not in (1, 2):
            fail(f"the loader does not hold {old!r} as expected")
        data = data.replace(old, new)
    rewrite(path, data, 0o755)
