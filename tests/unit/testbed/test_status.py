# SPDX-License-Identifier: Apache-2.0
"""`cluster status` has an answer whatever became of the cluster."""

from pathlib import Path

import pytest
import yaml

from nsm_resilience.record.files import write_json
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.status import describe_cluster


def test_a_campaign_without_a_cluster_says_so(tmp_path: Path) -> None:
    (line,) = describe_cluster(tmp_path)
    assert line == f"{tmp_path}: no cluster is up for this campaign"
    (line,) = describe_cluster(tmp_path / "misspelt")
    assert line.endswith("there is no such folder, and no cluster is up for this campaign")


def test_a_cluster_that_is_gone_is_told_and_is_no_error(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "gone.kubeconfig"
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "kind-gone",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "kind-gone", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    }  # fmt: skip
    kubeconfig.write_text(yaml.safe_dump(config))
    marker = {"id": "1", "name": "gone", "kubeconfig": str(kubeconfig), "context": "kind-gone"}
    write_json(tmp_path / "cluster.json", marker)
    lines = list(describe_cluster(tmp_path))
    assert lines[0] == "gone: id 1, context kind-gone"
    assert "does not answer" in lines[-1]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"id": 1}', "\x00", "[" * 9999])
def test_a_marker_that_says_nothing_is_told_with_what_to_do(content: str, tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text(content)
    with pytest.raises(TestbedError, match=r"cluster.json does not say .* cluster up"):
        list(describe_cluster(tmp_path))
