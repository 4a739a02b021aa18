# SPDX-License-Identifier: Apache-2.0
"""Cut a real record down to what the judge reads: `python cut_down.py RECORD TARGET`.

Events and samples are copied byte for byte, but for the list of files that a record of format 2 was
closed with, which is that of the copy. Left out are what no rule reads: where and with which
software it ran, Kubernetes' Normal events, all logs but the client's sidecar's, and of the
snapshots all but the interfaces of the client's pods afterwards (the others are there, and empty).
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from nsm_resilience.record.manifest import FILES, LINES, manifest_of
from nsm_resilience.systems.known import system_of

META = ("format", "campaign", "trial", "cell", "number", "attempt", "order", "block", "seed",
        "started", "scenario", "scenario_sha256", "factors", "windows", "probes", "judge", "lane",
        )  # fmt: skip


def cut_down(record: Path, target: Path) -> None:
    """Write the cut-down copy; FileExistsError when there is one."""
    target.mkdir(parents=True)
    meta = json.loads((record / "meta.json").read_text(encoding="utf-8"))
    kept = {name: meta[name] for name in META} | {"cluster": {"id": meta["cluster"]["id"]}}
    (target / "meta.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(record / "events.jsonl", target / "events.jsonl")
    if (record / "samples").is_dir():
        shutil.copytree(record / "samples", target / "samples")
    events = record / "kubernetes-events.jsonl"
    if events.exists():
        lines = events.read_text(encoding="utf-8").splitlines(keepends=True)
        warnings = "".join(x for x in lines if json.loads(x)["type"] == "Warning")
        (target / "kubernetes-events.jsonl").write_text(warnings, encoding="utf-8")
    sidecar = system_of(meta["factors"]).sidecar
    for path in record.glob(f"logs/*/client/{sidecar.container}.log") if sidecar else ():
        copy = target / path.relative_to(record)
        copy.parent.mkdir(parents=True)
        shutil.copyfile(path, copy)
    for path in record.glob("snapshots/*.json"):
        copy = target / path.relative_to(record)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text("{}\n", encoding="utf-8")
    after = record / "snapshots" / "after.json"
    if after.exists():
        pods = json.loads(after.read_text(encoding="utf-8"))["nodes"]["client"]["pods"]
        names = {
            pod: {"interfaces": [{"name": one["name"]} for one in state["interfaces"]]}
            for pod, state in pods.items()
            if "interfaces" in state and ("client" in pod)
        }
        copy = target / "snapshots" / "after.json"
        text = json.dumps({"nodes": {"client": {"pods": names}}}, indent=1) + "\n"
        copy.write_text(text, encoding="utf-8")
    _close(target)


def _close(target: Path) -> None:
    """Let the closing event list the files of the copy, if it lists any."""
    *before, last = (target / "events.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    closing = json.loads(last)
    if FILES in closing["data"]:
        closing["data"] |= manifest_of(target, closing["data"][LINES])
        last = json.dumps(closing, separators=(",", ":")) + "\n"
        (target / "events.jsonl").write_text("".join([*before, last]), encoding="utf-8")


if __name__ == "__main__":
    cut_down(Path(sys.argv[1]), Path(sys.argv[2]))
