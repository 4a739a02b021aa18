# SPDX-License-Identifier: Apache-2.0
"""Mistakes in a configuration file, in the words of its author.

Each error of pydantic becomes one line with the place in the file, the scenario or arm, the nearest
known word, and a correct example.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

from nsm_resilience.nearest import did_you_mean, nearest
from nsm_resilience.study.mistake import Mistake
from nsm_resilience.study.yaml_file import Document, Location, Place

PATTERNS = {
    r"^[a-z0-9][a-z0-9-]*$": ("small letters, digits and hyphens", "my-study"),
    r"^[A-Za-z][A-Za-z0-9]*$": ("a letter, then letters and digits", "S2"),
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": ("letters, digits, `.`, `_` and `-`", "home-2026-11"),
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$": (
        "words of small letters and digits, joined by hyphens or single dots", "my-cluster",
    ),
    r"^https?://[\w.~:/@%+-]*[\w.~-]$": (
        "an address without a slash at its end", "https://git.example.org/me/nsm-resilience",
    ),
}  # fmt: skip
"""Meanings of the models' patterns, with an example of each."""
LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
OF_WORDS = ("literal_error", "enum", "union_tag_invalid")
"""Errors of values that are not among the allowed words."""
KINDS = {"scenarios": "scenario", "faults": "fault", "campaign": "arm", "nodes": "lane"}
"""Name of an item, by the key of its list."""


def explain(error: Mapping[str, Any], model: type[BaseModel], document: Document) -> str:
    """One error of pydantic as one line."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    location = _in_data(error["loc"], document.data, missing=kind == "missing")
    schema = _schema_of(model)
    if kind.startswith("union_tag"):
        location = (*location, str(context["discriminator"]).strip("'"))
    node = _schema_node(schema, location, document.data)
    where = _where(location, document)
    if kind in ("missing", "union_tag_not_found"):
        return f"{where}: is missing; write `{_suggestion(schema, location, document.data)}`"
    if kind == "extra_forbidden":
        wrong = str(error["loc"][-1])
        known = sorted(_schema_node(schema, location[:-1], document.data).get("properties", {}))
        near = nearest(wrong, known)
        hint = f"did you mean `{near[0]}:`?" if near else f"known keys: {', '.join(known)}"
        return f"{where}: `{_escaped(wrong)}` is no key here{_non_ascii_hint(wrong)}; {hint}"
    place = document.places.get(location, Place(0))
    given = error.get("input")
    written = str(context.get("tag", given if place.written is None else place.written))
    short = _escaped(written if len(written) <= 60 else written[:60] + "…")
    of_letters = kind in (*OF_WORDS, "string_pattern_mismatch")
    shown = f" (you wrote `{short}`{_non_ascii_hint(written) if of_letters else ''})"
    if isinstance(given, dict | list | tuple | BaseModel) and "tag" not in context:
        shown = ""
    if kind in ("value_error", "assertion_error"):
        message = str(error["msg"]).removeprefix("Value error, ")
        raised = context.get("error")
        if isinstance(raised, Mistake):
            found = _where_all(location, raised.at, document)
        else:
            found = _line_of(message, document)
        return f"{found or where}: {message}{shown}"
    right = _suggestion(schema, location, document.data)
    if given is None:
        return f"{where}: is empty; write `{right}`"
    fits = re.search(str(node.get("pattern", "")), place.written or "")
    if kind == "string_type" and place.written is not None and fits:
        key = f"{location[-1]}: " if isinstance(location[-1], str) else ""
        return f'{where}: must be text; write `{key}"{place.written}"`, in quotes'
    meant = did_you_mean(written, _allowed_words(context, node)) if kind in OF_WORDS else ""
    advice = meant or f"write for example `{right}`"
    return f"{where}: {_requirement(kind, context, node)}{shown}; {advice}"


def _escaped(text: str) -> str:
    """A text with unprintable characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode-escape").decode() for c in text)


def _non_ascii_hint(text: str) -> str:
    """A hint at the first character outside ASCII, which may look like a letter; else empty."""
    sign = next((c for c in text if not c.isascii()), None)
    if sign is None:
        return ""
    return f", in which U+{ord(sign):04X} is {unicodedata.name(sign, 'a sign without a name')}"


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _line_of(message: str, document: Document) -> str:
    """Line of the scenario that an error of the whole study names; else empty."""
    named = re.match(r"([A-Za-z][A-Za-z0-9]*): ", message)
    scenarios = _value_at(document.data, ("scenarios",))
    if named and isinstance(scenarios, tuple):
        for n, one in enumerate(scenarios):
            if isinstance(one, dict) and one.get("id") == named[1]:
                place = document.places.get(("scenarios", n))
                return f"line {place.line}" if place else ""
    return ""


def _requirement(kind: str, context: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """The requirement that the value misses."""
    if kind in LIMITS:
        words, key = LIMITS[kind]
        return f"must be {words} {context[key]:.16g}"
    if kind in OF_WORDS:
        known = _allowed_words(context, node)
        return f"must be {'one of: ' if len(known) > 1 else ''}{', '.join(known)}"
    if kind == "string_pattern_mismatch":
        return f"must be {PATTERNS.get(context['pattern'], ('of another form', ''))[0]}"
    if kind.endswith(("too_short", "too_long")):
        bound = context.get("min_length", context.get("max_length"))
        least = "at least" if kind.endswith("short") else "at most"
        of = " letters" if kind.startswith("string") else f", not {context['actual_length']}"
        return f"must have {least} {bound}{of}"
    if kind == "string_type" and "pattern" in node:
        return f"must be {PATTERNS[node['pattern']][0]}"
    what = {
        "tuple_type": "a list", "list_type": "a list", "bool_type": "`true` or `false`",
        "int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
        "finite_number": "a number that is not infinite", "string_type": "text",
        "path_type": "the path of a file", "is_instance_of": "the path of a file",
        "dict_type": "keys with values",
        "model_type": "keys with values", "model_attributes_type": "keys with values",
    }  # fmt: skip
    return f"must be {what.get(kind, 'something else')}"


def _allowed_words(context: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """The allowed words."""
    if "expected_tags" in context:
        return [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
    values = node.get("enum") or ([node["const"]] if "const" in node else [])
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _where(location: Location, document: Document) -> str:
    """The line and the path of a value: `line 12, scenario S2, fault 1, node`."""
    at = location
    while at and at not in document.places:
        at = at[:-1]
    places = [document.places[at]] if at else []  # the whole file has no line
    return ", ".join((*_line_words(places), *_container_names(location, document))) or "the file"


def _where_all(location: Location, below: Sequence[Location], document: Document) -> str:
    """All lines of a mistake below a location, and its path: `lines 3 and 9, arm 1`.

    Empty if the file holds none of the places below it: then the location alone is better.
    """
    places = []
    for at in ((*location, *one) for one in below):
        alone = at[:-1] if isinstance(at[-1], int) else at  # one value that stands for a list
        place = document.places.get(at) or document.places.get(alone)
        places += [place] if place else []
    words = (*_line_words(places), *_container_names(location, document))
    return ", ".join(words) if places else ""


def _line_words(places: Sequence[Place]) -> list[str]:
    """Sources and lines of places, if known."""
    sources = dict.fromkeys(place.source for place in places if place.source)
    numbers = [str(n) for n in sorted({place.line for place in places if place.line})]
    many = " and ".join(filter(None, (", ".join(numbers[:-1]), *numbers[-1:])))
    lines = [f"line{'s' if len(numbers) > 1 else ''} {many}"] if numbers else []
    return [*sources, *lines]


def _container_names(location: Location, document: Document) -> list[str]:
    """The names of the containers of a value, from the outermost on."""
    words: list[str] = []
    for n, part in enumerate(location):
        if not isinstance(part, int):
            words.append(part)
            continue
        of = str(location[n - 1]) if n else ""
        name = f"{KINDS.get(of, 'item')} {part + 1}"
        item = _value_at(document.data, location[: n + 1])
        if of == "scenarios" and isinstance(item, dict) and isinstance(item.get("id"), str):
            name = f"scenario {item['id']}"
        if of in KINDS:
            words.pop()
        words.append(name)
    return words


def _in_data(location: Sequence[str | int], data: object, missing: bool) -> Location:
    """Pydantic's location without parts that are not in the file: alternatives of a union.

    The last part of a `missing` key is not in the file either, but stays.
    """
    found: list[str | int] = []
    for n, part in enumerate(location):
        here = _value_at(data, tuple(found))
        last = missing and n == len(location) - 1
        is_key = isinstance(part, str) and isinstance(here, dict) and (part in here or last)
        is_item = isinstance(part, int) and isinstance(here, tuple) and (part < len(here) or last)
        if is_key or is_item:
            found.append(part)
    return tuple(found)


def _value_at(data: object, location: Location) -> object:
    for part in location:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _schema_node(schema: dict[str, Any], location: Location, data: object) -> dict[str, Any]:
    """The part of a model's JSON schema that describes a location."""
    node = schema
    for n, part in enumerate(location):
        node = _resolved(schema, node, _value_at(data, location[:n]))
        if isinstance(part, int):
            prefix = node.get("prefixItems", [])
            node = prefix[part] if part < len(prefix) else node.get("items", {})
        else:
            node = node.get("properties", {}).get(part, {})
    kept: dict[str, Any] = {key: node[key] for key in ("examples", "default") if key in node}
    return {**_resolved(schema, node, _value_at(data, location)), **kept}


def _resolved(schema: dict[str, Any], node: dict[str, Any], data: object) -> dict[str, Any]:
    """A node without references; of alternatives the one that fits the data, or else the first."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif "discriminator" in node:
            name, mapping = (node["discriminator"][key] for key in ("propertyName", "mapping"))
            tag = data.get(name) if isinstance(data, dict) else None
            node = {"$ref": mapping.get(tag, next(iter(mapping.values())))}
        elif "anyOf" in node:
            several = [one for one in node["anyOf"] if one.get("type") != "null"]
            listed = isinstance(data, tuple)
            fits = [one for one in several if (one.get("type") == "array") == listed]
            node = (fits or several)[0]
        elif "allOf" in node:
            node = node["allOf"][0]
        else:
            return node


def _suggestion(schema: dict[str, Any], location: Location, data: object) -> str:
    """A correct text for a location; for an item without an example of its own, the whole list."""
    node = _schema_node(schema, location, data)
    if isinstance(location[-1], str):
        return f"{location[-1]}: {_as_yaml(_example(schema, node))}"
    if node.keys() & {"enum", "examples", "pattern", "properties"}:
        return _as_yaml(_example(schema, node))
    return _suggestion(schema, location[:-1], data)


def _example(schema: dict[str, Any], node: dict[str, Any], depth: int = 0) -> object:
    """A correct value."""
    if node.get("examples"):
        return node["examples"][0]
    node = _resolved(schema, node, None)
    for key in ("examples", "enum"):
        if node.get(key):
            return node[key][0]
    if "const" in node:
        return node["const"]
    if isinstance(node.get("default"), str | int | float | bool):
        return node["default"]
    kind = node.get("type")
    if kind == "object":
        names = node.get("required") or list(node.get("properties", {}))[:2]
        if depth > 1:
            return {}
        return {k: _example(schema, node["properties"][k], depth + 1) for k in names[:3]}
    if kind == "array":
        items = node.get("prefixItems") or [node.get("items", {})]
        return [_example(schema, one, depth + 1) for one in items]
    if kind in ("integer", "number"):
        return node.get("minimum") or min(5, node.get("maximum", 5))
    if kind == "boolean":
        return True
    return PATTERNS.get(str(node.get("pattern")), ("", "some text"))[1]


def _as_yaml(value: object) -> str:
    """A value in YAML's short form."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_as_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_as_yaml, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
