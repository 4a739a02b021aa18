# SPDX-License-Identifier: Apache-2.0
"""A YAML file as plain data with the line of each value, read by strict rules.

YAML 1.1, which PyYAML reads, takes `yes` for true, `0123` for 83, `1:30` for 90, `1_000` for 1000,
and silently keeps the second of two equal keys. Here a number has decimal digits, a truth value is
`true` or `false`, an empty value is `null`, `~` or empty, and every other plain word is text. A
duplicate key is an error, and so is an encoding other than UTF-8.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.composer import Composer
from yaml.resolver import BaseResolver

LARGEST = 16 * 2**20
"""Bytes. A study of all pairs of failures has less than one MiB."""
MOST_VALUES = 50_000
"""Values in one file, including those that anchors repeat."""

WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*|(?=\.))(\.[0-9]*)?([eE][-+]?[0-9]+)?")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
NOTHING = ("", "~", "null", "Null", "NULL")
TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

Location = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Place:
    """The line of a value, and its text if it is a scalar."""

    line: int
    written: str | None = None
    source: str = ""
    """The file, or `--config`, where several are read as one."""


@dataclass(frozen=True)
class Document:
    """A file's data (dicts, tuples, scalars) with the place of each value by its location."""

    data: object
    places: Mapping[Location, Place] = field(default_factory=dict)


class NotReadable(ValueError):
    """A file is not valid; `problems` has one text for each reason, with its line in the file."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def read_yaml(path: Path) -> Document:
    """Read a YAML file; NotReadable with every mistake found."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise NotReadable(f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # a path with a NUL
        raise NotReadable(f"cannot be read: {error}") from error
    return parse_yaml(raw)


def parse_yaml(raw: bytes) -> Document:
    """Parse the bytes of a file; NotReadable as `read_yaml`."""
    if len(raw) > LARGEST:
        raise NotReadable(f"is larger than {LARGEST // 2**20} MiB; this is no file of settings")
    text = _decoded(raw)
    try:
        return _Builder().document(_node_of(text))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = error.character if isinstance(error.character, int) else ord(str(error.character))
        raise NotReadable(
            f"line {line}: there is a control character (U+{found:04X}); delete it"
        ) from error
    except yaml.MarkedYAMLError as error:
        raise NotReadable(_no_yaml(error, text)) from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, NotReadable):
            raise
        raise NotReadable(f"is not YAML: {error}") from error  # "\UFFFFFFFF" is no character
    except RecursionError as error:
        raise NotReadable("holds lists or mappings that are nested too deeply") from error


class _Composed(Composer, BaseResolver):
    """The nodes of a text, from events of libyaml, which takes a tenth of PyYAML's time.

    Python composes them, because libyaml would abort the process on lists that nest too deeply.
    """

    def __init__(self, text: str) -> None:
        Composer.__init__(self)
        BaseResolver.__init__(self)
        read = yaml.CBaseLoader(text)
        self.check_event, self.peek_event = read.check_event, read.peek_event
        self.get_event = read.get_event


def _node_of(text: str) -> yaml.Node | None:
    """The one document of a text.

    PyYAML reads again a text that libyaml rejects, for its error messages, and texts with tabs, of
    which libyaml accepts more than PyYAML.
    """
    if yaml.__with_libyaml__ and "\t" not in text:
        with suppress(yaml.YAMLError):
            return _Composed(text).get_single_node()
    return yaml.BaseLoader(text).get_single_node()


def _decoded(raw: bytes) -> str:
    for mark, name in (
        (b"\xff\xfe\x00\x00", "UTF-32"), (b"\x00\x00\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"),
    ):  # fmt: skip
        if raw.startswith(mark):
            raise NotReadable(_save_as_utf8(f"is {name}", name))
    raw = raw.removeprefix(b"\xef\xbb\xbf")  # the byte order mark of UTF-8 is allowed
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        if raw[:200].count(b"\0") * 3 > len(raw[:200]):
            end = "LE" if raw[1:2] == b"\0" else "BE"  # which iconv cannot tell without a mark
            raise NotReadable(_save_as_utf8("looks like UTF-16", f"UTF-16{end}"))
        raise NotReadable(f"line {line}: there is a NUL byte; this is no text")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"line {line}: is not UTF-8 (byte 0x{raw[error.start]:02X})"
        raise NotReadable(_save_as_utf8(found, "CP1252")) from error  # Latin-1 is a part of it


def _save_as_utf8(problem: str, name: str) -> str:
    return f"{problem}; save it as UTF-8, e.g. with `iconv -f {name} -t UTF-8 OLD > NEW`"


def _no_yaml(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "cannot be understood"
    if mark is None:
        return f"is not YAML: {problem}"
    lines = text.splitlines()
    shown = lines[mark.line] if mark.line < len(lines) else ""
    indent = shown[: len(shown) - len(shown.lstrip())]
    if "\t" in indent or "\\t" in problem:
        return f"line {mark.line + 1}: is indented with a tab; YAML takes spaces only"
    if "single document" in str(error.context):
        return f"line {mark.line + 1}: another document begins; write each to a file of its own"
    if "undefined alias" in problem:
        return f"line {mark.line + 1}: {problem}; text that begins with `*` goes in quotes"
    if "mapping values are not allowed" in problem:
        problem += "; text that holds `: ` goes in quotes"
    since = ""
    if error.context and error.context_mark and error.context_mark.line != mark.line:
        since = f", {error.context} from line {error.context_mark.line + 1}"
    hint = f" in `{shown.strip()[:60]}`" if shown.strip() else ""
    first = max(0, mark.line - 3)
    lookalike = _lookalike(lines[first : mark.line + 1], first + 1)
    return f"line {mark.line + 1}: is not YAML{hint}: {problem}{since}{lookalike}"


def _lookalike(lines: list[str], first: int) -> str:
    """The first sign of these lines that looks like a space or a colon of YAML, and is none."""
    for number, line in enumerate(lines, start=first):
        for sign in filter(lambda one: not one.isascii(), line):
            meant = unicodedata.normalize("NFKC", sign)
            if meant in (" ", ":", "-") or unicodedata.category(sign) == "Cf":
                name = unicodedata.name(sign, "without a name")
                return (
                    f"; line {number} holds U+{ord(sign):04X} ({name}), which is a letter to YAML: "
                    f"{f'write `{meant}`' if meant.isascii() else 'delete it'}"
                )
    return ""


def unprintable(text: str) -> str:
    r"""The first surrogate or control character of a text, as `U+…`; empty without one.

    A YAML file cannot hold one, but an escape such as "\uD800" can.
    """
    found = UNPRINTABLE.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


class _Builder:
    """Builds data from nodes, with their places; collects every problem instead of the first."""

    def __init__(self) -> None:
        self.places: dict[Location, Place] = {}
        self.problems: list[str] = []
        self.values = 0
        self.inside: set[int] = set()

    def document(self, node: yaml.Node | None) -> Document:
        if node is None:
            raise NotReadable("is empty")
        data = self.value(node, ())
        if self.problems:
            raise NotReadable(*dict.fromkeys(self.problems))
        return Document(data, self.places)

    def value(self, node: yaml.Node, location: Location) -> object:
        self.values += 1
        if self.values > MOST_VALUES:
            raise NotReadable(
                f"line {_line(node)}: anchors repeat more than {MOST_VALUES} values; write them out"
            )
        if id(node) in self.inside:
            raise NotReadable(f"line {_line(node)}: an anchor holds itself")
        self.places[location] = Place(_line(node), _written(node))
        self.inside.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                self.known_tag(node, "map")
                pairs = self.pairs(node).items()
                return {k: self.value(v, (*location, k)) for k, v in pairs}
            if isinstance(node, yaml.SequenceNode):
                self.known_tag(node, "seq")
                return tuple(self.value(v, (*location, n)) for n, v in enumerate(node.value))
            assert isinstance(node, yaml.ScalarNode)
            return self.single(node)
        finally:
            self.inside.discard(id(node))

    def pairs(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        """Keys with their nodes."""
        found: dict[str, yaml.Node] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            at = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(f"line {at}: a key is a word, not a list or a mapping")
            elif sign := unprintable(key.value):
                self.problems.append(f"line {at}: a key holds {sign}; delete it")
            elif key.value == "<<" and not key.style:
                self.problems.append(f"line {at}: `<<` merges nothing in here; write the keys out")
            elif key.value in found:
                first = lines[key.value]
                where = f"line {at}" if first == at else f"lines {first} and {at}"
                self.problems.append(f"`{key.value}:` is there twice, in {where}; keep one")
            else:
                found[key.value], lines[key.value] = value, at
        return found

    def single(self, node: yaml.ScalarNode) -> object:
        self.known_tag(node, "str")  # the tag of every word without an explicit tag
        text = str(node.value)
        if sign := unprintable(text):
            self.problems.append(
                f"line {_line(node)}: holds {sign}, which is no sign of a text; delete it"
            )
        return text if node.style else plain_value(text)

    def known_tag(self, node: yaml.Node, kind: str) -> None:
        if node.tag not in (_TAG + kind, "!"):
            name = node.tag.replace(_TAG, "!!")
            self.problems.append(
                f"line {_line(node)}: the tag `{name}` is not known here; remove it"
            )


def plain_value(text: str) -> object:
    """The value of a plain word of YAML; text unless it is a number, a truth value or empty.

    >>> [plain_value(word) for word in ("5", "0.5", "true", "~", "yes", "007", "1:30", "1_000")]
    [5, 0.5, True, None, 'yes', '007', '1:30', '1_000']
    """
    if text in NOTHING:
        return None
    if text in TRUTH:
        return TRUTH[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text) and any(sign.isdigit() for sign in text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _written(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.ScalarNode):
        return None
    quote = node.style if node.style in ("'", '"') else ""
    return f"{quote}{node.value}{quote}"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
