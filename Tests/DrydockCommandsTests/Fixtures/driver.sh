# SPDX-License-Identifier: Apache-2.0
# Runs one case: driver BASE SETUP COMMAND
#
# The case's own directory is BASE/work, that for temporary files BASE/tmp. What they hold right before and after the
# command is written to BASE/before and BASE/after.
set -eu
. "$PRELUDE"
base=$1 setup=$2 command=$3
mkdir "$base/work" "$base/tmp"
export TMPDIR="$base/tmp"

# Everything but the times of directories, which a file that never had a name may change.
contents() { (cd "$base" && find work tmp \( -type d -printf '%p %m\n' \) -o -printf '%p %y %m %s %T@ %l\n' | sort) }

cd "$base/work"
(eval "$setup") >"$base/setup.log" 2>&1 </dev/null
contents >"$base/before"
status=0
(eval "$command") || status=$?
contents >"$base/after"
exit $status
