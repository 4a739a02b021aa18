# SPDX-License-Identifier: Apache-2.0
"""Every rule of the judge, in words, in one place.

`config/README.md` holds this text (rules_section.py), with the values that hold where a study says
nothing else. Tests check both ways: that every threshold of `Rules`, every number that decides in a
module of the judge, and every module that can make a verdict `unknown` is named by a rule, and that
a rule names none that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule.

    Attributes:
        module: Where it is decided, below `judge/`.
        keys: Fields of `Rules` and constants that the module decides it by.
        text: What it says; `{key}` stands for the value of a key, its own or another's.
        why: The reason that is given for it; empty where it is plain.
    """

    name: str
    module: str
    keys: tuple[str, ...]
    text: str
    why: str = ""


RULEBOOK: tuple[RuleText, ...] = (
    RuleText(
        "interruption",
        "outages",
        ("loss_run",),
        "So many echoes in a row, in the order sent, that were never answered within "
        "`echo_deadline_s` are an interruption: `loss_run` ({loss_run}). It lasts from the arrival "
        "of the last reply before it to the arrival of the first one after it. An echo that could "
        "not be sent is lost. Replies that are only late make none.",
        "{loss_run} echoes at the {interval_s} s between two are the tenth of a second that the "
        "first study (`study.yaml`) calls an interruption; now they must be lost, not late.",
    ),
    RuleText(
        "outage",
        "path",
        (),
        "From the begin of the first interruption that was not over before the fault to the end of "
        "the last one; to the end of the watch (censored) when the path did not come back. How "
        "long it was down in between, and in how many interruptions, stands beside it everywhere.",
    ),
    RuleText(
        "a living path",
        "settled",
        ("loss_share",),
        "Of the echoes outside interruptions at most `loss_share` ({loss_share}) are lost, in the "
        "whole watch and in the settle time at its end. A path that loses more is `dead`, whatever "
        "its runs are.",
        "Losses that fall independently, one in five of 50 echoes a second, make a run of five "
        "about once a minute (0.8 × 0.2⁵ × 3000 = 0.8): a path that loses more and shows no run is "
        "spared by their pattern, not by its health.",
    ),
    RuleText(
        "lateness",
        "lateness",
        ("late_reply_s",),
        "A reply that took longer than `late_reply_s` ({late_reply_s} s) is late. That is a "
        "measure of its own, and part of no outage.",
        "A quarter of the 2 s after which an echo is lost.",
    ),
    RuleText(
        "answering in time",
        "settled",
        ("late_reply_share",),
        "Of the echoes in the settle time at the end of the watch, outside interruptions, at most "
        "`late_reply_share` ({late_reply_share}) are answered late. A path that answers more of "
        "them late is `late`, and the trial unsupported.",
        "The share of losses above which a path does not live: what comes too late is of no more "
        "use than what is lost.",
    ),
    RuleText(
        "recovered and settled",
        "settled",
        ("settle_s", "tolerance_s"),
        "No interruption for `settle_s` ({settle_s} s; the clock is allowed {tolerance_s} s), at "
        "the end of the watch, of a path that lives and answers in time. The runner ends a watch "
        "early by the same function, at the instant at which it is so whatever becomes of the "
        "echoes that are still on their way.",
    ),
    RuleText(
        "pauses of our own prober",
        "coverage",
        ("probe_gap_s", "interval_s", "loss_run"),
        "A stretch in which our prober sent nothing is exempt: nothing sent is nothing lost. When "
        "it sent nothing for more than `probe_gap_s` ({probe_gap_s} s) in the watch, the trial is "
        "`unknown`; so it is when the last echo before the fault is older than `loss_run` "
        "intervals ({loss_run} × {interval_s} s), or the last one in the watch of a prober that "
        "sent nothing more: what was not sent there could have been the beginning of an outage.",
    ),
    RuleText(
        "echoes sent late",
        "coverage",
        ("late_fraction",),
        "More than `late_fraction` ({late_fraction}) of the echoes sent more than half an interval "
        "after they were due: `unknown`. This is about our prober, not about replies.",
    ),
    RuleText(
        "components watched",
        "coverage",
        ("component_gap_s",),
        "No sample of a node's components for more than {component_gap_s} s in the watch: "
        "`unknown`. That is ten intervals of {component_interval_s} s: readiness and restarts are "
        "steps, so that a short gap hides nothing.",
    ),
    RuleText(
        "steady state",
        "steady",
        ("steady_s", "steady_loss_fraction", "tolerance_s", "component_interval_s"),
        "For `steady_s` ({steady_s} s) before the fault no interruption, at most "
        "{steady_loss_fraction} of the echoes lost, at most `late_reply_share` late, every "
        "component running and ready, nothing restarted; else `unknown`. Left out are lost echoes "
        "at its very end that were sent no longer before the fault than the slowest reply in it "
        "took, and samples within `component_interval_s` ({component_interval_s} s) before the "
        "fault.",
    ),
    RuleText(
        "length of the watch",
        "path",
        ("watch_s", "tolerance_s"),
        "Until recovered and settled, by the echoes and by what the runner says, else for "
        "`watch_s` ({watch_s} s; the clock is allowed {tolerance_s} s); a shorter one is "
        "`unknown`.",
    ),
    RuleText(
        "new connection",
        "newconnection",
        ("new_connection_s", "tolerance_s"),
        "A new client on the client's node is answered within `new_connection_s` "
        "({new_connection_s} s), or its own `patience_s`. A probe that failed, or was given less, "
        "before it had a reply, or is contradicted by its own echoes: `unknown`. Of several the "
        "last one asked decides.",
    ),
    RuleText(
        "new clients together",
        "newclients",
        ("prompt_s",),
        "Who connects within `prompt_s` ({prompt_s} s) of asking was served. All were: `served`; "
        "the last asked connects after somebody who waited longer or in vain: `recovered`; it does "
        "not: `refused`. One alone that asks after the watch is `served` when it connects. The "
        "blind time is from the fault to the first connection after the first of those who were "
        "not served, an interval where all who waited had given up, censored where nobody "
        "connected any more, and not known where nobody asked in the watch.",
        "Ten seconds is the kubelet's first back-off: a client that was refused once asks again "
        "after that. In NSM of 2019 its own components wait as long for their first probe.",
    ),
    RuleText(
        "ordinary pod",
        "newconnection",
        (),
        "Whether a pod without NSM starts within the window `bystander_s` is measured and decides "
        "nothing.",
    ),
    RuleText(
        "proof of the fault",
        "injection",
        ("UNDONE_EARLY_S", "UNDONE_LATE_S"),
        "Every declared fault has a proof by the agent, else `not_injected`. A fault with `for_s` "
        "is undone at most {UNDONE_EARLY_S} s before and {UNDONE_LATE_S} s after its time; one "
        "without is not undone in its watch.",
    ),
    RuleText(
        "treatment",
        "watchdog",
        ("BEATS_MISSED", "ECHOES_BEFORE"),
        "An arm with a remedy had its watchdog on both nodes, in its mode, from before the fault "
        "to the end of the watch, and none of its looks was later than {BEATS_MISSED} beats; an "
        "arm without one had none; else `unknown`. An action is followed by a cut when the path "
        "answered then (an interruption that began up to {ECHOES_BEFORE} echoes before counts as "
        "after) and an interruption began within the settle time.",
    ),
    RuleText(
        "awake",
        "awake",
        ("LEAST_NS",),
        "A node's machine that slept for more than {LEAST_NS} s in the watch: `unknown`. Clocks "
        "stood still meanwhile, and no gap shows.",
    ),
    RuleText(
        "wall clocks",
        "wall_clock",
        ("STEP_NS", "SLEW", "APART_NS"),
        "Times of Kubernetes and of logs are turned into the runner's time by the difference that "
        "held then. A change of it by more than {STEP_NS} s (and {SLEW} of the time between, where "
        "clocks are slewed) is a step; hosts whose clocks differ by more than {APART_NS} s say "
        "nothing of one that nobody read. A first time that rests on what could be on either side "
        "is unknown.",
    ),
    RuleText(
        "what a trial depends on",
        "reached",
        (),
        "A trial of a second outage whose path did not come back and settle after the first one, "
        "or whose pods were not all Ready, within the time for it, and one whose spare endpoint "
        "was not registered before the fault, never had what it is about: `not_reached`, in no n; "
        "`unknown` when the record does not tell.",
    ),
    RuleText(
        "client or endpoint gone",
        "ended_workload",
        (),
        "Of a client that is deleted, or an only endpoint, not the path is asked but whether the "
        "survivor has released its end, and if the client is gone whether a new client connects.",
    ),
    RuleText(
        "begun together",
        "traces",
        ("shared_tolerance_s", "shared_least_s"),
        "Losses of different lanes of one cluster that begin no farther apart than "
        "`shared_tolerance_s` ({shared_tolerance_s} s) have begun together; so have stalls. Looked "
        "at, until the trial collects, are losses of as many echoes in a row as are sent in "
        "`shared_least_s` ({shared_least_s} s), from when the first of them was sent, and stalls: "
        "longer waits for any reply, from the last one before, in which echoes were sent and no "
        "such loss was.",
        "Two and a half intervals: the first echo lost may be sent an interval after what loses "
        "it, and half an interval late, in either lane. Five echoes are an interruption.",
    ),
    RuleText(
        "acts of another lane",
        "acts",
        ("UNDOING_NS",),
        "A fault is injected or undone, a mesh is installed, a lane wiped, a trial begins to "
        "collect. Of what is over at once, a kill or a deletion, nothing is undone. Where a record "
        "says only when undoing had ended, it may have begun {UNDOING_NS} s before, but not "
        "before the fault's time was over, or the phase in which it is undone began. A loss that "
        "begins within the tolerance after one of them, in another lane, follows on it; a stall "
        "alone does not, because stalls are so frequent that chance would do it.",
    ),
    RuleText(
        "shared between lanes",
        "shared",
        ("REBOOT_S", "MUCH_LONGER"),
        "What begins together with another lane's, or follows on its act, is shared; what begins "
        "with a fault or an undoing of its own trial is neither, nor does it share with others. "
        "Records are compared whose times are of one boot of one host; where they do not know it, "
        "whose wall clocks say the same within {REBOOT_S} s. A shared loss cannot be told from an "
        "outage of the trial's own when a fault or undoing of its own comes in it, when the path "
        "does not answer again, when it only follows on an act, or when it is more than "
        "{MUCH_LONGER} times as long as all that began with it. What chance does is counted by "
        "moving the other lanes by 7, 11, 13, 17 and 23 s either way.",
    ),
    RuleText(
        "disturbed by another lane",
        "disturbed",
        (),
        "An attempt with a shared stretch is judged with it and without. Where verdicts differ, or "
        "the outage (what became of the path, its length, and whether that is censored) rests on "
        "one that cannot be told from the trial's own, it is `unknown`; else the stretch is "
        "counted, and its echoes are taken as if answered in time. They stay among those sent. A "
        "watch that ended early because the path had come back from a shared loss is long enough "
        "when the settle time had passed since.",
    ),
    RuleText(
        "bound to its study",
        "expected",
        (),
        "What a record is judged by is its campaign's study. One that says anything else than the "
        "study of its scenario, factors, windows, probes and thresholds, is another trial's, or "
        "ran on a cluster that its campaign does not list: `unknown`.",
    ),
    RuleText(
        "possible",
        "plausible",
        ("PROMPT_NS", "LATEST_START_S"),
        "A record that cannot have come about as it says is `unknown`: echoes off their beat, sent "
        "before they were due or answered after they were given up (the deadline, the longest "
        "pause between two beats, and {PROMPT_NS} s), instants outside of the record, a watch "
        "longer than its window and the settle time, a pod that started {LATEST_START_S} s after "
        "its window, events or files missing that every trial has.",
        "These are bounds of the clock and of the protocol, not of a system under test.",
    ),
    RuleText(
        "files agree",
        "agreement",
        ("STOPPED_S", "ROUNDED_NS", "LOOK_S", "LAST_S"),
        "So is one whose files contradict each other: the table of the path does not begin when "
        "the prober saw its interface, a new client connected after its time or was given up "
        "before, its echoes were due before it asked or more than {STOPPED_S} s after its result; "
        "no reply came ({ROUNDED_NS} s apart) when a new client is said to have connected, or when "
        "the watch of a path ended that had settled; the runner had seen other losses than the "
        "table has, or none until {LOOK_S} s before the end of a watch in which the path was "
        "interrupted, or one where the echoes have none, nor a loss or a long wait in the last "
        "{LAST_S} s.",
    ),
    RuleText(
        "as the runner writes it",
        "protocol",
        ("DESCRIBED_S",),
        "So is one whose events do not come as one process writes them: phases out of their order, "
        "a time that goes back, what happens once in a trial twice, a restart count that falls, a "
        "snapshot from another time than its phase, a node or a new client that the trial has "
        "not, a start that its description puts {DESCRIBED_S} s apart.",
    ),
    RuleText(
        "the fault that was declared",
        "injected",
        (),
        "So is one whose fault is another than the study's: in a control, of another target, in "
        "another way, before its time, twice, proved or undone before it was injected, of a "
        "process, socket or pod that was not there; or whose process, proved to be gone or "
        "stopped, is at work in a later sample. What the system under test may have mended itself "
        "proves nothing.",
    ),
    # Rules of measures, which decide no verdict; claims C1 and C2 rest on the first two.
    RuleText(
        "shown",
        "detection",
        (),
        "`detected_s` is the first sign in the watch that somebody who watches the cluster can "
        "see: a restart count that rises, a readiness or another condition of a pod that turns "
        "bad, a Warning event of Kubernetes at its first and its last time, and a finding of the "
        "arm's watchdog, when it says so. A time in whole seconds is taken at the end of its "
        "second, when it had been shown for certain. No sign is a line of a log, what our own "
        "agent alone can see, that a pod was deleted, and what befalls pods that we start: new "
        "clients, ordinary pods, the watchdog's. Samples of the components count where nothing "
        "else tells. Claim C1 is about it. It decides no verdict.",
        "Kubernetes stamps events in whole seconds: a first sign by one may be up to a second "
        "earlier than it says.",
    ),
    RuleText(
        "told",
        "notification",
        (),
        "`notified_s` is the first time in the watch at which the client is told by what it has: a "
        "bad event in the log of the sidecar that watches its connection (a plain client has "
        "none), a bad condition of its pod, a Warning event about it, and what the arm's watchdog "
        "tells it. "
        "What it finds out itself, by an interface that is gone or a ping of its own, is none, "
        "nor is what a stream of ours hears. Where a part of the log is missing that could hold an "
        "earlier one, it is unknown; of a client that is itself broken nothing is asked. Claim C2 "
        "is about it. It decides no verdict.",
    ),
    RuleText(
        "told to one who listens",
        "listener",
        (),
        "`listener_told_s` is when our own stream, opened where the client's sidecar opens its "
        "own, first heard bad news: it broke, a connection is down, or is deleted where that is "
        "news. It says whether there was something to hear, and decides nothing.",
    ),
    RuleText(
        "what a watchdog did",
        "watchdog",
        (),
        "Its first finding and its first act count in the watch. All acts, and those that failed, "
        "are counted until the trial undoes its fault or collects, also those for a new client. "
        "Findings before any fault, in a control all, are false alarms.",
    ),
    RuleText(
        "a component that spins",
        "processor_time",
        ("SPIN_SHARE", "SPIN_S", "TICKS_PER_S"),
        "A component spins while its process uses at least {SPIN_SHARE} of one processor over "
        "{SPIN_S} s, counted in the kernel's {TICKS_PER_S} ticks a second. It decides no verdict.",
        "NSM's parts wait for each other nearly all the time; a start takes seconds at most.",
    ),
    RuleText(
        "verdict",
        "verdict",
        (),
        "`supported`: the path lives, was never interrupted or has recovered and settled, answers "
        "in time, and a new client connects. `unsupported`: anything else that was measured. Void, "
        "cut and unreadable attempts, and those on a cluster that changed, are `unknown`.",
    ),
)
