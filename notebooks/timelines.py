# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # One typical trial per scenario
#
# Replies of the established path, the component processes of both nodes and the fault, on one time
# axis. The trial is chosen by a rule, printed below, not by eye.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
from nsm_resilience.analysis.figures.timelines import describe_timelines, draw_timelines
from nsm_resilience.analysis.figures.typical import RULE, typical_trials
from nsm_resilience.analysis.inputs import Inputs

given = Inputs.of(tables, campaign, figures)
trials = given.table("trials")

# %%
print(RULE)
chosen = typical_trials(trials)
components, outages = (given.table(t, chosen["trial"]) for t in ("components", "outages"))
chosen[["trial", "attempt", "verdict", "outage_s", "outage_censored", "reason"]]

# %% [markdown]
# Only the chosen trials are read from their records; all else comes from the tables. A component
# has a lane if it changed after the fault: a gap is a process that is gone, a paler bar one that
# is stopped or not ready, a triangle a restart that Kubernetes counted.

# %%
timelines = given.timelines(chosen)
description = describe_timelines(trials)
given.save(draw_timelines(chosen, timelines, components, outages, given.names), description)

# %% [markdown]
# The reason of each verdict, with the record.

# %%
for row in chosen.to_dict("records"):
    print(f"{row['trial']}, attempt {row['attempt']}: {row['verdict']}: {row['reason']}")
    print(f"  {row['record']}")

# %%
print(description.sources(tables))
