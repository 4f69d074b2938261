# SPDX-License-Identifier: Apache-2.0
"""Writes what nixpkgs' closureInfo writes: the paths of a closure, and their registration."""

import json
import pathlib

attributes = json.loads(pathlib.Path(".attrs.json").read_text())
out = pathlib.Path(attributes["outputs"]["out"])
out.mkdir()
closure = sorted(attributes["closure"], key=lambda each: each["path"])
(out / "total-nar-size").write_text(f"{sum(each['narSize'] for each in closure)}\n")
(out / "store-paths").write_text("".join(each["path"] + "\n" for each in closure))
lines = []
for each in closure:
    lines += [each["path"], each["narHash"], str(each["narSize"]), "", str(len(each["references"])), *each["references"]]
(out / "registration").write_text("".join(line + "\n" for line in lines))
