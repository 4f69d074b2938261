#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a tree with files of all shapes in the new directory `tree`; with the argument `long`, names over 100 bytes too.
set -eu
umask 022
mkdir -p tree/dir/empty tree/dir/sub
printf hello > tree/dir/hello
ln tree/dir/hello tree/dir/hello-again
ln -s hello tree/dir/link
: > tree/empty
mkfifo tree/pipe
head -c 100000 /dev/zero | tr '\0' x > tree/large
printf x > "tree/$(printf 'caf\303\251')"
printf x > "tree/$(printf 'not-utf8-\377')"
chmod 4755 tree/large
chmod 1777 tree/dir/empty
# A hole at the beginning, many in between, and one at the end.
truncate -s 2000000 tree/sparse
for i in 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 33 35 37 39 41; do
    printf 'data%s' "$i" | dd of=tree/sparse bs=32768 seek="$i" conv=notrunc status=none
done
truncate -s 1000000 tree/hole
printf 'end' | dd of=tree/hole-before bs=65536 seek=3 conv=notrunc status=none
if [ "${1:-}" = long ]; then
    name=$(printf '%0100d' 0)
    mkdir -p "tree/$name/$name"
    printf deep > "tree/$name/$name/$name"
    ln -s "$name/$name/$name" tree/long-link
    ln "tree/$name/$name/$name" tree/hard
    truncate -s 300000 "tree/$name/sparse-$name"
    printf 'x' | dd of="tree/$name/sparse-$name" bs=65536 seek=2 conv=notrunc status=none
fi
find tree -exec touch -h -d '2001-02-03 04:05:06 UTC' {} +
touch -d '2001-02-03 04:05:06.75 UTC' tree/empty
touch -d "${2:-1970-01-01 00:00:00 UTC}" tree/large
