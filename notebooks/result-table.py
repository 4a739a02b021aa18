# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # The table of the nine
#
# One line per cell (a scenario with one level of each factor): how many of its judged trials were
# supported, the Wilson interval of that share, the verdict, and whether the verdict agrees with the
# published claim. `stated` scenarios are named in the abstract of the paper; `reconstructed` ones
# are our reading of it. A cell without judged trials is `not tested`.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
from nsm_resilience.analysis.figures.result_table import describe_result_table, draw_result_table
from nsm_resilience.analysis.inputs import Inputs

given = Inputs.of(tables, campaign, figures)
scenarios, trials, claims = (given.table(name) for name in ("scenarios", "trials", "claims"))

# %%
scenarios.loc[:, "scenario":"agreement"]

# %% [markdown]
# The same as a picture. A wide interval means too few trials to tell.
# There is no interval on the number of supported scenarios: the nine were chosen, not sampled.

# %%
description = describe_result_table(scenarios, trials)
given.save(draw_result_table(scenarios, given.names), description)

# %% [markdown]
# The answers to the three claims of the abstract, and why.

# %%
claims[["claim", "plane", "agreement", "text", "why"]]

# %% [markdown]
# Attempts without a verdict count in no n, and are shown here.

# %%
undecided = trials[~trials["verdict"].isin(["supported", "unsupported"])]
undecided[["trial", "attempt", "verdict", "reason"]]

# %%
print(description.sources(tables))
