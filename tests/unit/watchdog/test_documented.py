# SPDX-License-Identifier: Apache-2.0
"""The documentation of the watchdog says what its policy is."""

from __future__ import annotations

from pathlib import Path

import yaml

from nsm_resilience.testbed.rights import runner_rights

ROOT = Path(__file__).parents[3]


def test_the_table_of_rules_is_the_policy() -> None:
    import policy

    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    section = text.partition("## The remedy: the watchdog")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{rule.name}` | {rule.says} | {rule.tell_s:g} s | "
        f"{f'{rule.act_s:g} s' if rule.act else '–'} | {rule.act or '–'} |"
        for rule in policy.RULES.values()
    ]
    assert f"within {policy.SPAN_S:g} s" in section
    assert f"after a restart {policy.SETTLE_S:g} s" in section


def test_a_runner_may_give_the_watchdog_every_right_that_it_gets() -> None:
    """Kubernetes lets nobody give a right that he does not hold."""
    manifest = ROOT / "src" / "nsm_resilience" / "watchdog" / "watchdog.yaml"
    role = next(
        d for d in yaml.safe_load_all(manifest.read_text().replace("${", "x{"))
        if d["kind"] == "Role"
    )  # fmt: skip
    held = yaml.safe_load(runner_rights())["rules"]

    def holds(group: str, resource: str, verb: str) -> bool:
        return any(
            group in rule["apiGroups"]
            and resource in rule["resources"]
            and ({verb, "*"} & set(rule["verbs"]))
            for rule in held
        )

    for rule in role["rules"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                assert holds(rule["apiGroups"][0], resource, verb), f"{verb} {resource}"
