# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # How long the path was away
#
# An outage runs from the last reply before the first interruption to the first reply after the last
# one. A path that was not back when the watch ended is *censored*: its outage is longer than drawn,
# by an unknown time.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
from nsm_resilience.analysis.figures.outages import (
    describe_outages,
    draw_outages,
    reference_lines,
)
from nsm_resilience.analysis.figures.survival import describe_survival, draw_survival
from nsm_resilience.analysis.inputs import Inputs
from nsm_resilience.tables.cell import CELL

given = Inputs.of(tables, campaign, figures)
trials, scenarios = given.table("trials"), given.table("scenarios")
watch_s = given.study.longest_watch_s

# %% [markdown]
# Every judged trial is a point; void and cut attempts measured nothing and are not here. The black
# tick is the median of a cell, the bar its interval from order statistics (none below six trials).
# Dashed lines are time constants of the systems shown; their meanings are below.

# %%
outages = describe_outages(trials)
given.save(draw_outages(trials, scenarios, given.names, watch_s), outages)

# %%
for at_s, what in reference_lines(trials).items():
    print(f"{at_s:g} s: {what}")

# %% [markdown]
# The same as survival curves (Kaplan–Meier), for cells with enough trials and an interrupted path
# among them. A curve that ends above zero is a cell in which some paths did not come back; the tick
# at its end is the end of their watch.

# %%
survival = describe_survival(trials)
given.save(draw_survival(trials, given.names, watch_s), survival)

# %%
scenarios.loc[
    scenarios["n"] > 0,
    [
        *CELL, "n", "censored",
        "outage_median_s", "outage_median_low_s", "outage_median_high_s",
    ],
]  # fmt: skip

# %%
print(outages.sources(tables))
print(survival.sources(tables))
