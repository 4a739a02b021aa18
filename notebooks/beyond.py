# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # Beyond the nine, and the remedy
#
# A campaign of its own: the nine and scenarios of ours, each without a remedy and with the
# watchdog, in one shuffle. A cell with a remedy is compared with the one that differs in nothing
# else; cells that were not judged in both are not compared.

# %% tags=["parameters"]
tables = "results/beyond/beyond-2026-11/tables"
remedy_tables = "results/tables"
campaign_dir = "results/unpacked/beyond-2026-11"
figures = "results/figures"

# %%
from pathlib import Path

import pandas as pd

from nsm_resilience.analysis.figures.remedies import describe_remedies, draw_remedies
from nsm_resilience.analysis.inputs import Inputs

inputs = Inputs.of(tables, campaign_dir, figures)
trials = inputs.table("trials")
remedies = pd.read_parquet(Path(remedy_tables, "remedies.parquet"))
arms = pd.read_parquet(Path(remedy_tables, "arms.parquet"))

# %% [markdown]
# The arms as a whole. Of the nine one cell each is counted, as for claim C0; `tested` says how many
# of them this campaign has judged trials of.

# %%
arms

# %% [markdown]
# The nine. Points are trials, in one lane for each arm.

# %%
nine = describe_remedies(trials, remedies, "remedies")
inputs.save(draw_remedies(trials, remedies, inputs.names, inputs.watch_s, nine.name), nine)

# %% [markdown]
# Beyond the nine.

# %%
beyond = describe_remedies(trials, remedies, "beyond")
inputs.save(draw_remedies(trials, remedies, inputs.names, inputs.watch_s, beyond.name), beyond)

# %% [markdown]
# Each cell with a remedy against its own without: difference of shares with Newcombe's interval,
# Fisher's exact test, and Cliff's delta of times, below zero where the remedy makes them shorter.
# All p are exact and adjusted (Holm); one is empty where so few trials cannot give 0.05, and the
# least that is possible stands beside it. With three trials each, none against all is no proof.

# %%
remedies.loc[
    remedies["share_difference"].notna(),
    [
        "scenario", "client", "failure", "remedy", "k", "n", "share_difference", "share_low",
        "share_high", "fisher_holm_p", "fisher_least_p", "outage_delta", "outage_holm_p",
        "outage_least_p", "detected_delta", "detected_holm_p", "detected_least_p",
        "notified_delta", "notified_holm_p", "notified_least_p",
    ],
]  # fmt: skip

# %% [markdown]
# What the watchdog did: when it first found something, how often it acted, false alarms, and paths
# that answered and stopped within the settle time after an action.

# %%
remedies.loc[
    remedies["watched"] > 0,
    [
        "scenario", "client", "failure", "remedy", "watched", "found", "found_median_s",
        "acts_per_trial", "acts_failed", "alarmed", "cut", "cut_known",
    ],
]  # fmt: skip

# %%
print(nine.sources(tables))
print(beyond.sources(tables))
