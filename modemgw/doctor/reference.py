"""Writes docs/findings.md from the kinds themselves.

Run it after a change of one: `python -m modemgw.doctor.reference > docs/findings.md`.
"""

import sys

from modemgw.doctor.checks import CHECKS, GROUPS, UNCHECKED
from modemgw.doctor.finding import Kind, is_prose

_HEAD = """\
# What the doctor finds

Every finding of `modemgw doctor` by its id. An id never changes its meaning; scripts
may rely on it. How to use the doctor is in [its how-to](how-to/doctor.md).

| Level | Meaning | Exit code |
|---|---|---:|
| problem | messages are lost, late or not sent | 2 |
| warning | works, and will not always | 1 |
| note | good to know | 0 |

This page is made from the program; do not edit it.
"""


def reference() -> str:
    """Return the whole page."""
    pages = [_HEAD]
    for group in GROUPS:
        checks = [check for check in CHECKS if check.group == group]
        kinds = {kind.id: kind for check in checks for kind in check.kinds}
        pages.append(f"\n## {group.capitalize()}\n")
        pages.append(_table([kinds[one] for one in sorted(kinds)]))
        pages += [_entry(kinds[one]) for one in sorted(kinds)]
    pages.append("\n## The doctor itself\n")
    pages.append(_entry(UNCHECKED))
    return "".join(pages)


def _table(kinds: list[Kind]) -> str:
    """Write what there is at a glance."""
    rows = "".join(
        f"| [{kind.id}](#{_anchor(kind)}) | {kind.level.word} | {_text(kind.means)} |\n"
        for kind in kinds
    )
    return f"\n| Id | Level | Meaning |\n|---|---|---|\n{rows}"


def _anchor(kind: Kind) -> str:
    """Return what a page viewer makes of the heading."""
    return kind.id.replace(".", "")


def _entry(kind: Kind) -> str:
    return (
        f"\n### {kind.id}\n\n"
        f"*{kind.level.word}* · {_text(kind.means)}\n\n"
        f"**Why it matters.** {_text(kind.why)}\n\n"
        f"**What to do.**\n\n{_todo(kind)}\n"
    )


def _todo(kind: Kind) -> str:
    """Write commands as such, and sentences between them."""
    return "\n".join(
        f"- {_text(line)}" if is_prose(line) else f"- `{line}`" for line in kind.lines
    )


def _text(text: str) -> str:
    """Keep what looks like markup from being one."""
    return text.replace("*", "\\*").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(reference())
