# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # Two campaigns side by side
#
# Cells are matched by scenario and levels. Where each campaign has one level of a factor and the
# two are different (one forwarding plane each, say), that factor is what is compared. Campaigns are
# compared, not pooled: trials of one cluster share its state.

# %% tags=["parameters"]
tables = "results/tables"
campaign_dir = "results/unpacked/nsm-2019-kernel"
second_tables = "results/compare/nsm-2019-vpp/tables"
second_campaign_dir = "results/unpacked/nsm-2019-vpp"
figures = "results/figures"

# %%
from pathlib import Path

import pandas as pd

from nsm_resilience.analysis.comparison import contrasts_of
from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.analysis.figures.comparison import describe_comparison, draw_comparison
from nsm_resilience.analysis.style import save_figure
from nsm_resilience.report.sides import sides_of_tables
from nsm_resilience.study.load import load_recorded_study

comparison = pd.read_parquet(Path(tables, "comparison.parquet"))
times = pd.read_parquet(Path(tables, "comparison_times.parquet"))
environment = pd.read_parquet(Path(tables, "comparison_environment.parquet"))
first, second = sides_of_tables(Path(tables), Path(second_tables))
studies = [
    load_recorded_study(Path(folder, "study.yaml"))
    for folder in (second_campaign_dir, campaign_dir)
]
names = {key: name for study in studies for key, name in short_names(study).items()}
watch_s = max(study.longest_watch_s for study in studies)

# %% [markdown]
# What the two differ in throughout, if anything, and how often a verdict is another.

# %%
for contrast in contrasts_of(first.scenarios, second.scenarios):
    print(
        f"{contrast.factor}: {contrast.first} in {first.name}, {contrast.second} in {second.name}"
    )
comparison["change"].value_counts()

# %%
comparison.loc[
    comparison["change"] != "neither",
    [
        "scenario", "client", "failure", "first_k", "first_n", "first_verdict",
        "second_k", "second_n", "second_verdict", "change", "share_difference",
        "share_low", "share_high", "fisher_holm_p", "fisher_least_p", "fisher_family",
    ],
]  # fmt: skip

# %% [markdown]
# Every judged trial is a point, the first campaign in the left panel, the second in the right one;
# black ticks are medians, bars their intervals. At the right, verdicts that are others in the
# second, and cells that one campaign alone has trials of.

# %%
description = describe_comparison(first, second)
save_figure(
    draw_comparison(first, second, names, watch_s),
    Path(figures, f"{description.name}.svg"),
    title=description.title,
    alt=description.alt,
)

# %% [markdown]
# Times. Cliff's delta is the chance that a trial of the second campaign is the longer one, less
# that of the first; its p is exact, of Gehan's form of the Mann–Whitney test, adjusted over all
# cells of a measure (Holm). It is empty where so few trials cannot give 0.05; `rank_least_p` is
# what they can. Infinite medians fall among trials that were not seen to end.

# %%
times.loc[
    (times["first_n"] > 0) & (times["second_n"] > 0),
    [
        "scenario", "client", "failure", "measure", "first_median_s", "second_median_s",
        "cliff_delta", "rank_p", "rank_holm_p", "rank_least_p", "rank_method", "rank_family",
    ],
]  # fmt: skip

# %% [markdown]
# What the campaigns were made with, where it differs.

# %%
environment.loc[environment["differs"], ["what", "first", "second"]]

# %%
print(description.sources(tables))
