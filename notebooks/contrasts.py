# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # Contrasts: what differs in one thing
#
# Two sets of trials that differ in one named thing (a level of a factor, whether others ran beside
# them, the campaign) and are matched by everything else. A difference is second less first.
# Campaigns are compared, never pooled: trials of one cluster share its state.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
import pandas as pd

from nsm_resilience.analysis.figures.contrasts import describe_contrasts, draw_contrasts
from nsm_resilience.analysis.inputs import Inputs

given = Inputs.of(tables, campaign, figures)
contrasts = pd.read_parquet(given.tables / "contrasts.parquet")
trials = given.whole("trials")

# %% [markdown]
# How many comparisons there are, and what is said of them. A word rests on the p and the interval
# that are adjusted over the whole family; `open` is shown neither to differ nor to be equal.

# %%
contrasts.groupby(["differs_in", "measure"], sort=False)["word"].value_counts().unstack(
    fill_value=0
)

# %% [markdown]
# Pairs of which something differs beyond chance. Points are estimates, bars adjusted intervals.
# Where censoring leaves an estimate open to one side, a triangle stands at its bound.

# %%
description = describe_contrasts(contrasts, trials)
given.save(draw_contrasts(contrasts), description)

# %%
contrasts.loc[
    ~contrasts["word"].isin(["open", "equal"]),
    [
        "differs_in", "first", "second", "scenario", "plane", "client", "failure", "measure",
        "first_value", "second_value", "difference", "low", "high", "p_adjusted",
        "method", "family_size", "word",
    ],
]  # fmt: skip

# %% [markdown]
# What the campaigns were made with, where they differ.

# %%
environments = pd.read_parquet(given.tables / "environments.parquet")
environments[~environments["shared"]].pivot(index="what", columns="campaign", values="value")

# %%
print(description.sources(tables))
