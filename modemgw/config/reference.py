"""Writes docs/configuration.md from the model, so that the two cannot differ.

Run it after a change of the model: `python -m modemgw.config.reference`.
"""

import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from modemgw.config.applies import said
from modemgw.config.model import Config

_HEAD = """\
# Configuration

One YAML file. `modemgw run --config FILE` reads it; without `--config`,
`./modemgw.yaml` (for root one of root, or of who typed sudo) and then
`/etc/modemgw/modemgw.yaml` are looked for.
`modemgw config check` names every mistake with its line, `modemgw config show`
prints what the file comes to, with `--origin` where each value stands.
[config.example.yaml](../config.example.yaml) has every key once.

For editors there is a [JSON Schema](modemgw.schema.json) (`modemgw config schema`). One
that speaks YAML takes it from a line of your file, and then completes and checks it:

```text
# yaml-language-server: $schema=modemgw.schema.json
```

The smallest useful file:

```yaml
data_dir: ./data
country: DE
```

How values are written:

- Unknown and repeated keys are mistakes; a key without a value is one, too.
- Numbers of phones and cards need no quotes: the text counts, not what YAML makes
  of it.
- A pace is `10/min`, `200/day`, `5/30s` or `off`; units are s, min, h, day, week.
- `on`, `yes` and `true` are the same, and `off`, `no` and `false`.
- A secret stands in the file (`"1234"`), in another one (`{file: PATH}`, relative
  to this file), in the environment (`{env: NAME}`) or with the service manager
  (`{credential: NAME}`). See [secrets](how-to/secrets.md).
- Anchors, aliases, merge keys and tags are not supported.

"Reload" says when a change is in force after [`modemgw reload`](how-to/reload.md):
at once, at once with its modem opened anew, or at the next start.

This page is made from the program; do not edit it.
"""


def reference() -> str:
    """Return the whole page."""
    sections = [_HEAD]
    for path, struct in _structs(Config, ""):
        title = f"`{path}`" if path else "Top level"
        keys = _keys(struct, path)
        doc = (struct.__doc__ or "").strip().splitlines()[0]
        sections.append(f"\n## {title}\n\n{doc}\n\n" + "\n".join(keys) + "\n")
    return "".join(sections)


def _structs(
    struct: type[msgspec.Struct], path: str
) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Yield every section that has keys of its own, in the order of the file."""
    if names(struct):
        yield path, struct
    for name, hint in get_type_hints(struct).items():
        below, is_list = _section(hint)
        if below is not None:
            inner = f"{path}.{name}" if path else name
            yield from _structs(below, inner + "[]" * is_list)


def _section(hint: Any) -> tuple[type[msgspec.Struct] | None, bool]:
    """Tell whether a field is a section, or a list of sections."""
    is_list = get_origin(hint) is tuple
    inner = get_args(hint)[0] if is_list else hint
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return inner, is_list
    return None, False


def _metas(struct: type[msgspec.Struct]) -> dict[str, msgspec.Meta]:
    """Return what is said about each key of one section."""
    hints = get_type_hints(struct, include_extras=True)
    found = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {name.removesuffix("_"): metas[0] for name, metas in found.items() if metas}


def describe(struct: type[msgspec.Struct]) -> Iterator[tuple[str, msgspec.Meta]]:
    """Yield the keys of one section that have a value of their own, described."""
    yield from _metas(struct).items()


def sections(
    struct: type[msgspec.Struct],
) -> Iterator[tuple[str, type[msgspec.Struct], bool]]:
    """Yield the sections below one, and whether each is a list of such."""
    described = _metas(struct)
    for name, hint in get_type_hints(struct).items():
        below, is_list = _section(hint)
        word = name.removesuffix("_")
        if below is not None and word not in described:
            yield word, below, is_list


def every_key() -> list[str]:
    """Return every key of the file, as `modems[].port`."""
    return [
        f"{path}.{name}" if path else name
        for path, struct in _structs(Config, "")
        for name in names(struct)
    ]


def names(struct: type[msgspec.Struct]) -> list[str]:
    """Return the keys of one section that have a value of their own."""
    return list(_metas(struct))


def defaults(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return the default of each key, as an operator would write it."""
    return {
        name: (meta.extra_json_schema or {})["default"]
        for name, meta in _metas(struct).items()
    }


def _keys(struct: type[msgspec.Struct], path: str) -> list[str]:
    """Describe the keys of one section, one paragraph each."""
    lines = []
    for name, meta in _metas(struct).items():
        extra = meta.extra_json_schema or {}
        when = said(f"{path}.{name}" if path else name)
        lines.append(
            f"- **`{name}`**: {meta.description}\n"
            f"  Written as: {extra['unit']}. Default: {_default(extra['default'])}."
            f" Reload: {when}."
        )
    return lines


def _default(text: str) -> str:
    """Set a value as code, and words as words."""
    words = {"none", "required"}
    return (
        text if text in words or ("sims" not in text and " " in text) else f"`{text}`"
    )


def main() -> None:
    """Print the page."""
    sys.stdout.write(reference())


if __name__ == "__main__":
    main()
