# SPDX-License-Identifier: Apache-2.0
"""The tables: what every column means, its unit, and when it is empty.

Times are seconds; those ending in `_s` count from the fault unless the meaning says otherwise.
"""

from __future__ import annotations

from typing import get_args

from nsm_resilience.judge.altered import KEYS
from nsm_resilience.judge.components import ChangeKind
from nsm_resilience.study.models import Source
from nsm_resilience.tables.attempts import all_accounted_for, attempt_columns
from nsm_resilience.tables.campaigns import CAMPAIGNS, RULE_CHANGES
from nsm_resilience.tables.cell import (
    ATTEMPT,
    CAMPAIGN,
    CELL,
    FACTORS,
    SCENARIO,
    TRIAL,
    factor,
)
from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.controls import CONTROLS, PROCESSOR
from nsm_resilience.tables.disturbances import COINCIDENCES, DISTURBANCES
from nsm_resilience.tables.efficiency import KINDS
from nsm_resilience.tables.trials import TRIALS

SCENARIO_VERDICTS = ("supported", "flaky", "unsupported", "not tested", "not reached")
SCENARIO_AGREEMENTS = ("agrees", "differs", "not tested", "no claim")
CLAIM_AGREEMENTS = ("reproduced", "differs", "not tested")

_INTERVAL_EMPTY = "no judged trial"
_MEDIAN_EMPTY = "no judged trial"
_MEDIAN_INTERVAL_EMPTY = "fewer than 6 judged trials cannot give 95 %"

SCENARIOS = Table(
    "scenarios",
    "One row per cell of the study, those without trials included.",
    (
        CAMPAIGN,
        SCENARIO,
        Column("title", "text", "what happens"),
        Column("source", "text", "where the scenario is from", one_of=get_args(Source)),
        *FACTORS,
        Column("n", "integer", "trials judged supported or unsupported", least=0),
        Column("k", "integer", "of these, supported", least=0),
        *attempt_columns(),
        Column(
            "verdict",
            "text",
            "supported = all of n; unsupported = none; flaky = some; not tested = n is 0; not "
            "reached = n is 0, and trials were run that are not_reached",
            one_of=SCENARIO_VERDICTS,
        ),
        Column(
            "wilson_low", "number", "95 % Wilson interval of k/n", _INTERVAL_EMPTY, least=0, most=1
        ),
        Column("wilson_high", "number", "its upper end", _INTERVAL_EMPTY, least=0, most=1),
        Column(
            "claimed",
            "text",
            "what the paper says",
            "it says nothing",
            one_of=("supported", "unsupported"),
        ),
        Column(
            "agreement",
            "text",
            "verdict against claimed; flaky agrees with neither; not tested without a judged trial",
            one_of=SCENARIO_AGREEMENTS,
        ),
        Column(
            "outage_median_s",
            "number",
            "median of outage_s over the n; infinite = among the censored",
            _MEDIAN_EMPTY,
            least=0,
        ),
        Column(
            "outage_median_low_s",
            "number",
            "95 % interval of the median by order statistics; infinite = censored",
            _MEDIAN_INTERVAL_EMPTY,
            least=0,
        ),
        Column(
            "outage_median_high_s", "number", "its upper end", _MEDIAN_INTERVAL_EMPTY, least=0
        ),
        Column("censored", "integer", "of the n, how many paths did not recover", least=0),
        Column(
            "down_median_s",
            "number",
            "median of down_s over the n: seconds without reply, summed up over interruptions",
            _MEDIAN_EMPTY,
            least=0,
        ),
        Column(
            "interruptions_median", "number", "median of interruptions", _MEDIAN_EMPTY, least=0
        ),
        Column("interruptions_most", "integer", "most interruptions of a trial", least=0),
        Column("blind_n", "integer", "of the n, in how many the blind time is known", least=0),
        Column("blind_median_s", "number",
               "median of blind_s over these; infinite = among the censored",
               "known in none", least=0),
        Column("blind_censored", "integer",
               "of the blind_n, in how many no new client connected any more", least=0),
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
            lambda t: (t["n"] == 0)
            | ((t["wilson_low"] <= t["k"] / t["n"].clip(lower=1) + 1e-9)
               & (t["k"] / t["n"].clip(lower=1) <= t["wilson_high"] + 1e-9)),
        ),
    ),
)  # fmt: skip

CLAIMS = Table(
    "claims",
    "The paper's three claims, for each forwarding plane.",
    (
        CAMPAIGN,
        Column("claim", "text", "id of the claim", one_of=("C0", "C1", "C2")),
        Column("text", "text", "the claim in our words"),
        factor("plane"),
        Column("agreement", "text", "what came of it", one_of=CLAIM_AGREEMENTS),
        Column("why", "text", "in a sentence made from the data"),
        Column("scenarios", "text", "ids of the cells it was decided by, separated by `, `"),
    ),
    ("campaign", "claim", "plane"),
)

OUTAGES = Table(
    "outages",
    "Every interruption of an established path that was not over before the fault.",
    (
        CAMPAIGN,
        TRIAL,
        ATTEMPT,
        SCENARIO,
        *map(factor, ("plane", "client", "failure")),
        Column("number", "integer", "of this attempt, from 1", least=1),
        Column("begin_s", "number", "last reply before it; a little below 0 for an instant stop"),
        Column("end_s", "number", "first reply after it", "none came in the watch"),
        Column("length_s", "number", "until the end of the watch when censored", least=0),
        Column("censored", "truth", "whether no reply came in the watch any more"),
        Column("echoes_lost", "integer", "echoes not answered", least=0),
        Column("first_seq", "integer", "first of them in samples/path", least=0),
        Column("last_seq", "integer", "last of them", least=0),
    ),
    ("campaign", "trial", "attempt", "number"),
    (Rule("an end unless censored", lambda t: t["censored"] == t["end_s"].isna()),),
)

NEW_CLIENTS = Table(
    "new_clients",
    "Every new client that asked for the service after the fault: one row per client and attempt.",
    (
        CAMPAIGN,
        TRIAL,
        ATTEMPT,
        SCENARIO,
        *FACTORS,
        Column("number", "integer", "of this attempt, from 1", least=1),
        Column("new_client", "text", "its id in the study"),
        Column("asked_s", "number", "when it asked", "the record does not say"),
        Column("answered", "truth", "whether it had a reply", "its probe failed"),
        Column("waited_s", "number", "from asking to the first reply", "it had none", least=0),
        Column("window_s", "number", "how long it was given", "the record does not say", least=0),
        Column("stage", "text", "where it was when its window ended", "the record does not say"),
    ),
    ("campaign", "trial", "attempt", "number"),
    (Rule("who waited had a reply", lambda t: t["waited_s"].isna() | t["answered"].eq(True)),),
)

COMPONENTS = Table(
    "components",
    "What changed on the nodes: first the value just before the fault, then every new one.",
    (
        CAMPAIGN,
        TRIAL,
        ATTEMPT,
        SCENARIO,
        Column("node", "text", "role of the node", one_of=("client", "endpoint")),
        Column("component", "text", "component, or name of the socket"),
        Column("t_s", "number", "when it was first sampled so"),
        Column("what", "text", "what changed", one_of=get_args(ChangeKind)),
        Column(
            "value",
            "text",
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
        CAMPAIGN,
        TRIAL,
        ATTEMPT,
        SCENARIO,
        Column("phase", "text", "phase of the trial"),
        Column("begin_s", "number", "when it began", "there was no fault to count from"),
        Column("seconds", "number", "how long it took", "it was not ended", least=0),
    ),
    (),
)

EFFICIENCY = Table(
    "efficiency",
    "Where the time of the lanes went, over the whole campaign: one row for each part.",
    (
        CAMPAIGN,
        Column("part", "text", "a phase, or the time between attempts", one_of=tuple(KINDS)),
        Column(
            "kind",
            "text",
            "study: it requires this time; system: its own start; ours: the harness; none: no lane "
            "time, the campaign stood still",
            one_of=tuple(dict.fromkeys(KINDS.values())),
        ),
        Column("n", "integer", "how often it came", least=0),
        Column("total_s", "number", "time of all lanes together", least=0),
        Column("share", "number", "of all lane time", "it is no lane time", least=0, most=1),
        Column("median_s", "number", "one of them", "it did not come", least=0),
        Column("most_s", "number", "the longest of them", "it did not come", least=0),
    ),
    ("campaign", "part"),
)

SENSITIVITY = Table(
    "sensitivity",
    "What another value of one of the judge's rules would change: one row for each value.",
    (
        CAMPAIGN,
        Column("rule", "text", "the rule, as its key in a study file", one_of=tuple(KEYS)),
        Column("value", "number", "the value that is tried", least=0),
        Column("own_value", "number", "the study's own", least=0),
        Column("n", "integer", "complete attempts", least=0),
        Column("verdicts_changed", "integer", "of these, with another verdict", least=0),
        Column("paths_changed", "integer", "of these, with another path_verdict", least=0),
        Column("verdicts", "text", "which, from what to what", "none"),
        Column("paths", "text", "which, from what to what", "none"),
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
    EFFICIENCY,
    SENSITIVITY,
    CAMPAIGNS,
    RULE_CHANGES,
)
