# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # Walk the timeline of one trial
#
# Pick a cell and a trial. On its timeline the arrow keys move a reading line, plus and minus zoom,
# and dragging shows a stretch of time; below is the evidence of the verdict, line by line. With
# `interactive = False`, or without ipywidgets, one trial is drawn as a figure.

# %% tags=["parameters"]
tables = "results/tables"
campaign = ""  # empty: the first of the build, the paper's own
figures = ""  # a folder to keep the figures in; empty: they are shown and not kept
trial = ""  # empty: the first typical trial whose path was interrupted
attempt = 0  # 0: the one that counts
interactive = True

# %%
from IPython.display import display

from nsm_resilience.analysis.figures.cells import in_order
from nsm_resilience.analysis.figures.typical import typical_trials
from nsm_resilience.analysis.inputs import Inputs
from nsm_resilience.provenance.explain import explain
from nsm_resilience.site.widgets import find_judgement, picker, widgets_are_there
from nsm_resilience.tables.attempts import that_count

given = Inputs.of(tables, campaign, figures)
trials = in_order(given.table("trials"))
trials[["trial", "attempt", "verdict", "outage_s", "outage_censored", "reason"]]

# %% [markdown]
# All judged trials at a glance: how long the path was away, scenario by scenario. Zero: it never
# stopped. A path that had not come back is at the length of its watch.

# %%
import seaborn as sns

from nsm_resilience.analysis.figures.cells import judged
from nsm_resilience.analysis.style import VERDICT_MARKS, styled


@styled
def glance(judged_trials):
    colours = {verdict: mark.colour for verdict, mark in VERDICT_MARKS.items()}
    grid = sns.catplot(
        judged_trials, x="outage_s", y="scenario", hue="verdict", palette=colours, kind="strip",
        jitter=False, height=3.2, aspect=1.6, alpha=0.6,
    )  # fmt: skip
    grid.set(xscale="symlog", xlim=(-0.2, None), xlabel="outage of the path (s)", ylabel="")


if len(judged(trials)):
    glance(judged(trials))
else:
    print("No trial was judged.")

# %% [markdown]
# The first trial.

# %%
typical = typical_trials(trials)
if trial:
    own = trials[trials["trial"] == trial]
    chosen = own[own["attempt"] == attempt] if attempt else that_count(own)
else:
    interrupted = typical[typical["interruptions"] > 0]
    chosen = (interrupted if len(interrupted) else typical).head(1)
if chosen.empty:
    print(f"No such trial: {trial}, attempt {attempt}." if trial else "No trial was judged.")
chosen[["trial", "attempt", "verdict", "reason"]]

# %%
if interactive and len(chosen) and widgets_are_there():
    first = (str(chosen["trial"].iloc[0]), int(chosen["attempt"].iloc[0]))
    attempts = list(zip(trials["trial"], trials["attempt"].astype(int), strict=True))
    display(picker(attempts, first, given.verdicts, given.campaign))
elif interactive and len(chosen):
    print("For the interactive timeline: `make explore`, which installs ipywidgets.")

# %% [markdown]
# The same as a figure: replies above, and below them the components and sockets that changed.

# %%
drawn = chosen[chosen["watch_s"].notna()]  # a void attempt has no time axis
titles = [f"{t}, attempt {a}" for t, a in zip(drawn["trial"], drawn["attempt"], strict=True)]
given.panels(drawn, titles, "explore", "One trial")

# %%
for row in chosen.to_dict("records"):
    if given.verdicts.exists():
        judgement = find_judgement(given.verdicts, row["trial"], int(row["attempt"]))
        print("\n".join(explain(judgement, given.campaign)))
