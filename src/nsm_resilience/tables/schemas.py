# SPDX-License-Identifier: Apache-2.0
"""The tables: what every column means, its unit, and when it is empty.

Times are seconds; those ending in `_s` count from the fault unless the meaning says otherwise.
`CELL` are the columns that name a cell of the study: a scenario with one level of each factor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from nsm_resilience.judge.altered import KEYS
from nsm_resilience.judge.components import ChangeKind
from nsm_resilience.judge.injection import ProofState
from nsm_resilience.judge.newclients import Service
from nsm_resilience.judge.path import PathVerdict
from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.study.models import Client, Failure, Outage, Plane, Remedy, Source, Watch
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.tables.attempts import all_accounted_for, attempt_columns
from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.disturbances import COINCIDENCES, DISTURBANCES
from nsm_resilience.tables.efficiency import KINDS

if TYPE_CHECKING:
    import pandas as pd

CELL = ("scenario", "system", "plane", "client", "failure", "outage", "watch", "remedy")

COMPANY = ("alone", "side by side")

SCENARIO_VERDICTS = ("supported", "flaky", "unsupported", "not tested", "not reached")
SCENARIO_AGREEMENTS = ("agrees", "differs", "not tested", "no claim")
CLAIM_AGREEMENTS = ("reproduced", "differs", "not tested")

_NOT_MEASURED = "not measured: the record is void, cut or unreadable, or the probe failed"
_NO_WATCHDOG = "there was no watchdog, or the record is void, cut or unreadable"
_NOT_ASKED_EARLY = "no new client asked in the watch, or one of them was not measured"
_NEVER_RAN = "there was no watchdog, or the record is unreadable"


FACTOR_LEVELS: dict[str, tuple[str, ...]] = {
    "system": tuple(SYSTEMS),
    "plane": get_args(Plane),
    "client": get_args(Client),
    "failure": get_args(Failure),
    "outage": get_args(Outage),
    "watch": get_args(Watch),
    "remedy": get_args(Remedy),
}


def _factor(name: str) -> Column:
    return Column(name, "text", f"level of the factor {name}", one_of=FACTOR_LEVELS[name])


_CAMPAIGN = Column("campaign", "text", "name of the campaign")
_TRIAL = Column("trial", "text", "<cell id>/<number>")
_ATTEMPT = Column("attempt", "integer", "attempt of this trial, from 1", least=1)
_SCENARIO = Column("scenario", "text", "scenario of the study")
_FACTORS = tuple(_factor(name) for name in FACTOR_LEVELS)


def _judged_is_measured(table: pd.DataFrame) -> pd.Series:
    judged = table["verdict"].isin(["supported", "unsupported"])
    return ~judged | (table["outage_s"].notna() & table["new_connection_answered"].notna())


def _supported_is_whole(table: pd.DataFrame) -> pd.Series:
    whole = table["path_verdict"].isin(["alive", "recovered"]) & table[
        "new_connection_answered"
    ].fillna(False)
    # of a path whose client or endpoint is gone something else is asked (judge/ended_workload.py)
    gone = table["path_verdict"] == "gone"
    return (table["verdict"] != "supported") | gone | whole.astype(bool)


TRIALS = Table(
    "trials",
    "One row per attempt of every trial, void and cut ones included.",
    (
        _CAMPAIGN,
        _TRIAL,
        _ATTEMPT,
        _SCENARIO,
        *_FACTORS,
        Column(
            "company",
            "text",
            "whether it ran alone on the cluster, or side by side with others",
            "the study does not vary it",
            one_of=COMPANY,
        ),
        Column("lane", "text", "lane it ran in", "the record is unreadable"),
        Column("started", "text", "when it began, UTC", "the record is unreadable"),
        Column("verdict", "text", "verdict of the judge", one_of=get_args(Verdict)),
        Column("reason", "text", "why, in one sentence; `void: …` and `cut: …` are not judged"),
        Column(
            "path_verdict",
            "text",
            "alive = never interrupted; recovered = interrupted, and answering for the settle "
            "time at the end of the watch; late = so by its losses, but too many replies came late "
            "at the end; dead = none of these, or it lost too much outside interruptions; gone = "
            "dead because the client or its only endpoint was taken away, so that its end is not "
            "asked of; unknown = not measured",
            one_of=get_args(PathVerdict),
        ),
        Column(
            "outage_s",
            "number",
            "seconds from the last reply before the first interruption to the first reply after "
            "the last one; 0 = never interrupted; to the end of the watch when censored",
            _NOT_MEASURED,
            least=0,
        ),
        Column(
            "outage_censored",
            "truth",
            "whether outage_s is a lower bound: recovery was not seen in the watch",
            _NOT_MEASURED,
        ),
        Column("interruptions", "integer", "interruptions of the path", _NOT_MEASURED, least=0),
        Column(
            "down_s", "number", "seconds without reply, summed up over them", _NOT_MEASURED, least=0
        ),
        Column("replies_sent", "integer", "echoes sent in the watch", _NOT_MEASURED, least=0),
        Column("replies_lost", "integer", "of these, not answered", _NOT_MEASURED, least=0),
        Column(
            "lost_outside", "integer", "of these, outside interruptions", _NOT_MEASURED, least=0
        ),
        Column(
            "replies_late",
            "integer",
            "echoes answered later than the judge's late_reply_s",
            _NOT_MEASURED,
            least=0,
        ),
        Column(
            "longest_reply_s",
            "number",
            "longest wait for a reply",
            f"no reply, or {_NOT_MEASURED}",
            least=0,
        ),
        Column(
            "late_sends",
            "integer",
            "of these, sent more than half an interval late",
            _NOT_MEASURED,
            least=0,
        ),
        Column(
            "shared_losses",
            "integer",
            "losses shared with another lane: left out of the columns before, unless the attempt "
            "is unknown because of them (table `disturbances`)",
            _NOT_MEASURED,
            least=0,
        ),
        Column("shared_losses_s", "number", "seconds of them", _NOT_MEASURED, least=0),
        Column("shared_echoes_lost", "integer", "echoes lost in them", _NOT_MEASURED, least=0),
        Column("shared_stalls", "integer", "stalls shared likewise", _NOT_MEASURED, least=0),
        Column("shared_stalls_s", "number", "seconds of them", _NOT_MEASURED, least=0),
        Column(
            "new_connection_s",
            "number",
            "seconds from asking to the first reply to a new client; of several the last one asked",
            "not answered, or not measured",
            least=0,
        ),
        Column(
            "new_connection_answered",
            "truth",
            "whether a new client got a reply in its window; of several the last one asked",
            _NOT_MEASURED,
        ),
        Column(
            "new_connection_verdict",
            "text",
            "of all new clients: served = each connected promptly, or the only one, asked after "
            "the watch, connected; recovered = one waited or was refused, and the last connected; "
            "refused = the last did not; unknown = not measured",
            "the record is void, cut or unreadable",
            one_of=get_args(Service),
        ),
        Column(
            "blind_s",
            "number",
            "seconds until the service took a new client again after one that it did not take "
            "promptly; 0 = it took each promptly; to the last refusal when censored",
            _NOT_ASKED_EARLY,
            least=0,
        ),
        Column(
            "blind_at_least_s",
            "number",
            "until when a refusal is known: below blind_s where nobody asked in between",
            _NOT_ASKED_EARLY,
            least=0,
        ),
        Column(
            "blind_censored",
            "truth",
            "whether blind_s is a lower bound: no new client connected any more",
            _NOT_ASKED_EARLY,
        ),
        Column(
            "bystander_s",
            "number",
            "seconds until an ordinary pod on the client's node had started",
            "it did not, or was not tried",
            least=0,
        ),
        Column(
            "bystander_started", "truth", "whether it started in its window", "it was not tried"
        ),
        Column(
            "detected_s",
            "number",
            "seconds until Kubernetes, NSM or the arm's watchdog first showed that something was "
            "wrong",
            "nothing was shown in the watch, not measured, or not known: see detected_unknown",
            least=0,
        ),
        Column("detected_by", "text", "who showed what", "as detected_s"),
        Column(
            "detected_unknown",
            "text",
            "why nobody knows whether anything was shown, or what was first",
            "it is known, or not measured",
        ),
        Column(
            "notified_s",
            "number",
            "seconds until the client was first told",
            "it was told nothing in the watch, not measured, or not known: see notified_unknown",
            least=0,
        ),
        Column("notified_by", "text", "by which channel", "as notified_s"),
        Column(
            "notified_unknown",
            "text",
            "why nobody knows whether the client was told, or what was first",
            "it is known, or not measured",
        ),
        Column(
            "listener_told_s",
            "number",
            "seconds until NSM first told a client that listens, whether or not this one does",
            "it told nothing in the watch, or nobody listened: see listener_watched",
            least=0,
        ),
        Column("listener_told_by", "text", "what it told", "as listener_told_s"),
        Column(
            "listener_watched",
            "truth",
            "whether a stream of ours listened all the time; older records have none",
            "the record is void, cut or unreadable",
        ),
        Column(
            "watchdog_found_s",
            "number",
            "seconds until the watchdog first found something",
            f"it found nothing in the watch; {_NO_WATCHDOG}",
            least=0,
        ),
        Column("watchdog_found_rule", "text", "the rule that found it", "as watchdog_found_s"),
        Column("watchdog_findings", "integer", "findings in the watch", _NO_WATCHDOG, least=0),
        Column(
            "watchdog_acted_s",
            "number",
            "seconds until the watchdog first acted",
            f"it did nothing in the watch; {_NO_WATCHDOG}",
            least=0,
        ),
        Column(
            "watchdog_acts",
            "integer",
            "actions from its start until the pods are taken away, of void attempts as well",
            _NEVER_RAN,
            least=0,
        ),
        Column("watchdog_acts_failed", "integer", "of these, how many failed", _NEVER_RAN, least=0),
        Column(
            "watchdog_cleared_s",
            "number",
            "seconds until the last of its findings no longer held",
            f"one still holds at the end of the watch, or it found nothing; {_NO_WATCHDOG}",
            least=0,
        ),
        Column(
            "watchdog_false_alarms",
            "integer",
            "findings before any fault, in a control all of them; of void attempts as well",
            _NEVER_RAN,
            least=0,
        ),
        Column(
            "watchdog_cut",
            "truth",
            "whether a path that answered was interrupted within the settle time after an action "
            "of the watchdog: it may have lived without it",
            "the path was not measured, or not for the settle time after each action; "
            f"{_NO_WATCHDOG}",
        ),
        Column(
            "injection_proof",
            "text",
            "whether the fault is proved; `no fault` for a control",
            _NOT_MEASURED,
            one_of=get_args(ProofState),
        ),
        Column("watch_s", "number", "length of the watch", _NOT_MEASURED, least=0),
        Column("record", "text", "folder of the record in the campaign"),
        Column("evidence", "text", "references into the record, a list in JSON"),
    ),
    ("campaign", "trial", "attempt"),
    (
        Rule("what is judged is measured", _judged_is_measured),
        Rule("supported means a path and a new client that work", _supported_is_whole),
        Rule(
            "detected_by stands beside detected_s",
            lambda t: t["detected_s"].isna() == t["detected_by"].isna(),
        ),
        Rule(
            "notified_by stands beside notified_s",
            lambda t: t["notified_s"].isna() == t["notified_by"].isna(),
        ),
        Rule(
            "what is not known has no time",
            lambda t: (
                (t["detected_unknown"].isna() | t["detected_s"].isna())
                & (t["notified_unknown"].isna() | t["notified_s"].isna())
            ),
        ),
        Rule(
            "listener_told_by stands beside listener_told_s",
            lambda t: t["listener_told_s"].isna() == t["listener_told_by"].isna(),
        ),
        Rule(
            "what was heard was listened to",
            lambda t: t["listener_told_s"].isna() | t["listener_watched"].fillna(False),
        ),
        Rule(
            "watchdog_found_rule stands beside watchdog_found_s",
            lambda t: t["watchdog_found_s"].isna() == t["watchdog_found_rule"].isna(),
        ),
        Rule(
            "a watchdog only in an arm with one",
            lambda t: (t["remedy"] != "none") | t["watchdog_findings"].isna(),
        ),
        Rule(
            "who only observes does not act",
            lambda t: (
                (t["remedy"] != "observe")
                | ~t["verdict"].isin(["supported", "unsupported"])
                | ~(t["watchdog_acts"] > 0).fillna(False)
            ),
        ),
        Rule(
            "a refusal is known for no longer than the blind time",
            lambda t: t["blind_at_least_s"].fillna(0) <= t["blind_s"].fillna(0),
        ),
        Rule(
            "a path that never stopped has no outage",
            lambda t: (t["path_verdict"] != "alive") | (t["outage_s"] == 0),
        ),
        Rule(
            "an outage is as long as its interruptions, or longer",
            lambda t: ~(t["outage_s"] + 1e-4 < t["down_s"]).fillna(False),
        ),
        Rule(
            "losses outside interruptions are losses",
            lambda t: ~(t["lost_outside"] > t["replies_lost"]).fillna(False),
        ),
    ),
)

_INTERVAL_EMPTY = "no judged trial"
_MEDIAN_EMPTY = "no judged trial"
_MEDIAN_INTERVAL_EMPTY = "fewer than 6 judged trials cannot give 95 %"

SCENARIOS = Table(
    "scenarios",
    "One row per cell of the study, those without trials included.",
    (
        _CAMPAIGN,
        _SCENARIO,
        Column("title", "text", "what happens"),
        Column("source", "text", "where the scenario is from", one_of=get_args(Source)),
        *_FACTORS,
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
        Column("blind_median_low_s", "number",
               "95 % interval of it by order statistics; infinite = censored",
               "fewer than 6 cannot give 95 %", least=0),
        Column("blind_median_high_s", "number", "its upper end",
               "fewer than 6 cannot give 95 %", least=0),
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
        _CAMPAIGN,
        Column("claim", "text", "id of the claim", one_of=("C0", "C1", "C2")),
        Column("text", "text", "the claim in our words"),
        _factor("plane"),
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
        _CAMPAIGN,
        _TRIAL,
        _ATTEMPT,
        _SCENARIO,
        *map(_factor, ("plane", "client", "failure")),
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
        _CAMPAIGN,
        _TRIAL,
        _ATTEMPT,
        _SCENARIO,
        *_FACTORS,
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
        _CAMPAIGN,
        _TRIAL,
        _ATTEMPT,
        _SCENARIO,
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
        _CAMPAIGN,
        _TRIAL,
        _ATTEMPT,
        _SCENARIO,
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
        _CAMPAIGN,
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
        _CAMPAIGN,
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
    PHASES,
    EFFICIENCY,
    SENSITIVITY,
)
