# SPDX-License-Identifier: Apache-2.0
"""Every configuration file is read by one strict rule, and refused in the words of its author."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsm_resilience.schemas import SCHEMAS
from nsm_resilience.study.load import ConfigError, load_recorded_study, load_study
from nsm_resilience.study.messages import PATTERNS
from nsm_resilience.study.models import Study
from nsm_resilience.study.retired import without_retired
from nsm_resilience.study.yaml_file import NotReadable, parse_yaml, plain_value, read_yaml
from nsm_resilience.systems.known import component_names
from nsm_resilience.testbed.config import load_testbed

ROOT = Path(__file__).parents[3]
STUDY = (ROOT / "config" / "quick.yaml").read_text(encoding="utf-8")
S6 = "{component: nsmd-k8s, node: client}"


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def problems(tmp_path: Path, content: str | bytes, load: Any = load_study) -> list[str]:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}:\n")
    return list(error.value.problems)


def changed(old: str, new: str) -> str:
    assert old in STUDY
    return STUDY.replace(old, new, 1)


def test_a_key_that_is_there_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    first, last = line_of(STUDY, "windows:"), STUDY.count("\n") + 1
    assert problems(tmp_path, STUDY + "windows: {steady_s: 5}\n") == [
        f"`windows:` is there twice, in lines {first} and {last}; keep one"
    ]
    line = line_of(STUDY, "trials: 1")
    assert problems(tmp_path, changed("trials: 1", "trials: 1, trials: 9")) == [
        f"`trials:` is there twice, in line {line}; keep one"
    ]
    inner = changed("faults: [{component: nsmd, node: client}]", "faults: []\n    faults: []")
    assert "`faults:` is there twice" in problems(tmp_path, inner)[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed: 1", "seed: yes", "seed: must be a whole number (you wrote `yes`)"),
        ("seed: 1", "seed: 0123", "seed: must be a whole number (you wrote `0123`)"),
        ("seed: 1", "seed: true", "seed: must be a whole number"),
        ("seed: 1", "seed: 1.0", "seed: must be a whole number"),
        ("seed: 1", "seed: 1_000", "seed: must be a whole number (you wrote `1_000`)"),
        ("seed: 1", "seed: " + "9" * 5000, "seed: must be a whole number (you wrote `999"),
        ("seed: 1", "seed: 1732880000000000000", "seed: must be less than 9007199254740992 (you"),
        ("seed: 1", "seed:", "seed: is empty; write `seed: "),
        ("seed: 1", "seed: -1", "seed: must be at least 0 (you wrote `-1`)"),
        ("watch_s: 45", "watch_s: 1:30", "watch_s: must be a number (you wrote `1:30`)"),
        ("watch_s: 45", "watch_s: 1e12", "windows, watch_s: must be at most 86400"),
        ("loss_run: 5", "prompt_s: 1e12", "judge, prompt_s: must be at most 86400"),
        ("loss_run: 5", "shared_least_s: 1e12", "judge, shared_least_s: must be at most 86400"),
        ("id: S6", "id: " + "S" * 240, "id: must have at most 40 letters (you wrote `SSS"),
        ("watch_s: 45", "watch_s: .inf", "watch_s: must be a number (you wrote `.inf`)"),
        ("watch_s: 45", "watch_s: .nan", "watch_s: must be a number"),
        ("watch_s: 45", "watch_s: 1e999", "watch_s: must be a number"),
        ("watch_s: 45", 'watch_s: "45"', 'watch_s: must be a number (you wrote `"45"`)'),
        ("watch_s: 45", "watch_s: 45s", "watch_s: must be a number (you wrote `45s`)"),
        ("name: quick", "name: 20261128", 'name: must be text; write `name: "20261128"`'),
        ("name: quick", "name: My Study", "small letters, digits and hyphens"),
        ("id: S6", "id: 6", "scenario 3, id: must be a letter, then letters and digits"),
        (f"[{S6}]", "nsmd-k8s", "faults: must be a list (you wrote `nsmd-k8s`); write for example "
         "`faults: [{component: nsmd, node: client}]`"),
        ("nsmd-k8s, node", "nsmd-k9s, node", "scenario S6, fault 1, component: must be one of: "
         f"{', '.join(component_names())} (you wrote "
         "`nsmd-k9s`); did you mean `nsmd-k8s`?"),
        (S6, S6.replace("client", "clinet"), "fault 1, node: must be one of: client, endpoint "
         "(you wrote `clinet`); did you mean `client`?"),
        ("claimed: supported", "clamed: supported", "scenario S1, clamed: `clamed` is no key here; "
         "did you mean `claimed:`?"),
        ("claims: [C0]", "claims: C0", "claims: must be a list (you wrote `C0`); write for example "
         "`claims: [C0]`"),
        ("    title: nsmd fails\n", "", "scenario S2, title: is missing; write `title: "),
        ("[S1, S2, S6]", "[S1, S22]", "campaign, arm 1: there is no scenario `S22`; did you mean "
         "`S2`?"),
        ("trials: 1", "trials: 0", "arm 1, trials: must be at least 1 (you wrote `0`)"),
        ("id: S6", "id: S6\n    spare_endpoint: 1", "must be `true` or `false` (you wrote `1`)"),
        (S6, "~", "scenario S6, fault 1: is empty; write `{component: nsmd, node: client}`"),
        (S6, "{whole_node: yes, node: client, for_s: 5}", "whole_node: must be true"),
        ("title: nsmd fails", "title: nsmd: fails", "text that holds `: ` goes in quotes"),
        ("    title", "\ttitle", "is indented with a tab; YAML takes spaces only"),
        ("quick", "!env X", "the tag `!env` is not known here"),
        ("seed: 1", "seed: !!python/name:os.system 1", "the tag `!!python/name:os.system`"),
        ("seed: 1", "seed: *x", "text that begins with `*` goes in quotes"),
        ("nsmd fails", "nsmd \x07 fails", "there is a control character (U+0007)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = changed(old, new)
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert told in found[0]
    number = int(found[0].removeprefix("line ").split(",")[0].split(":")[0])
    # the first line that differs, or for what is missing the one before it
    lines = zip(text.splitlines(), STUDY.splitlines(), strict=False)
    first = next(n for n, (mine, theirs) in enumerate(lines, start=1) if mine != theirs)
    assert abs(number - first) <= 2


SCENARIO_S2 = STUDY[STUDY.index("  - id: S2") : STUDY.index("  - id: S6")]
ARM = "{scenarios: [S1, S2, S6], trials: 1}"
FULL = "{scenarios: [S2], trials: 1, watch: full}"


@pytest.mark.parametrize(
    ("old", "new", "places", "told"),
    [
        (SCENARIO_S2, SCENARIO_S2 * 2, ["  - id: S2", "  - id: S2"],
         "scenario S2 is declared twice; give each its own id"),
        (ARM, "{scenarios: [S1, S1], trials: 3}", [", arm 1", "[S1, S1]"],
         "scenarios: S1 is listed twice; list it once"),
        (ARM, "{scenarios: S2, trials: 3, plane: [kernel, kernel]}", [", arm 1", "[kernel, ker"],
         "plane: kernel is listed twice; list it once"),
        (ARM, ARM + "\n  - {scenarios: [S6], trials: 2}", ["[S1, S2, S6]", "[S6], trials: 2"],
         "campaign: cell S6-kernel-monitored-kill is in two arms; keep it in one"),
        (ARM, "{scenarios: S22, trials: 1}", ["S22"], "campaign, arm 1: there is no scenario"),
        (ARM, FULL, ["watch: full"],
         "S2-kernel-monitored-kill-full: `watch: full` needs the study's longer windows"),
        (ARM, FULL + "\nfull: {watch_s: 30}", ["watch_s: 45", "full: {watch_s"],
         "full: watch_s (30) must be longer than that of `windows` (45)"),
        (ARM, FULL + "\nfull:\n  watch_s: 60\n  settle_s: 60", ["  watch_s: 60", "  settle_s: 60"],
         "settle_s (60) must be shorter than watch_s (60)"),
        (ARM, ARM + "\nprobes:\n  echo_deadline_s: 0.4", ["late_reply_s", "echo_deadline_s"],
         "judge: late_reply_s (0.5) must be shorter than probes.echo_deadline_s (0.4)"),
        ("late_reply_s: 0.5", "late_reply_s: 3", ["late_reply_s"], "judge: late_reply_s (3) must"),
        ("loss_run: 5", "loss_run: 1000000000000", ["watch_s: 45", "loss_run"],
         "judge: loss_run (1e+12) echoes, one every echo_interval_s (0.02), must be shorter than "
         "watch_s (45)"),
        ("loss_run: 5", "loss_run: 2250", ["watch_s: 45", "loss_run"], "judge: loss_run"),
        (ARM, ARM + "\nnew_clients:\n  - {at_s: 5}\n  - {at_s: 5.0}", ["{at_s: 5}", "{at_s: 5.0}"],
         "two new clients are client-5; give each its own"),
        (f"[{S6}]", f"[{S6}]\n    new_connection:\n      - client\n      - client",
         [", scenario S6", "      - client", "      - client"], "two new clients are client;"),
        (ARM, ARM.replace("trials: 1", "trials: 3") + "\nturns: {blocks: 1}", ["trials: 3"],
         "campaign, arm 1: with turns of 1 block(s)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told_with_all_its_lines(
    old: str, new: str, places: list[str], told: str, tmp_path: Path
) -> None:
    text = changed(old, new)
    way = places.pop(0) if places[0].startswith(", ") else ""
    lines, start = [], 0
    for part in places:
        start = text.index(part, start)
        lines.append(str(text[:start].count("\n") + 1))
        start += len(part)
    (found,) = problems(tmp_path, text)
    numbers = f"lines {' and '.join(lines)}" if len(lines) > 1 else f"line {lines[0]}"
    assert found.startswith(f"{numbers}{way}: {told}")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"- a\n- b\n", "at its top level there is a list"),
        (b"hello\n", "at its top level there is `hello`"),
        (STUDY.encode() + b"---\na: 1\n", "another document begins"),
        (STUDY.encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (STUDY.encode("utf-16-le"), "looks like UTF-16"),
        (STUDY.encode("utf-32"), "is UTF-32"),
        (STUDY.replace("nsmd fails", "nsmd fällt").encode("latin-1"), "is not UTF-8 (byte 0xE4)"),
        (STUDY.encode() + b"\0", "NUL byte"),
        (b"a: " + b"[" * 2000, "nested too deeply"),
        (b"a: &a [*a]\n", "an anchor holds itself"),
        (b"a: &a\n  <<: *a\n", "`<<` merges nothing in here"),
        (b"? [a]\n: b\n", "a key is a word"),
        (b'name: "\\UFFFFFFFF"\n', "is not YAML"),
        (b'name: "\\uD800"\n', "line 1: holds U+D800"),
        (b'a: 1\nname: "a\\e[31m"\n', "line 2: holds U+001B"),
        (b'"a\\0": 1\n', "a key holds U+0000"),
    ],
)
def test_what_is_no_study_at_all_is_told_in_one_line(
    content: bytes, told: str, tmp_path: Path
) -> None:
    (found,) = problems(tmp_path, content)
    assert told in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed: 1", "s\u0435ed: 1", "U+0435 is CYRILLIC SMALL LETTER IE; did you mean `seed:`?"),
        ("seed: 1", "\u00a0seed: 1", "`\\xa0seed` is no key here, in which U+00A0 is NO-BREAK"),
        ("id: S1", "id: \u04211", "(you wrote `\u04211`, in which U+0421 is CYRILLIC CAPITAL"),
        ("id: S1", 'id: "S1\u200b"', '(you wrote `"S1\\u200b"`, in which U+200B is ZERO WIDTH'),
        ("seed: 1", "seed: \uff11", "seed: must be a whole number (you wrote `\uff11`)"),
        ("name: quick", "name:\u00a0quick", "(NO-BREAK SPACE), which is a letter to YAML"),
        ("seed: 1", "seed\uff1a1", "U+FF1A (FULLWIDTH COLON), which is a letter to YAML"),
        ("seed: 1", "seed:\u200b1", "(ZERO WIDTH SPACE), which is a letter to YAML: delete it"),
    ],
)
def test_a_sign_that_only_looks_right_is_named(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    assert any(told in one for one in problems(tmp_path, changed(old, new)))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be"])
def test_the_encoding_that_is_advised_is_the_one_that_it_is(encoding: str, tmp_path: Path) -> None:
    """In Latin-1 an editor's curly quotes are control characters."""
    text = changed("nsmd fails", "nsmd\u2019s end")
    (found,) = problems(tmp_path, text.encode(encoding))
    told = re.search(r"iconv -f (\S+) ", found)
    assert told and text.encode(encoding).decode(told[1]) == text


FORMS = b"""
a: &x {b: 'it''s', c: "\\u00e9\\\n  d"}  # in quotes
e: *x
f: |
  two

  lines
g: >-
  one
  line
h: ! 7
i:
- - j
-
? k
: [l , {m: n, "o":p}]
"""


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML was built without libyaml")
def test_libyaml_reads_the_same_as_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    files = sorted(ROOT.glob("config/*.yaml"))
    fast = [parse_yaml(FORMS), *map(read_yaml, files)]
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert fast == [parse_yaml(FORMS), *map(read_yaml, files)]


def test_anchors_that_multiply_are_stopped() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    with pytest.raises(NotReadable, match="anchors repeat more than"):
        parse_yaml("\n".join(lines).encode())


def test_a_byte_order_mark_and_anchors_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + STUDY.encode())
    assert load_study(path).seed == 1
    data = parse_yaml(b"a: &a {x: 1}\nb: *a\n").data
    assert data == {"a": {"x": 1}, "b": {"x": 1}}


def test_plain_words_are_what_they_look_like() -> None:
    for word in ("yes", "no", "on", "off", "007", "0x10", "1:30", "1_000", "2026-11-28", "1e999",
                 ".inf", ".nan", "-", "+", ".", "e5"):  # fmt: skip
        assert plain_value(word) == word
    assert [plain_value(w) for w in ("-3", "+3", "0", "1e3", ".5", "5.", "-0.5e-2")] == [
        -3, 3, 0, 1000.0, 0.5, 5.0, -0.005,
    ]  # fmt: skip


@pytest.mark.parametrize("path", sorted(ROOT.glob("results/recorded/*/study.yaml")), ids=str)
def test_recorded_studies_are_read_as_they_always_were(path: Path) -> None:
    data = without_retired(yaml.safe_load(path.read_text("utf-8")))
    assert load_recorded_study(path) == Study.model_validate(data)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("testbed: {type: kindd}", "testbed, type: must be one of: kind, existing (you wrote "
         "`kindd`); did you mean `kind`?"),
        ("testbed: {type: kind, name: my..lab}", "joined by hyphens or single dots (you wrote "
         "`my..lab`); write for example `name: nsm-resilience`"),
        ("testbed: {type: existing, context: a, name: a.-b}", "joined by hyphens or single dots"),
        ("testbed: {type: kind, name: lab-}", "joined by hyphens or single dots"),
        ("testbed:\n  type: existing\n  name: a\n  context: b\n  nodes:\n  - [a, b]\n  - [c, a]",
         "lines 6 and 7, testbed: nodes: a is named twice"),
        ("testbed: {name: lab}", "testbed, type: is missing; write `type: "),
        ("testbed:", "testbed: is empty; write `testbed: {lanes: 1, "),
        ("testbed: {type: kind, lane: 2}", "`lane` is no key here; did you mean `lanes:`?"),
        ("testbed: {type: kind, lanes: two}", "lanes: must be a whole number (you wrote `two`)"),
        ("testbed: {type: existing, name: a, context: 7}", 'write `context: "7"`, in quotes'),
        ("testbed: {type: kind, images: {registry: https://registry.example.org}}",
         "a registry has no scheme and no slash at its end"),
        ("testbed:\n  type: kind\n  images: {systems: {nsm-v1.18.0: {registry: a.example/}}}",
         "line 3, testbed, images, systems, nsm-v1.18.0, registry: a registry has no scheme"),
        ('testbed: {type: existing, name: a, context: b, kubeconfig: ""}',
         'kubeconfig: must be the path of a file (you wrote `""`); write for example '
         '`kubeconfig: ~/.kube/config`'),
        ("testbed: {type: existing, name: a, context: b, nodes: [[a, b], [c]]}",
         "lane 2, item 2: is missing; write `nodes: [[worker-1, worker-2]]`"),
    ],
)  # fmt: skip
def test_a_testbed_is_refused_in_the_same_way(content: str, told: str, tmp_path: Path) -> None:
    assert told in problems(tmp_path, content, load_testbed)[0]


@pytest.mark.parametrize("name", ["lab", "my.lab", "a-b.c--d", "2-lanes"])
def test_a_host_name_is_the_name_of_a_testbed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"testbed: {{type: kind, name: {name}}}")
    assert load_testbed(path).name == name


def leaves(data: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    return [way, *(leaf for key, value in items for leaf in leaves(value, (*way, key)))]


def test_no_message_is_pydantics_own(tmp_path: Path) -> None:
    """Whatever stands in the place of whatever; a message also names a line and no Python type."""
    whole = yaml.safe_load(STUDY)
    for way in leaves(whole):
        for wrong in (None, [1], {"a": 1}, "x y", 1.5, 10**12):
            data = json.loads(json.dumps(whole))
            if not way:
                continue
            inner = data
            for part in way[:-1]:
                inner = inner[part]
            inner[way[-1]] = wrong
            path = tmp_path / "x.yaml"
            path.write_text(json.dumps(data))  # which is YAML as well, and written in no time
            try:
                load_study(path)
            except ConfigError as error:
                for line in error.problems:
                    for own in ("Input should", "tuple", "Tuple", "pydantic", "valid ", "NoneType",
                                "something else", "some text", "of another form"):  # fmt: skip
                        assert own not in line, (way, wrong, line)


def test_every_pattern_of_the_models_has_words() -> None:
    text = json.dumps([model.model_json_schema() for model in SCHEMAS.values()])
    patterns: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            patterns.update(v for k, v in node.items() if k == "pattern" and isinstance(v, str))
        for one in (
            node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        ):
            collect(one)

    collect(json.loads(text))
    assert patterns <= set(PATTERNS)
