# SPDX-License-Identifier: Apache-2.0
"""The tables: what every column means, its unit, and when it is empty.

Times are seconds; those ending in `_s` count from the fault unless the meaning says otherwise.
"""

from __future__ import annotations

from typing import get_args

from nsm_resilience.judge.altered import KEYS
from nsm_resilience.judge.components import ChangeKind
from nsm_resilience.study.scenario import Source
from nsm_resilience.tables.attempts import all_accounted_for, attempt_columns
from nsm_resilience.tables.campaigns import CAMPAIGNS, RULE_CHANGES
from nsm_resilience.tables.cell import CAMPAIGN, CELL, FACTORS, NODE, OF_ATTEMPT, SCENARIO, factor
from nsm_resilience.tables.columns import Rule, Table, amount, count, number, share, text, truth
from nsm_resilience.tables.controls import CONTROLS, PROCESSOR
from nsm_resilience.tables.disturbances import COINCIDENCES, DISTURBANCES
from nsm_resilience.tables.trials import TRIALS

SCENARIO_VERDICTS = ("supported", "flaky", "unsupported", "not tested", "not reached")
SCENARIO_AGREEMENTS = ("agrees", "differs", "not tested", "no claim")
CLAIM_AGREEMENTS = ("reproduced", "differs", "not tested")

_NONE_JUDGED = "no judged trial"
_TOO_FEW = "fewer than 6 judged trials cannot give 95 %"

SCENARIOS = Table(
    "scenarios",
    "One row per cell of the study, those without trials included.",
    (
        CAMPAIGN,
        SCENARIO,
        text("title", "what happens"),
        text("source", "where the scenario is from", one_of=get_args(Source)),
        *FACTORS,
        count("n", "trials judged supported or unsupported"),
        count("k", "of these, supported"),
        *attempt_columns(),
        text(
            "verdict",
            "supported = all of n; unsupported = none; flaky = some; not tested = n is 0; not "
            "reached = n is 0, and trials were run that are not_reached",
            one_of=SCENARIO_VERDICTS,
        ),
        share("wilson_low", "95 % Wilson interval of k/n", _NONE_JUDGED),
        share("wilson_high", "its upper end", _NONE_JUDGED),
        text(
            "claimed",
            "what the paper says",
            "it says nothing of the scenario, or the cell has a remedy or a second outage",
            ("supported", "unsupported"),
        ),
        text(
            "agreement",
            "verdict against claimed; flaky agrees with neither; not tested without a judged trial",
            one_of=SCENARIO_AGREEMENTS,
        ),
        amount(
            "outage_median_s",
            "median of outage_s over the n; infinite = among the censored",
            _NONE_JUDGED,
        ),
        amount(
            "outage_median_low_s",
            "95 % interval of the median by order statistics; infinite = censored",
            _TOO_FEW,
        ),
        amount("outage_median_high_s", "its upper end", _TOO_FEW),
        count("censored", "of the n, how many paths did not recover"),
        amount(
            "down_median_s",
            "median of down_s over the n, seconds without reply, summed up over interruptions; "
            "infinite = among the censored",
            _NONE_JUDGED,
        ),
        count("interruptions_most", "most interruptions of a trial"),
        count("blind_n", "of the n, in how many the blind time is known"),
        amount(
            "blind_median_s",
            "median of blind_s, the upper end of an interval, over these; infinite = among the "
            "censored",
            "known in none",
        ),
        count("blind_censored", "of the blind_n, in how many no new client connected any more"),
    ),
    ("campaign", *CELL),
    (
        Rule("every attempt is counted once", all_accounted_for),
        Rule("k is at most n", lambda t: t["k"] <= t["n"]),
        Rule("blind_n is at most n", lambda t: t["blind_n"] <= t["n"]),
        Rule("blind_censored is at most blind_n", lambda t: t["blind_censored"] <= t["blind_n"]),
        Rule("censored is at most n", lambda t: t["censored"] <= t["n"]),
        Rule(
            "not tested and not reached mean that n is 0",
            lambda t: t["verdict"].isin(["not tested", "not reached"]) == (t["n"] == 0),
        ),
        Rule(
            "not reached means that a trial is",
            lambda t: (t["verdict"] != "not reached") | (t["not_reached"] > 0),
        ),
        Rule(
            "an interval holds its share",
            lambda t: (
                (t["n"] == 0)
                | (
                    (t["wilson_low"] <= t["k"] / t["n"].clip(lower=1) + 1e-9)
                    & (t["k"] / t["n"].clip(lower=1) <= t["wilson_high"] + 1e-9)
                )
            ),
        ),
    ),
)

CLAIMS = Table(
    "claims",
    "The paper's three claims, for each forwarding plane.",
    (
        CAMPAIGN,
        text("claim", "id of the claim", one_of=("C0", "C1", "C2")),
        text("text", "the claim in our words"),
        factor("plane"),
        text("agreement", "the answer", one_of=CLAIM_AGREEMENTS),
        text("why", "its reason, in a sentence made from the data"),
        text("scenarios", "ids of the cells it was decided by, separated by `, `"),
    ),
    ("campaign", "claim", "plane"),
)

OUTAGES = Table(
    "outages",
    "Every interruption of an established path that was not over before the fault.",
    (
        *OF_ATTEMPT,
        count("number", "of this attempt, from 1", least=1),
        number("begin_s", "last reply before it; a little below 0 for an instant stop"),
        number("end_s", "first reply after it", "none came in the watch"),
        amount("length_s", "until the end of the watch when censored"),
        truth("censored", "whether no reply came in the watch any more"),
        count("echoes_lost", "echoes not answered"),
        count("first_seq", "first of them in samples/path"),
        count("last_seq", "last of them"),
    ),
    ("campaign", "trial", "attempt", "number"),
    (Rule("an end unless censored", lambda t: t["censored"] == t["end_s"].isna()),),
)

NEW_CLIENTS = Table(
    "new_clients",
    "Every new client that asked for the service after the fault: one row per client and attempt.",
    (
        *OF_ATTEMPT,
        *FACTORS,
        count("number", "of this attempt, from 1", least=1),
        text("new_client", "its id in the study"),
        number("asked_s", "when it asked", "the record does not say"),
        truth("answered", "whether it had a reply", "its probe failed"),
        amount("waited_s", "from asking to the first reply", "it had none"),
        amount("window_s", "how long it was given", "the record does not say"),
        text("stage", "where it was when its window ended", "the record does not say"),
    ),
    ("campaign", "trial", "attempt", "number"),
    (Rule("who waited had a reply", lambda t: t["waited_s"].isna() | t["answered"].eq(True)),),
)

COMPONENTS = Table(
    "components",
    "What changed on the nodes: first the value just before the fault, then every new one.",
    (
        *OF_ATTEMPT,
        NODE,
        text("component", "component, or name of the socket"),
        number("t_s", "when this value was first sampled"),
        text("what", "what changed", one_of=get_args(ChangeKind)),
        text(
            "value",
            "process: `running <pid>`, `stopped <pid>`, `dead <pid>`, `gone`; restart: the count; "
            "ready: `true`, `false`; socket: `answers <inode>`, `silent <inode>`, `file <inode>`, "
            "`missing`",
        ),
    ),
    ("campaign", "trial", "attempt", "node", "component", "what", "t_s"),
)

PHASES = Table(
    "phases",
    "Where the time of every attempt went.",
    (
        *OF_ATTEMPT,
        text("phase", "phase of the trial"),
        number("begin_s", "when it began", "there was no fault to count from"),
        amount("seconds", "how long it took", "it was not ended"),
    ),
    (),
)

SENSITIVITY = Table(
    "sensitivity",
    "What another value of one of the judge's rules would change: one row for each value.",
    (
        CAMPAIGN,
        text("rule", "the rule, as its key in a study file", one_of=tuple(KEYS)),
        amount("value", "the value that is tried"),
        amount("own_value", "the study's own"),
        count("n", "complete attempts"),
        count("verdicts_changed", "of these, with another verdict"),
        count("paths_changed", "of these, with another path_verdict"),
        text("verdicts", "which, from what to what", "none"),
        text("paths", "which, from what to what", "none"),
    ),
    ("campaign", "rule", "value"),
    (
        Rule(
            "the study's own value changes nothing",
            lambda t: (
                (t["value"] != t["own_value"])
                | ((t["verdicts_changed"] == 0) & (t["paths_changed"] == 0))
            ),
        ),
        Rule("not more than there are", lambda t: t["verdicts_changed"] <= t["n"]),
    ),
)

TABLES: tuple[Table, ...] = (
    TRIALS,
    SCENARIOS,
    CLAIMS,
    OUTAGES,
    NEW_CLIENTS,
    DISTURBANCES,
    COINCIDENCES,
    COMPONENTS,
    PROCESSOR,
    CONTROLS,
    PHASES,
    SENSITIVITY,
    CAMPAIGNS,
    RULE_CHANGES,
)
