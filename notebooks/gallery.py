# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # All trials of a cell, side by side
#
# Do the trials of one cell look alike? Each panel is a trial: its replies, the components and
# sockets that changed, the fault, on one time axis. Attempts without a verdict are listed below.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept
cell = ""  # such as S3-kernel-monitored-kill; empty: the one whose path was interrupted most often
most = 12  # panels at most

# %%
from nsm_resilience.analysis.figures.cells import in_order, judged
from nsm_resilience.analysis.inputs import Inputs
from nsm_resilience.tables.attempts import that_count

given = Inputs.of(tables, campaign, figures)
trials = in_order(given.table("trials"))
trials["cell"] = trials["trial"].map(lambda trial: trial.partition("/")[0])
cells = judged(trials).groupby("cell", sort=False)["interruptions"].agg(["size", "mean"])
cells.rename(columns={"size": "judged trials", "mean": "interruptions in each, mean"})

# %%
if not cell and len(cells):
    cell = str(cells["mean"].astype(float).idxmax())
own = trials[trials["cell"] == cell]
decided = that_count(own)
decided = decided[decided["watch_s"].notna()]
chosen = decided.head(most)
if own.empty:
    print(f"No trial of {cell}." if cell else "No trial was judged.")
print(f"{cell or 'no cell'}: {len(chosen)} of {own['trial'].nunique()} trials are drawn")

# %%
given.panels(chosen, list(chosen["trial"]), "gallery", f"All trials of {cell}")

# %%
chosen[["trial", "attempt", "verdict", "outage_s", "outage_censored", "interruptions", "reason"]]

# %% [markdown]
# Attempts of the same cell without a verdict, or superseded:

# %%
own.loc[~own.index.isin(judged(own).index), ["trial", "attempt", "verdict", "reason"]]
