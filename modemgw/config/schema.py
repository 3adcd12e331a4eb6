"""Writes the JSON Schema of the file, for editors: `modemgw config schema`.

Its sections, keys and descriptions are those of the model. What may be written at a
key is found out by asking: files that have every key, each time in another form, are
read by the readers that read every file, and it is noted what they make of each.
So it says no more than that: what is right by it may still be refused, with a
better word for it, by `modemgw config check`.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from modemgw.config import values
from modemgw.config.load import read
from modemgw.config.model import Config
from modemgw.config.off import OFF_WORDS
from modemgw.config.positions import Problems, open_text
from modemgw.config.reference import describe, sections
from modemgw.errors import ConfigError
from modemgw.policy.pacing import Window

Json = dict[str, Any]


def _any_case(word: str) -> str:
    return "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word)


_OFF: Json = {"enum": [*OFF_WORDS, False]}
_UNIT = "(?:" + "|".join(_any_case(unit) for unit in sorted(values.UNITS)) + ")"
_PER = rf"\s*(?:/|{_any_case('per')})\s*"
_PACE = rf"0*[1-9][\d_]*{_PER}(?:\d+(?:\.\d+)?)?\s*{_UNIT}"
_WORD = "|".join(map(_any_case, ("on", "off", "yes", "no", "true", "false")))
_HOST = r"(?:\[[^\]]+\]|[^:\[\]]+)"
_PORT = r"(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"


def _text(pattern: str) -> Json:
    return {"type": "string", "pattern": f"^{pattern}$"}


_DEFS: dict[str, Json] = {
    "boolean": {"anyOf": [{"type": "boolean"}, _text(f"(?:{_WORD})")]},
    "duration": _text(rf"\s*\d+(?:\.\d+)?\s*{_UNIT}\s*"),
    "span": {
        "anyOf": [{"$ref": "#/$defs/duration"}, _OFF, {"const": "forever"}],
    },
    "pace": {"anyOf": [_text(rf"\s*{_PACE}\s*"), _OFF]},
    "number": {"type": ["integer", "number", "string"]},
    # A phone number needs no quotes, and Norway none either.
    "text": {"type": ["string", "number", "boolean"]},
    "country": {"anyOf": [_text("[A-Za-z]{2}"), {"const": False}]},
    "url": {"type": "string", "pattern": "^https?://"},
    "listen": _text(f"{_HOST}:{_PORT}"),
    "target": _text(f"{_HOST}:(?!0+$){_PORT}"),
}
_BY_RESULT: dict[object, str] = {
    bool: "boolean",
    float: "span",
    Window: "pace",
    int: "number",
}
_BY_READER: dict[object, str] = {
    values.duration: "duration",
    values.country: "country",
    values.url: "url",
    values.listen: "listen",
    values.target: "target",
}
_CUTS = range(1, 5)  # depths at which sections are tried as a word, such as off
_NOT_ALWAYS = {"inbound.rules[].keyword"}  # required by the rules of their section
# The forms in which every key is tried.
_FORMS: tuple[object, ...] = ("x", ["x"], [["x", "x"]], {"x": "x"})
_SECRETS = ("file", "env", "credential")

Reader = Callable[[str], object]


class _Notes:
    """What was heard while files were read; paths without numbers: modems[].pin."""

    def __init__(self) -> None:
        self.readers: dict[str, list[Reader]] = {}
        self.keys: dict[str, tuple[str, ...]] = {}

    def on_read(self, path: str, reader: Reader) -> None:
        known = self.readers.setdefault(_plain(path), [])
        if not any(_same(reader, one) for one in known):
            known.append(reader)

    def on_section(self, path: str, keys: tuple[str, ...]) -> None:
        self.keys[_plain(path)] = keys


def _plain(path: str) -> str:
    return path.replace("[0]", "[]").replace("[1]", "[]")


def _same(one: Reader, other: Reader) -> bool:
    return one == other or (
        getattr(one, "__qualname__", 1) == getattr(other, "__qualname__", 2)
    )


@lru_cache(1)
def schema() -> Json:
    """Return the schema."""
    notes = _notes()
    made = _section(Config, "", notes)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of modemgw",
        **made,
        "type": "object",
        "$defs": _DEFS,
    }


def schema_text() -> str:
    """Return it as it is written to a file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _notes() -> _Notes:
    notes = _Notes()
    files = [_filled(Config, form) for form in _FORMS]
    files += [_filled(Config, "x", cut) for cut in _CUTS]
    for file in files:
        problems = Problems("schema")
        problems.on_read, problems.on_section = notes.on_read, notes.on_section
        text = json.dumps(file)
        try:
            read(open_text(text, problems), Path("/schema"))
        except ConfigError:  # pragma: no cover - it is YAML, and mistakes are kept
            continue
    return notes


def _filled(struct: type[msgspec.Struct], form: object, cut: int = 99) -> Json:
    """Return a section with every key, each in one form.

    Sections that are `cut` levels down are a word instead.
    """
    filled: Json = {name: form for name, _ in describe(struct)}
    for name, below, is_list in sections(struct):
        inner = _filled(below, form, cut - 1) if cut > 1 else "off"
        filled[name] = [inner] if is_list and cut > 1 else inner
    return filled


def _section(struct: type[msgspec.Struct], path: str, notes: _Notes) -> Json:
    properties: Json = {}
    required = []
    for name, meta in describe(struct):
        extra = meta.extra_json_schema or {}
        below = f"{path}.{name}".lstrip(".")
        properties[name] = {
            "description": f"{meta.description}\nWritten as: {extra['unit']}.\n"
            f"Default: {extra['default']}.",
            **_value(below, notes),
        }
        if extra["default"] == "required" and below not in _NOT_ALWAYS:
            required.append(name)
    for name, inner, is_list in sections(struct):
        below = f"{path}.{name}".lstrip(".")
        made = _section(inner, below + "[]" * is_list, notes)
        words = [_scalar(one) for one in _telling(notes.readers.get(below, []))]
        if is_list:
            made = {"type": ["array", "null"], "items": made}
        properties[name] = _any([made, *words])
    doc = (struct.__doc__ or "").strip().splitlines()[0]
    made = {
        "description": doc,
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
    }
    return {**made, "required": required} if required else made


def _value(path: str, notes: _Notes) -> Json:
    """Say what may be written at a key that is no section of the model."""
    forms = [_scalar(one) for one in _telling(notes.readers.get(path, []))]
    items = [_scalar(one) for one in _telling(notes.readers.get(f"{path}[]", []))]
    pairs = [_scalar(one) for one in _telling(notes.readers.get(f"{path}[][]", []))]
    if pairs:
        items.append({"type": "array", "items": _any(pairs)})
    if items:
        forms.append({"type": "array", "items": _any(items)})
    if keys := notes.keys.get(path):
        inner = {key: _value(f"{path}.{key}", notes) for key in keys}
        mapping = {"type": "object", "properties": inner, "additionalProperties": False}
        if keys == _SECRETS:
            mapping |= {"minProperties": 1, "maxProperties": 1}
        forms.append(mapping)
    return _any(forms)


def _telling(readers: list[Reader]) -> list[Reader]:
    """Leave out who only looked whether it says `off`."""
    return [one for one in readers if one is not str] or readers


def _any(forms: list[Json]) -> Json:
    unlike = [form for at, form in enumerate(forms) if form not in forms[:at]]
    if not unlike:
        return {}
    return unlike[0] if len(unlike) == 1 else {"anyOf": unlike}


def _scalar(reader: Reader) -> Json:
    if isinstance(reader, values.Integer):
        return {
            "anyOf": [
                {"type": "integer", "minimum": reader.low, "maximum": reader.high},
                {"type": "string", "pattern": r"^-?\d{1,18}(?:_\d{3})*$"},
            ]
        }
    if isinstance(reader, values.OneOf):
        found: list[object] = list(reader.choices)
        found += [False] if {"off", "no"} & set(found) else []
        return {"enum": found}
    name = _BY_READER.get(reader) or _BY_RESULT.get(_result(reader), "text")
    return {"$ref": f"#/$defs/{name}"}


def _result(reader: Reader) -> object:
    try:
        return get_type_hints(reader).get("return")
    except (TypeError, NameError):
        return None
