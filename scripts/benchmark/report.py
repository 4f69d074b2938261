# SPDX-License-Identifier: Apache-2.0
"""The table: medians, and each peer's time as a multiple of drydock's for the same product."""

import statistics

HEADINGS = ("made by", "time ×", "wall s", "MB/s", "CPU s", "peak MB", "output MB", "runs")


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(rows, results, facts):
    lines = [
        f"{facts['title']}: {facts['bytes'] / 1e6:.0f} MB in {facts['files']} files; {facts['processors']} processors, "
        f"{facts['machine']}, Linux {facts['kernel']}.",
        "Medians of interleaved runs, files in the page cache. 'time ×': wall time divided by drydock's in the same group.",
        f"'peak MB': the largest single process, a daemon included; less than {facts['floor'] / 1e6:.0f} MB cannot be seen.",
    ]
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group and results[row.name]]
        if members:
            lines += ["", group, *aligned(group_lines(members, results, facts))]
    lines += ["", "Versions: " + "; ".join(f"{name} {text}" for name, text in facts["versions"].items())]
    return "\n".join(lines)


def group_lines(members, results, facts):
    values = {row.name: medians(results[row.name]) for row in members}
    references = [values[row.name]["wall"] for row in members if row.is_reference]
    yield HEADINGS
    for row in members:
        value = values[row.name]
        yield (
            row.label,
            f"{value['wall'] / references[0]:.2f}" if references else "–",
            f"{value['wall']:.2f}",
            f"{facts['bytes'] / 1e6 / value['wall']:.0f}",
            f"{value['cpu']:.2f}",
            f"{value['peak'] / 1e6:.0f}",
            f"{value['size'] / 1e6:.0f}" if row.has_output else "–",
            str(len(results[row.name])),
        )


def aligned(lines):
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        yield "  " + "  ".join(cells)
