# SPDX-License-Identifier: Apache-2.0
# What the cases of the command's tests may use; $DRYDOCK is the program under test.

drydock() { "$DRYDOCK" "$@"; }

# Without root's privilege to read and write everything; the files stay one's own.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --bounding-set=-all --inh-caps=-all "$DRYDOCK" "$@"
    else
        "$DRYDOCK" "$@"
    fi
}

# spec LINE...: writes image.yaml, with a name.
spec() { printf '%s\n' 'name: case' "$@" >image.yaml; }

# patch FILE OFFSET BYTES: overwrites bytes, written as for printf.
patch() { printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

# on_small_disk SIZE ARGUMENT...: runs the program where the directory 'full' is a file system of that size, and tells
# on standard error what is left there.
on_small_disk() {
    size=$1
    shift
    unshare --mount sh -c '
        mount -t tmpfs -o size="$0" none full || exit 99
        status=0
        "$@" || status=$?
        find full -mindepth 1 >&2
        exit $status' "$size" "$DRYDOCK" "$@"
}

# without_proc ARGUMENT...: runs the program where /proc is empty.
without_proc() {
    unshare --mount sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$DRYDOCK" "$@"
}

# on_terminal COMMAND: runs a line of shell with a terminal as standard output.
on_terminal() { script --quiet --return --command "$1" /dev/null; }
