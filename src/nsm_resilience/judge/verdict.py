# SPDX-License-Identifier: Apache-2.0
"""The verdict on a trial (study.md, "Verdict of a trial"), and the sentence that gives the reason.

A record that is void, cut, or implausible (plausible.py) is `unknown` without coming here. Else the
first problem decides, in the order of trial.py. Without a problem the path and the new client
decide; if the client or the only endpoint is gone, the survivor (ended_workload.py). Each rule in
words: rulebook.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from nsm_resilience.judge.ended_workload import EndedWorkload
from nsm_resilience.judge.evidence import Problem
from nsm_resilience.judge.first_sign import FirstSign
from nsm_resilience.judge.newclients import NewClients
from nsm_resilience.judge.newconnection import NewConnection
from nsm_resilience.judge.path import PathMeasure
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.watchdog import Watchdog

Verdict = Literal["supported", "unsupported", "unknown", "not_injected", "not_reached"]


def decide(
    problems: Iterable[Problem | None],
    path: PathMeasure,
    ended: EndedWorkload | None,
    new: NewConnection,
) -> tuple[Verdict, str]:
    """The verdict and, unless it is `supported` or `unsupported`, the reason as a clause."""
    first = next((problem for problem in problems if problem is not None), None)
    if first is not None:
        return first.verdict, first.text
    if ended is not None:
        supported = ended.released and (new.answered or ended.who == "endpoint")
    else:
        supported = path.verdict in ("alive", "recovered") and new.answered
    return ("supported" if supported else "unsupported"), ""


def explain(
    path: PathMeasure,
    clients: NewClients,
    ended: EndedWorkload | None,
    detection: FirstSign | None,
    notification: FirstSign | None,
    watchdog: Watchdog,
    *,
    control: bool,
    rules: Rules,
) -> str:
    """One sentence with the numbers behind `supported` or `unsupported`.

    `detection` and `notification` are given only for scenarios whose claim is about them. The
    watchdog is mentioned if there was one.
    """
    new = _new_clauses(clients, rules)
    clauses = [*_path_clauses(path, rules), *new] if ended is None else _ended_clauses(ended, new)
    clauses += _watchdog_clauses(watchdog)
    if detection is not None:
        clauses.append(_shown_clause(detection))
    if notification is not None:
        clauses.append(_told_clause(notification))
    comma = "," if len(clauses) > 2 else ""
    sentence = ", ".join(clauses[:-1]) + f"{comma} and " + clauses[-1]
    return sentence_of(f"without a fault {sentence}" if control else sentence)


def sentence_of(clause: str) -> str:
    """A clause as a sentence."""
    return clause[:1].upper() + clause[1:] + ("" if clause.endswith(".") else ".")


def _shown_clause(detection: FirstSign) -> str:
    if detection.seconds is None:
        return detection.unknown or "nothing showed that something was wrong"
    return f"it was first shown {detection.seconds:.1f} s after the fault ({detection.by})"


def _told_clause(told: FirstSign) -> str:
    if told.seconds is not None:
        return f"the client was told {told.seconds:.1f} s after the fault by {told.by}"
    if told.unknown is None and not told.watched:
        return "whether the client was told was not recorded"
    return told.unknown or "the client was told nothing"


def _path_clauses(path: PathMeasure, rules: Rules) -> list[str]:
    first = path.outages[0] if path.outages else None
    if path.verdict == "alive":
        return [f"the path never stopped in the {path.watch_s:.1f} s watched ({_losses(path)})"]
    stayed = f"stayed so for the last {path.answering_s:.1f} s"
    if first is None:
        clauses = [f"the path was never interrupted ({_losses(path)})"]
    elif (last := path.outages[-1]).censored:
        number = len(path.outages)
        before = f", having stopped and come back {_times(number - 1)} since {first.begin_s:.1f} s"
        return [
            f"the path stopped for good {max(0.0, last.begin_s):.1f} s after the fault"
            f"{before if number > 1 else ''} ({_losses(path)})",
            f"did not answer again in the {path.watch_s:.1f} s watched",
        ]
    else:
        clauses = [
            f"the path stopped {max(0.0, first.begin_s):.1f} s and answered again "
            f"{last.end_s:.1f} s after the fault ({_losses(path)})"
        ]
        if path.verdict == "recovered":
            return [*clauses, stayed]
        if path.answering_s is not None and path.answering_s < rules.settle_s - rules.tolerance_s:
            clauses.append(
                f"was seen so for only {path.answering_s:.1f} s of the {rules.settle_s:g} s settle "
                "time before the watch ended"
            )
    if not path.lives:
        where = f"lost {path.lost_outside} of {path.sent_outside} echoes outside interruptions"
        if path.lost_outside <= rules.loss_share * path.sent_outside:
            where += " and, in the settle time at the end of the watch"
        clauses.append(f"{where}, more than the {100 * rules.loss_share:g} % of a living path")
    elif not path.in_time:
        clauses.append(
            f"answered more than {100 * rules.late_reply_share:g} % of the last echoes later than "
            f"{rules.late_reply_s:g} s"
        )
    return clauses


def _losses(path: PathMeasure) -> str:
    """Losses, down time and lateness, which go with every outage (issue 14, section 3)."""
    words = [f"{path.lost} of {path.sent} echoes lost"]
    if path.outages:
        number = len(path.outages)
        many = "1 interruption" if number == 1 else f"{number} interruptions"
        words.append(f"down for {path.down_s:.1f} s in {many}")
    if path.replies_late:
        words.append(
            f"{path.replies_late} answered late, the longest wait {path.longest_reply_s:.2f} s"
        )
    return ", ".join(words)


def _ended_clauses(ended: EndedWorkload, new: list[str]) -> list[str]:
    if ended.who == "client":
        return ["the client is gone and the path with it", ended.text, *new]
    return ["the only endpoint is gone and the path with it", ended.text]


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _new_clauses(clients: NewClients, rules: Rules) -> list[str]:
    """The results of the new clients that count, in the order asked, and the blind time."""
    if len(clients.counted) == 1 and clients.blind is None:
        return [f"a new client {_result_of(clients.last, rules)}"]
    clauses = [f"a new client asked {_asked_at(c)} {_result_of(c, rules)}" for c in clients.counted]
    if clients.blind is not None and clients.blind.seconds > 0:
        clauses.append(f"new clients were not taken for {clients.blind.in_words(1)}")
    return clauses


def _asked_at(new: NewConnection) -> str:
    return "at an unknown time" if new.asked_s is None else f"{new.asked_s:.1f} s after the fault"


def _result_of(new: NewConnection, rules: Rules) -> str:
    if new.answered is None:
        return "is unknown"
    if new.answered:
        return f"connected in {new.seconds:.1f} s"
    window = rules.new_connection_s if new.window_s is None else new.window_s
    stage = f" (it was at: {new.stage})" if new.stage else ""
    return f"did not connect within {window:g} s{stage}"


def _watchdog_clauses(watchdog: Watchdog) -> list[str]:
    if watchdog.findings is None:
        return []
    clauses = [
        "the watchdog found nothing"
        if watchdog.found_s is None
        else f"the watchdog first found something {watchdog.found_s:.1f} s after the fault "
        f"(rule {watchdog.found_rule})"
    ]
    if watchdog.acted_s is not None:
        clauses.append(
            f"it first acted {watchdog.acted_s:.1f} s after the fault "
            f"({_times(watchdog.acts or 0)} in all)"
        )
    elif watchdog.acts:
        clauses.append(f"it acted outside the watch alone ({_times(watchdog.acts)})")
    if watchdog.cut:
        clauses.append("the path, which had answered, stopped after an action of it")
    return clauses
