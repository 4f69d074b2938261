# SPDX-License-Identifier: Apache-2.0
"""The lock file of a set: which packages become which store paths, with the size and digest of every download."""

import re

from resolve import Failure, Resolver

FORMAT = 1


def sanitized(version):
    """A Debian version as part of a store path's name."""
    return re.sub(r"[^A-Za-z0-9+._?=-]", "-", version.split(":", 1)[-1])


def components(graph):
    """The strongly connected components, dependencies first, by Tarjan's algorithm without recursion."""
    index, low, waiting, stack, result = {}, {}, set(), [], []

    def enter(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        waiting.add(node)
        return node, iter(sorted(graph[node]))

    for root in sorted(graph):
        work = [enter(root)] if root not in index else []
        while work:
            node, rest = work[-1]
            target = next((each for each in rest if each not in index or each in waiting), None)
            if target is not None:
                if target in index:
                    low[node] = min(low[node], index[target])
                else:
                    work.append(enter(target))
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                at = stack.index(node)
                result.append(sorted(stack[at:]))
                waiting.difference_update(stack[at:])
                del stack[at:]
    return result


def groups_by_recipe(names, recipes):
    """Name to group: packages that need one prefix are named together by patterns in the recipes."""
    patterns = [(group, re.compile("|".join(members))) for group, members in recipes["groups"].items()]
    return {name: next((group for group, pattern in patterns if pattern.fullmatch(name)), name) for name in names}


def condensed(resolver, recipes):
    """The store paths: group to its members and dependencies, without cycles, and the group of every package."""
    group_of = groups_by_recipe(resolver.picked, recipes)
    graph = {group: set() for group in group_of.values()}
    for name, needed in resolver.dependencies.items():
        graph[group_of[name]] |= {group_of[each] for each in needed} - {group_of[name]}
    users = {group: sum(group in needed for needed in graph.values()) for group in graph}
    renamed = {}
    for component in components(graph):
        leader = max(component, key=lambda group: (group in recipes["groups"], users[group], group))
        renamed.update((group, leader) for group in component)
    group_of = {name: renamed[group] for name, group in group_of.items()}
    members, direct = {}, {}
    for name, group in sorted(group_of.items()):
        members.setdefault(group, []).append(name)
    for group, needed in graph.items():
        direct.setdefault(renamed[group], set()).update(renamed[each] for each in needed)
    return members, {group: needed - {group} for group, needed in direct.items()}, group_of


def reachable(direct, start):
    """Everything below a group, nearest first, without itself and what it needs directly.

    A direct dependency wins over a farther one that ships a library of the same name.
    """
    result, seen, level = [], {start, *direct[start]}, direct[start]
    while level:
        level = sorted({each for name in level for each in direct[name]} - seen)
        seen |= set(level)
        result += level
    return result


def with_shell(direct, shell):
    """Every group outside the shell's own closure may have scripts, so it depends on the shell."""
    inside = {shell, *direct[shell], *reachable(direct, shell)}
    return {group: needed if group in inside else needed | {shell} for group, needed in direct.items()}


def download(name, stanza):
    version = stanza["Version"]
    return {
        "package": name,
        "version": version,
        "architecture": stanza["Architecture"],
        "file": f"{name}_{sanitized(version)}_{stanza['Architecture']}.deb",
        "size": int(stanza["Size"]),
        "sha256": stanza["SHA256"],
    }


def locked(name, roots, recipes):
    """The lock file's content for a set of this name with these roots."""
    aliases = recipes["aliases"]
    resolver = Resolver(recipes)
    resolver.resolve([*recipes["alwaysRoots"], *roots])
    members, direct, group_of = condensed(resolver, recipes)
    direct = with_shell(direct, group_of["bash"])
    packages = {}
    for group, names in sorted(members.items()):
        lead = re.compile(recipes["lead"].get(group, re.escape(group)))
        leader = next((each for each in names if lead.fullmatch(each)), names[0])
        packages[group] = {
            "version": sanitized(resolver.picked[leader]["Version"]),
            "debs": [download(each, resolver.picked[each]) for each in names],
            "direct": sorted(direct[group]),
            "indirect": reachable(direct, group),
        }
    names = {root: group_of[resolver.real_names(root)[0]] for root in roots}
    names |= {alias: names[root] for alias, root in aliases.items() if root in names}
    return {"format": FORMAT, "set": name, "names": names, "packages": packages}


def roots_of(name, sets):
    """The packages of a set; `@OTHER` in it stands for those of another."""
    if name not in sets:
        raise Failure(f"There is no set '{name}'; there are {', '.join(sets)}")
    result = []
    for word in sets[name]:
        result += roots_of(word[1:], sets) if word.startswith("@") else [word]
    return result
