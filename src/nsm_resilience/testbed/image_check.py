# SPDX-License-Identifier: Apache-2.0
"""Check, before a kind cluster is made, that its images are there or can be pulled.

`kind create cluster` pulls the node image with Docker's engine, so the engine itself is queried;
the nodes pull the others. A registry that does not answer here, or lacks an image, would stop
`cluster up` after minutes; so the small description of each image is requested first.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nsm_resilience.testbed.config import Images, KindTestbed
from nsm_resilience.testbed.engine import ASK_S, endpoint, why_not_pulled
from nsm_resilience.testbed.finding import Ask, Finding, Level, answer, in_docker

BRING = (
    "see that `docker pull {image}` works (network, the engine's proxy, `docker login`), or bring "
    "it with `docker save` and `docker load`, or name another one as `node_image:`"
)
"""Advice about a node image that cannot be pulled."""


def look_at_images(
    config: KindTestbed, planes: Mapping[str, tuple[str, ...]], ask: Ask = answer
) -> Iterator[Finding]:
    """Check the node image and the images that the planes need.

    Args:
        planes: Forwarding planes of each system of the study.
    """
    images = config.images
    names = [*images.names(planes), images.agent]
    there = {name for name in (config.node_image, *names) if in_docker(name, ask)}
    yield _node_image(config.node_image, config.node_image in there, ask)
    if images.load == "pull":
        yield _pulled(names, ask)
    elif images.load == "docker":
        absent = [name for name in names if name not in there]
        yield Finding(
            "missing" if absent else "ok", "images in Docker",
            f"absent: {', '.join(absent)}" if absent else f"{len(names)} present",
            "pull, load or build them, or set images.load to `pull`",
        )  # fmt: skip
        yield from _snap()
    else:
        yield _archives(images, names)


def _snap() -> Iterator[Finding]:
    """What keeps kind from loading images out of a Docker that snapd has put into a sandbox."""
    snap = (shutil.which("docker") or "").startswith("/snap/")
    temporary = tempfile.gettempdir()
    if snap and not Path(temporary).is_relative_to(os.path.expanduser("~")):
        yield Finding(
            "warning", "Docker is a snap",
            f"it cannot write to {temporary}, where kind has it save what is loaded",
            "`mkdir -p ~/tmp; export TMPDIR=~/tmp`, or install another Docker",
        )  # fmt: skip


def _node_image(name: str, there: bool, ask: Ask) -> Finding:
    if there:
        return Finding("ok", "node image", "in Docker")
    reason = why_not_pulled(name, endpoint(ask))
    if reason == "":
        return Finding("ok", "node image", "can be pulled, by the engine")
    level: Level = "missing"
    why = f"its engine cannot pull it: {name} ({reason})"
    if reason is None:
        reasons = _not_to_be_had([name], ask)
        if not reasons:
            return Finding("ok", "node image", "can be pulled")
        level, why = _level(ask), f"cannot be pulled: {reasons[0]}"
    return Finding(level, "node image", f"not in Docker, and {why}", BRING.format(image=name))


def _pulled(names: Sequence[str], ask: Ask) -> Finding:
    reasons = _not_to_be_had(names, ask)
    if not reasons:
        return Finding("ok", "images", f"{len(names)} can be pulled, by the nodes")
    return Finding(
        _level(ask), "images",
        f"{len(reasons)} of {len(names)} cannot be pulled: {reasons[0]}",
        "the nodes pull them by themselves; where they cannot, load them: `--profile "
        "profiles/live-local-images`, or `load: docker` or `load: archives` under `images:`",
    )  # fmt: skip


def _not_to_be_had(names: Sequence[str], ask: Ask) -> list[str]:
    """Each image that its registry does not describe, with the reason."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        told = pool.map(
            lambda name: ask("docker", "manifest", "inspect", name, timeout_s=ASK_S), names
        )
        return [
            f"{name} ({' '.join(said.split())[:200]})"
            for name, (described, said) in zip(names, told, strict=True)
            if not described
        ]


def _level(ask: Ask) -> Level:
    """A warning if the engine has mirrors, from which it may pull an image unknown to this host."""
    known, mirrors = ask("docker", "info", "--format", "{{json .RegistryConfig.Mirrors}}")
    return "warning" if known and mirrors.strip() not in ("", "[]", "null") else "missing"


def _archives(images: Images, names: Sequence[str]) -> Finding:
    problems, held = [], set()
    for archive in images.archives:
        try:
            held |= _names_in(archive)
        except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
            problems.append(f"{archive} is no archive of images ({error})")
    absent = [name for name in names if _short(name) not in held]
    if not problems and absent:
        problems.append(f"absent: {', '.join(absent)}")
    return Finding(
        "missing" if problems else "ok", "image archives",
        "; ".join(problems) or f"{len(images.archives)} files with {len(held)} images",
        "list the files made with `docker save` under images.archives",
    )  # fmt: skip


def _names_in(archive: Path) -> set[str]:
    """Names of the images in a file that `docker save` made."""
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        if manifest is None:
            raise ValueError("manifest.json is no file")
        described = json.load(manifest)
    return {_short(name) for image in described for name in image.get("RepoTags") or ()}


def _short(name: str) -> str:
    """An image's name as `docker save` writes it: without Docker's own registry."""
    return name.removeprefix("docker.io/").removeprefix("library/")
