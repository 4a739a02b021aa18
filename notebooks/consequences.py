# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # What broke, what was shown, who was told, and what the factors change
#
# A verdict joins several questions. Here they are apart, cell by cell: did the established path
# stop, did it come back, could a new client connect, could an ordinary pod start on the node, did
# anything show that something was wrong, and was the client told?

# %% tags=["parameters"]
tables = "results/tables"
campaign_dir = ""  # empty: the campaign that the tables are of
figures = "results/figures"

# %%
from nsm_resilience.analysis.figures.consequences import (
    describe_consequences,
    draw_consequences,
    table_of_consequences,
)
from nsm_resilience.analysis.figures.effects import (
    describe_effects,
    draw_effects,
    effects,
    table_of_effects,
)
from nsm_resilience.analysis.inputs import Inputs

given = Inputs.of(tables, campaign_dir, figures)
trials = given.table("trials")

# %%
consequences = describe_consequences(trials)
given.save(draw_consequences(trials, given.names), consequences)

# %%
table_of_consequences(trials)

# %% [markdown]
# The effect of a factor is read off pairs of cells that differ in its level and in nothing else:
# the difference of their shares of supported trials (Newcombe's interval), and the shift of their
# times in seconds (Hodges and Lehmann). What was not seen within the watch is censored: where that
# leaves a shift open to one side, a triangle stands at its bound; where to both, a cross.

# %%
pairs = effects(trials)
changes = describe_effects(trials)
given.save(draw_effects(pairs, given.watch_s), changes)

# %% [markdown]
# The numbers, with Cliff's delta (above 0: longer than at the level compared with) and p of a rank
# test, adjusted by Holm over the pairs of a factor.

# %%
table_of_effects(pairs)

# %%
print(consequences.sources(tables))
print(changes.sources(tables))
