# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # What broke, what was shown, who was told
#
# A verdict combines several questions. Here is each by itself, cell by cell: did the established
# path stop, did it come back, could a new client connect, could an ordinary pod start on the node,
# did anything show that something was wrong, and was the client told?

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept

# %%
from nsm_resilience.analysis.figures.consequences import describe_consequences, draw_consequences
from nsm_resilience.analysis.figures.refusals import (
    asked_clients,
    describe_refusals,
    draw_refusals,
)
from nsm_resilience.analysis.inputs import Inputs
from nsm_resilience.study.models import carrying

given = Inputs.of(tables, campaign, figures)
trials = given.table("trials")

# %%
consequences = describe_consequences(trials)
given.save(draw_consequences(trials, given.names), consequences)

# %% [markdown]
# How long are new clients refused after damage of sockets? Each client that asked is a line, in all
# campaigns of the build. If several ask in a trial, the first that connects ends the blind time.

# %%
damaged = carrying("C1", given.studies)
asked = asked_clients(given.whole("new_clients"), given.whole("trials"), damaged)
refusals = describe_refusals(asked)
given.save(draw_refusals(asked), refusals)

# %%
print(consequences.sources(tables))
print(refusals.sources(tables))
