# SPDX-License-Identifier: Apache-2.0
# Runs fakeRootCommands in $tree, and packs what is there afterwards into $result, as the script sees owners and modes.
if [ -e "${stdenv:-}/setup" ]; then source "$stdenv/setup"; fi
set -e
cd "$tree"
( . "$fakeRootCommandsPath" )
exclusions=()
for path in $excluded; do exclusions+=("--exclude=$path"); done
tar --create --file "$result" --sort=name --numeric-owner "${exclusions[@]}" .
