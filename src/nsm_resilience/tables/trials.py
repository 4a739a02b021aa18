# SPDX-License-Identifier: Apache-2.0
"""Table `trials`: one row for each attempt, with everything that was measured in it.

Times are seconds; those ending in `_s` count from the fault unless the meaning says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from nsm_resilience.judge.injection import ProofState
from nsm_resilience.judge.newclients import Service
from nsm_resilience.judge.path import PathVerdict
from nsm_resilience.judge.verdict import Verdict
from nsm_resilience.tables.cell import COMPANY, FACTORS, OF_ATTEMPT
from nsm_resilience.tables.columns import Rule, Table, amount, count, text, truth

if TYPE_CHECKING:
    import pandas as pd

_NOT_MEASURED = "not measured: the record is void, cut or unreadable, or the probe failed"
_NO_WATCHDOG = "there was no watchdog, or the record is void, cut or unreadable"
_NOT_ASKED_EARLY = "no new client asked in the watch, or one of them was not measured"
_NEVER_RAN = "there was no watchdog, or the record is unreadable"


def _judged_is_measured(table: pd.DataFrame) -> pd.Series:
    judged = table["verdict"].isin(["supported", "unsupported"])
    return ~judged | (table["outage_s"].notna() & table["new_connection_answered"].notna())


def _supported_is_whole(table: pd.DataFrame) -> pd.Series:
    whole = table["path_verdict"].isin(["alive", "recovered"]) & table[
        "new_connection_answered"
    ].fillna(False)
    # other rules judge a path whose client or endpoint is gone (judge/ended_workload.py)
    gone = table["path_verdict"] == "gone"
    return (table["verdict"] != "supported") | gone | whole.astype(bool)


UNKNOWN = {"detected_s": "detected_unknown", "notified_s": "notified_unknown"}
"""For the column of a time, the column that says why it is not known."""


def _filled_together(words: str, time: str) -> Rule:
    return Rule(f"{words} stands beside {time}", lambda t: t[time].isna() == t[words].isna())


TRIALS = Table(
    "trials",
    "One row per attempt of every trial, void and cut ones included.",
    (
        *OF_ATTEMPT,
        *FACTORS,
        text(
            "company",
            "whether it ran alone on the cluster, or side by side with others",
            "the study does not vary it",
            COMPANY,
        ),
        text("lane", "lane it ran in", "the record is unreadable"),
        text("started", "when it began, UTC", "the record is unreadable"),
        text("verdict", "verdict of the judge", one_of=get_args(Verdict)),
        text("reason", "why, in one sentence; `void: …` and `cut: …` are not judged"),
        text(
            "path_verdict",
            "alive = never interrupted; recovered = interrupted, and answering for the settle "
            "time at the end of the watch; late = so by its losses, but too many replies came late "
            "at the end; dead = none of these, or it lost too much outside interruptions; gone = "
            "dead because the client or its only endpoint was taken away, so that it need not "
            "recover; unknown = not measured",
            one_of=get_args(PathVerdict),
        ),
        amount(
            "outage_s",
            "seconds from the last reply before the first interruption to the first reply after "
            "the last one; 0 = never interrupted; to the end of the watch when censored",
            _NOT_MEASURED,
        ),
        truth(
            "outage_censored",
            "whether outage_s is a lower bound: recovery was not seen in the watch",
            _NOT_MEASURED,
        ),
        count("interruptions", "interruptions of the path", _NOT_MEASURED),
        amount("down_s", "seconds without reply, summed up over them", _NOT_MEASURED),
        count("replies_sent", "echoes sent in the watch", _NOT_MEASURED),
        count(
            "replies_lost",
            "of these, not answered; those shared with another lane (`disturbances`) count as "
            "answered, unless the attempt is unknown because of them",
            _NOT_MEASURED,
        ),
        count("lost_outside", "of these, outside interruptions", _NOT_MEASURED),
        count("replies_late", "echoes answered later than the judge's late_reply_s", _NOT_MEASURED),
        amount("longest_reply_s", "longest wait for a reply", f"no reply, or {_NOT_MEASURED}"),
        count("late_sends", "echoes sent more than half an interval late", _NOT_MEASURED),
        amount(
            "new_connection_s",
            "seconds from asking to the first reply to a new client; of several the last one asked",
            "not answered, or not measured",
        ),
        truth(
            "new_connection_answered",
            "whether a new client got a reply in its window; of several the last one asked",
            _NOT_MEASURED,
        ),
        text(
            "new_connection_verdict",
            "of all new clients: served = each connected promptly, or the only one, asked after "
            "the watch, connected; recovered = one waited or was refused, and the last connected; "
            "refused = the last did not; unknown = not measured",
            "the record is void, cut or unreadable",
            get_args(Service),
        ),
        amount(
            "blind_s",
            "seconds until the service took a new client again after one that it did not take "
            "promptly; 0 = it took each promptly; to the last refusal when censored",
            _NOT_ASKED_EARLY,
        ),
        amount(
            "blind_at_least_s",
            "until when a refusal is known: below blind_s where nobody asked in between",
            _NOT_ASKED_EARLY,
        ),
        truth(
            "blind_censored",
            "whether blind_s is a lower bound: no new client connected any more",
            _NOT_ASKED_EARLY,
        ),
        amount(
            "bystander_s",
            "seconds until an ordinary pod on the client's node had started",
            "it did not, or was not tried",
        ),
        truth("bystander_started", "whether it started in its window", "it was not tried"),
        amount(
            "detected_s",
            "seconds until Kubernetes, the system or the arm's watchdog first showed that "
            "something was wrong; by what is shown to the second at the end of that second",
            "nothing was shown in the watch, not measured, or not known: see detected_unknown",
        ),
        text("detected_by", "who showed what", "as detected_s"),
        text(
            "detected_unknown",
            "why nobody knows whether anything was shown, or what was first",
            "it is known, or not measured",
        ),
        amount(
            "notified_s",
            "seconds until the client was first told; to the second as in detected_s",
            "it was told nothing in the watch, not measured, or not known: see notified_unknown",
        ),
        text("notified_by", "by which channel", "as notified_s"),
        text(
            "notified_unknown",
            "why nobody knows whether the client was told, or what was first; `not applicable: …` "
            "if the client itself is broken",
            "it is known, or not measured",
        ),
        amount(
            "listener_told_s",
            "seconds until the system first told a client that listens, whether or not this one "
            "does",
            "it told nothing in the watch, or nobody listened: see listener_watched",
        ),
        text("listener_told_by", "what it told", "as listener_told_s"),
        truth(
            "listener_watched",
            "whether a stream of ours listened all the time; older records have none",
            "the record is void, cut or unreadable",
        ),
        amount(
            "watchdog_found_s",
            "seconds until the watchdog first found something",
            f"it found nothing in the watch; {_NO_WATCHDOG}",
        ),
        text("watchdog_found_rule", "the rule that found it", "as watchdog_found_s"),
        count("watchdog_findings", "findings in the watch", _NO_WATCHDOG),
        amount(
            "watchdog_acted_s",
            "seconds until the watchdog first acted",
            f"it did nothing in the watch; {_NO_WATCHDOG}",
        ),
        count(
            "watchdog_acts",
            "actions from its start until the trial undoes its fault or collects, of void attempts "
            "as well",
            _NEVER_RAN,
        ),
        count("watchdog_acts_failed", "of these, how many failed", _NEVER_RAN),
        count(
            "watchdog_false_alarms",
            "findings before any fault, in a control all of them; of void attempts as well",
            _NEVER_RAN,
        ),
        truth(
            "watchdog_cut",
            "whether a path that answered was interrupted within the settle time after an action "
            "of the watchdog: it may have lived without it",
            "the path was not measured, or not for the settle time after each action; "
            f"{_NO_WATCHDOG}",
        ),
        text(
            "injection_proof",
            "whether the fault is proved; `no fault` for a control",
            _NOT_MEASURED,
            get_args(ProofState),
        ),
        amount("watch_s", "length of the watch", _NOT_MEASURED),
        text("record", "folder of the record in the campaign"),
        text("evidence", "references into the record, a list in JSON"),
    ),
    ("campaign", "trial", "attempt"),
    (
        Rule("what is judged is measured", _judged_is_measured),
        Rule("supported means a path and a new client that work", _supported_is_whole),
        _filled_together("detected_by", "detected_s"),
        _filled_together("notified_by", "notified_s"),
        Rule(
            "what is not known has no time",
            lambda t: (
                (t["detected_unknown"].isna() | t["detected_s"].isna())
                & (t["notified_unknown"].isna() | t["notified_s"].isna())
            ),
        ),
        _filled_together("listener_told_by", "listener_told_s"),
        Rule(
            "what was heard was listened to",
            lambda t: t["listener_told_s"].isna() | t["listener_watched"].fillna(False),
        ),
        _filled_together("watchdog_found_rule", "watchdog_found_s"),
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
