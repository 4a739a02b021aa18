# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # Contrasts: what differs in one thing
#
# A contrast compares two sets of trials that differ in one named thing (a level of a factor,
# another property of trials, the campaign) and are matched by everything else. If one campaign
# watched for longer, only times from the fault are compared, as far as the shorter watch reaches
# (`within_s`). A difference is second less first. Campaigns are compared, never pooled: trials of
# one cluster share its state.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
import pandas as pd

from nsm_resilience.analysis.figures.contrasts import describe_contrasts, draw_contrasts
from nsm_resilience.analysis.inputs import Inputs
from nsm_resilience.report.contrasts import COLUMNS, in_words

given = Inputs.of(tables, campaign, figures)
contrasts = pd.read_parquet(given.tables / "contrasts.parquet")
trials = given.whole("trials")

# %% [markdown]
# The comparisons, counted by word. A word rests on the p and the interval, both adjusted over the
# whole family; `open` means that neither a difference nor equality is shown.

# %%
contrasts.groupby(["differs_in", "measure"], sort=False)["word"].value_counts().unstack(
    fill_value=0
)

# %% [markdown]
# Pairs of cells with a difference beyond chance. Points are estimates, bars adjusted intervals. If
# censoring leaves an estimate open to one side, a triangle marks its bound.

# %%
description = describe_contrasts(contrasts, trials)
given.save(draw_contrasts(contrasts), description)

# %%
clear = contrasts[~contrasts["word"].isin(["open", "equal"])]
pd.DataFrame(map(in_words, clear.to_dict("records")), columns=["differs_in", *COLUMNS])

# %% [markdown]
# Facts of the campaigns that differ between them.

# %%
environments = pd.read_parquet(given.tables / "environments.parquet")
environments[~environments["shared"]].pivot(index="what", columns="campaign", values="value")

# %%
print(description.sources(tables))
