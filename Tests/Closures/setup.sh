# SPDX-License-Identifier: Apache-2.0
# What a builder of the package set runs: the environment as nixpkgs' stdenv has it, as far as builds here use it.
# Nix before 2.9 gives the path outside of its sandbox as $NIX_ATTRS_SH_FILE.
if [ -e .attrs.sh ]; then
    . ./.attrs.sh
    for name in "${!outputs[@]}"; do export "$name=${outputs[$name]}"; done
fi
PATH=${initialPath:-}
for input in ${buildInputs:-} ${nativeBuildInputs:-}; do PATH=$input/bin:$PATH; done
export PATH
export SOURCE_DATE_EPOCH=315532800
umask 022

# Makes the directories of a tree, and links to its files; links of the tree are made anew. What is there stays.
linkTree() {
    local entry target
    for entry in "$1"/* "$1"/.[!.]*; do
        target=$2/${entry##*/}
        if [ -L "$entry" ]; then
            [ -e "$target" ] || [ -L "$target" ] || ln -s "$(readlink "$entry")" "$target"
        elif [ -d "$entry" ]; then
            mkdir -p "$target"
            linkTree "$entry" "$target"
        elif [ -e "$entry" ]; then
            [ -e "$target" ] || [ -L "$target" ] || ln -s "$entry" "$target"
        fi
    done
}

genericBuild() {
    if [ -n "${buildCommandPath:-}" ]; then
        . "$buildCommandPath"
    elif [ -n "${buildCommand:-}" ]; then
        eval "$buildCommand"
    fi
}

# A shell reads this file for the functions and variables alone.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then genericBuild; fi
