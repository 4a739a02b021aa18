# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # The testbed
#
# The deployment of a trial just before its fault, drawn from its record: pods, containers, unix
# sockets and links of both nodes. The trial is the typical one of the first scenario on its plane.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
from nsm_resilience.analysis.deployment import deployments
from nsm_resilience.analysis.figures.testbed import describe_testbed, draw_testbed
from nsm_resilience.analysis.inputs import Inputs

given = Inputs.of(tables, campaign, figures)
trials = given.table("trials")

# %%
deployed = deployments(given.campaign, trials)
description = describe_testbed(deployed)
given.save(draw_testbed(deployed), description)

# %%
print(description.sources(tables))
