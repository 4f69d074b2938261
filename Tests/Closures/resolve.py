# SPDX-License-Identifier: Apache-2.0
"""Which Debian packages a set needs: follows `Depends` through apt's lists, without installing anything."""

import os
import re
import subprocess

ENVIRONMENT = dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")


class Failure(Exception):
    """Something that the person who called has to know, in one sentence."""


def apt_cache(*arguments):
    result = subprocess.run(["apt-cache", *arguments], env=ENVIRONMENT, capture_output=True, text=True)
    return result.stdout


def stanzas(text):
    """The packages in the output of `apt-cache show`, each as field to value."""
    for block in text.split("\n\n"):
        fields, name = {}, None
        for line in block.splitlines():
            if line[:1] in (" ", "\t"):
                if name:
                    fields[name] += "\n" + line.strip()
            elif line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        if fields:
            yield fields


def clauses(package):
    """The alternatives of each dependency: `a | b` is one clause of two names."""
    for field in ("Pre-Depends", "Depends"):
        for clause in package.get(field, "").replace("\n", " ").split(","):
            names = (re.sub(r"\(.*?\)|\[.*?\]|<.*?>", "", each).strip() for each in clause.split("|"))
            names = [name.split(":")[0] for name in names if name]
            if names:
                yield names


class Resolver:
    """`picked`: name to stanza; `dependencies`: name to the names it needs."""

    def __init__(self, recipes):
        self.recipes = recipes
        self.dropped_names = set(recipes["drop"])
        self.dropped_patterns = [re.compile(pattern) for pattern in recipes["dropPatterns"]]
        self.known, self.provides = {}, {}
        self.picked, self.dependencies = {}, {}

    def is_dropped(self, name):
        return name in self.dropped_names or any(pattern.fullmatch(name) for pattern in self.dropped_patterns)

    def preferred(self, name):
        return self.recipes["prefer"].get(name, name)

    def load(self, names):
        """Asks about names not seen yet, in one call."""
        names = sorted({name for name in names if name not in self.known})
        if not names:
            return
        self.known.update((name, None) for name in names)
        for package in stanzas(apt_cache("show", *names)):
            # A stanza without a file is what dpkg knows of an installed package. The newest version comes first.
            is_ours = package.get("Architecture") in ("amd64", "all") and "Filename" in package
            if is_ours and not self.known.get(package["Package"]):
                self.known[package["Package"]] = package

    def load_virtual(self, names):
        """Asks who provides the names that are no real package, in one call."""
        names = sorted({name for name in names if not self.known.get(name) and name not in self.provides})
        if not names:
            return
        found, current, is_list = {name: set() for name in names}, None, False
        for line in apt_cache("showpkg", *names).splitlines():
            if line.startswith("Package: "):
                current, is_list = line.split()[1], False
            elif line.startswith("Reverse Provides"):
                is_list = True
            elif is_list and line.strip() and current in found:
                found[current].add(line.split()[0])
        self.load({each for providers in found.values() for each in providers})
        for name, providers in found.items():
            self.provides[name] = sorted(each for each in providers if self.known.get(each))

    def real_names(self, name):
        if self.known.get(name):
            return [name]
        self.load_virtual([name])
        return self.provides[name]

    def choose(self, alternatives):
        """The package that fulfils a clause: one that is there already, or else the first that exists."""
        alternatives = [self.preferred(name) for name in alternatives]
        if any(self.is_dropped(name) for name in alternatives):
            return None
        real = [each for name in alternatives for each in self.real_names(name)]
        candidates = [*alternatives, *real]
        for name in candidates:
            if name in self.picked:
                return name
        return next((name for name in real if not self.is_dropped(name)), None)

    def resolve(self, roots):
        self.load(roots)
        level = {name for root in roots for name in self.real_names(root)[:1] or self.refuse(root)}
        while level:
            for name in sorted(level):
                self.picked[name] = self.known[name]
            self.load_level(level)
            for name in sorted(level):
                self.dependencies[name] = self.choices(name)
            level = {each for name in level for each in self.dependencies[name] if each not in self.picked}

    @staticmethod
    def refuse(name):
        raise Failure(f"The lists of apt have no package '{name}'; these sets need Debian 12 and its main archive")

    def load_level(self, level):
        extra = {each for name in level for each in self.recipes["extraDependencies"].get(name, [])}
        wanted = {self.preferred(each) for name in level for clause in clauses(self.picked[name]) for each in clause}
        wanted = {name for name in wanted if not self.is_dropped(name)} | extra
        self.load(wanted)
        self.load_virtual(wanted)

    def choices(self, name):
        cut = {name, None, *self.recipes["dropEdges"].get(name, [])}
        chosen = {self.choose(clause) for clause in clauses(self.picked[name])} - cut
        return sorted(chosen | set(self.recipes["extraDependencies"].get(name, [])))
