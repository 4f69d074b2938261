# SPDX-License-Identifier: Apache-2.0
# Runs fakeRootCommands in $tree, and packs what is there afterwards into $result, as the script sees owners and modes.
if [ -e "${stdenv:-}/setup" ]; then source "$stdenv/setup"; fi
set -e
if [ -n "${inside:-}" ]; then export NIX_BUILD_TOP=$inside TMPDIR=$inside TEMPDIR=$inside TMP=$inside TEMP=$inside; fi
cd "$tree"
( . "$fakeRootCommandsPath" )
exclusions=()
for path in $excluded; do exclusions+=("--exclude=$path"); done
tar --create --file "$result" --sort=name --numeric-owner "${exclusions[@]}" .
