# SPDX-License-Identifier: Apache-2.0
"""Runs one row once: wall time, processor time, the largest process, and the size of what came out."""

import os
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def warm(tree):
    """Reads every file, so that no row pays for the disk."""
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def one(row):
    """Prepares, runs and clears away; only the run is measured."""
    row.clear()
    row.prepare()
    # The last row's pages would otherwise be written back at this row's expense.
    os.sync()
    service = row.service_process()
    if service:
        reset_peak(service)
    before = service_seconds(service)
    started = time.monotonic()
    seconds, peak = run(row.script())
    wall = time.monotonic() - started
    seconds += service_seconds(service) - before
    peak = max(peak, peak_bytes(service) if service else 0)
    size = row.output_size()
    if row.has_output and not size:
        sys.exit(f"Row '{row.name}' wrote nothing")
    row.clear()
    return {"wall": wall, "cpu": seconds, "peak": peak, "size": size}


def run(script):
    """The processor seconds and the peak memory of a shell script and all programs that it waits for."""
    process = subprocess.Popen(
        ["bash", "-c", "set -euo pipefail; " + script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"'{script}' ended with status {process.returncode}:\n{output.decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def floor():
    """What the peak of a program that does nothing is: the kernel counts the moment before it replaces this one."""
    return run("true")[1]


def descendants(process):
    """A process and all below it."""
    result = [process]
    for parent in result:
        try:
            with open(f"/proc/{parent}/task/{parent}/children") as file:
                result += [int(word) for word in file.read().split()]
        except OSError:
            pass
    return result


def service_seconds(process):
    """Processor time of a service with the programs it runs and those it has waited for."""
    total = 0
    for each in descendants(process) if process else []:
        try:
            with open(f"/proc/{each}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
        except OSError:
            pass
    return total / TICK


def reset_peak(process):
    for each in descendants(process):
        try:
            with open(f"/proc/{each}/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass


def peak_bytes(process):
    peaks = [0]
    for each in descendants(process):
        try:
            with open(f"/proc/{each}/status") as file:
                peaks += [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")]
        except OSError:
            pass
    return max(peaks)
