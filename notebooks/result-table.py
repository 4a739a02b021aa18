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
campaign_dir = ""  # empty: the campaign that the tables are of
figures = "results/figures"

# %%
from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.analysis.figures.result_table import (
    describe_result_table,
    draw_result_table,
    table_for_people,
)
from nsm_resilience.analysis.style import save_figure
from nsm_resilience.report.results import find_results
from nsm_resilience.study.load import load_study

results = find_results(tables, campaign_dir, figures)
scenarios, trials, claims = (results.table(name) for name in ("scenarios", "trials", "claims"))
names = short_names(load_study(results.campaign / "study.yaml"))

# %%
table_for_people(scenarios, names)

# %% [markdown]
# The same as a picture. An interval that reaches far from its point says: too few trials to tell.
# There is no interval on the number of supported scenarios: the nine were chosen, not sampled.

# %%
description = describe_result_table(scenarios, trials)
save_figure(
    draw_result_table(scenarios, names),
    results.figures / f"{description.name}.svg",
    title=description.title,
    alt=description.alt,
)

# %% [markdown]
# What becomes of the three claims of the abstract, and why.

# %%
claims[["claim", "plane", "agreement", "text", "why"]]

# %% [markdown]
# Attempts without a verdict count nowhere above, and are shown here.

# %%
undecided = trials[~trials["verdict"].isin(["supported", "unsupported"])]
undecided[["trial", "attempt", "verdict", "reason"]]

# %%
print(description.sources(tables))
