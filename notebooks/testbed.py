# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # The testbed, and who tests what
#
# What was deployed when a trial began, drawn from its record: pods, containers, unix sockets and
# links of both nodes, the moment before the fault. The trial is the
# typical one of the first scenario on its plane.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
import pandas as pd

from nsm_resilience.analysis.broken_parts import broken_parts
from nsm_resilience.analysis.coverage import coverage, table_of_coverage
from nsm_resilience.analysis.coverage_facts import load_facts
from nsm_resilience.analysis.deployment import deployments
from nsm_resilience.analysis.figures.testbed import describe_testbed, draw_testbed
from nsm_resilience.analysis.inputs import Inputs

given = Inputs.of(tables, campaign, figures)
trials = given.table("trials")

# %%
deployed = deployments(given.campaign, trials)
description = describe_testbed(deployed)
given.save(draw_testbed(deployed), description)

# %% [markdown]
# Which scenarios NSM's own tests cover, by the names of the tests, and what this campaign ran of
# them: supported trials of those judged, all levels of the factors together. The facts about the
# tests of others stand in `src/nsm_resilience/analysis/coverage.yaml`, each suite with the revision
# at which it was read.

# %%
facts = load_facts()
pd.set_option("display.max_colwidth", None)
table_of_coverage(coverage(facts, trials, given.study), facts, given.study)

# %% [markdown]
# Which part of which system this campaign broke, and how: every part that the system has, those
# that no trial breaks too. A trial counts for each part that it breaks, alone or with others.

# %%
broken_parts(trials, given.study)

# %%
print(description.sources(tables))
