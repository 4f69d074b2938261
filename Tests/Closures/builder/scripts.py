# SPDX-License-Identifier: Apache-2.0
"""Rewrites scripts to the store, wraps programs that have paths compiled in, and applies a package's recipe."""

import glob
import os
import re
import subprocess

from inputs import NAME, OUT, canonical, expand, fail, read, regular_files, rewrite

LARGEST_SCRIPT = 4 << 20
INTERPRETERS = {
    "sh": ("bash", "bin/sh"), "bash": ("bash", "bin/bash"), "dash": ("bash", "bin/sh"),
    "perl": ("perl", "bin/perl"), "python3": ("python3", "bin/python3"),
    "awk": ("mawk", "bin/awk"), "gawk": ("gawk", "bin/gawk"), "sed": ("sed", "bin/sed"),
}
HOST_PATH = re.compile(rb"(?<![\w.\-/}$])/(?:usr/)?(?:bin|sbin|lib|libexec|share)/[\w.+\-/]*[\w+\-]")
MODULES = {
    "python3": ("PYTHONPATH", ["lib/python3/dist-packages"]),
    "perl": ("PERL5LIB", ["share/perl5", "lib/x86_64-linux-gnu/perl5/5.[0-9][0-9]"]),
}


def interpreter(words, deps):
    """The first line's words with the store path of the interpreter, or None if no dependency has it."""
    name, arguments = os.path.basename(words[0]), words[1:]
    if name == "env":
        if arguments and arguments[0] == "-S":
            arguments = arguments[1:]
        if not arguments or "=" in arguments[0] or arguments[0].startswith("-"):
            return None
        name, arguments = os.path.basename(arguments[0]), arguments[1:]
    package, relative = INTERPRETERS.get(name, (name, "bin/" + name))
    if re.fullmatch(r"python3\.\d+", name):
        package = "python3"
    homes = [OUT] if package == NAME else [deps[package]] if package in deps else []
    if not homes and name not in INTERPRETERS:
        homes = list(deps.values())
    paths = (os.path.join(home, relative) for home in homes)
    path = next((path for path in paths if os.path.lexists(path)), None)
    return " ".join([path, *arguments]) if path else None


def rewrite_paths(body, deps):
    """Host paths in a script become store paths where $out or a dependency has them."""
    homes = [OUT, *deps.values()]

    def new(match):
        relative = canonical(match.group(0).decode())
        if "/" in relative:
            for home in homes:
                if os.path.lexists(os.path.join(home, relative)):
                    return os.path.join(home, relative).encode()
        return match.group(0)

    return HOST_PATH.sub(new, body)


def first_words(line):
    try:
        words = line[2:].decode("ascii").split()
    except UnicodeDecodeError:
        return []
    return words if words and words[0].startswith("/") else []


def patch_scripts(deps):
    """Rewrites every executable script, and returns those of languages that look for modules."""
    found = []
    for path, status, magic in regular_files():
        if magic[:2] != b"#!" or status.st_size > LARGEST_SCRIPT or not status.st_mode & 0o111:
            continue
        data = read(path)
        line, newline, body = data.partition(b"\n")
        words = first_words(line)
        if not words:
            continue
        new = interpreter(words, deps)
        text = (b"#!" + new.encode() if new else line) + newline + rewrite_paths(body, deps)
        program = os.path.basename(new.split()[0]) if new else ""
        found += [(path, language) for language in MODULES if program.startswith(language)]
        if text != data:
            rewrite(path, text, status.st_mode)
    return found


def wrap_for_modules(found, folders, deps):
    """Scripts whose modules lie in other store paths get a search path."""
    for path, language in found:
        relative = os.path.relpath(path, OUT)
        if language == NAME or os.path.dirname(relative) not in folders or "bash" not in deps:
            continue
        variable, patterns = MODULES[language]
        homes = [OUT, *(home for name, home in deps.items() if name != language)]
        matches = (sorted(glob.glob(os.path.join(home, pattern))) for home in homes for pattern in patterns)
        directories = [directory for match in matches for directory in match]
        if directories:
            wrap(relative, {"suffix": {variable: directories}}, deps)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def wrap(relative, spec, deps):
    """Puts a script that sets variables in front of a program."""
    path = os.path.join(OUT, relative)
    hidden = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}-wrapped")
    os.rename(path, hidden)
    lines = [f"#!{deps['bash']}/bin/bash"]
    for name, value in sorted(spec.get("default", {}).items()):
        lines.append(f"export {name}=${{{name}-{quoted(expand(value, deps))}}}")
    for name, values in sorted(spec.get("suffix", {}).items()):
        text = quoted(":".join(expand(value, deps) for value in values))
        lines.append(f"export {name}=${{{name}:+${{{name}}}:}}{text}")
    lines.append(f'exec -a "$0" {quoted(hidden)} "$@"')
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    os.chmod(path, 0o755)


def byte_compile(python, directories):
    """Compiled modules without the hash of their source, which depends on $out; unchecked means nobody reads it."""
    subprocess.run(
        [
            python, "-B", "-m", "compileall", "-q", "-f", "-x", r"lib2to3/tests|/bad_|/badsyntax",
            "--invalidation-mode", "unchecked-hash", *directories,
        ],
        env={"PYTHONHASHSEED": "0", "PATH": "/nonexistent", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    for directory in directories:
        for path in glob.glob(os.path.join(directory, "**/__pycache__/*.pyc"), recursive=True):
            with open(path, "r+b") as file:
                file.seek(8)
                file.write(bytes(8))


def compile_modules(recipe, deps):
    packages = os.path.join(OUT, "lib/python3/dist-packages")
    if recipe.get("compile"):
        byte_compile(os.path.join(OUT, "bin/python3"), [expand("@out@/" + name, deps) for name in recipe["compile"]])
    elif "python3" in deps and os.path.isdir(packages):
        byte_compile(os.path.join(deps["python3"], "bin/python3"), [packages])


def replace_text(relative, pairs, deps):
    path = os.path.join(OUT, relative)
    text = read(path)
    for old, new in pairs:
        if old.encode() not in text:
            fail(f"{relative} does not contain {old!r}")
        text = text.replace(old.encode(), expand(new, deps).encode())
    rewrite(path, text, os.lstat(path).st_mode)


def concatenate(relative, pattern):
    path = os.path.join(OUT, relative)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for part in sorted(glob.glob(os.path.join(OUT, pattern))):
            file.write(read(part).rstrip(b"\n") + b"\n")


def link(relative, target, deps):
    path = os.path.join(OUT, relative)
    folder = os.path.dirname(path)
    if glob.escape(target) != target:
        target = os.path.relpath(expand(os.path.normpath(os.path.join(folder, target)), deps), folder)
    if not os.path.lexists(path) and os.path.exists(os.path.join(folder, target)):
        os.symlink(target, path)


def apply_recipe(recipe, deps):
    for relative, target in sorted(recipe.get("replaceWithLinks", {}).items()):
        path = os.path.join(OUT, relative)
        if os.path.lexists(path):
            os.unlink(path)
            os.symlink(target, path)
    for relative, pairs in sorted(recipe.get("replace", {}).items()):
        replace_text(relative, pairs, deps)
    for relative, pattern in sorted(recipe.get("concatenate", {}).items()):
        concatenate(relative, pattern)
    for pattern, spec in sorted(recipe.get("wrap", {}).items()):
        for path in glob.glob(os.path.join(OUT, pattern)):
            wrap(os.path.relpath(path, OUT), spec, deps)
    for relative, target in sorted(recipe.get("links", {}).items()):
        link(relative, target, deps)
    compile_modules(recipe, deps)
    if recipe.get("check"):
        program, *arguments = recipe["check"]
        subprocess.run([os.path.join(OUT, program), *arguments], env={"PATH": "/nonexistent"}, check=True)
