"""What can be simulated, as lists for people: `modemgw simulate --list`, the docs.

Run it after a change of a persona or a trouble: `python -m modemgw.sim.catalogue`
writes the tables of docs/simulator.md.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from modemgw.sim.named import NAMED
from modemgw.sim.persona import ALIASES, PERSONAS

_BETWEEN = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
NAME_WIDTH = 22


def listing() -> str:
    """Return every persona and every trouble, a line each."""
    personas = [
        f"{name:<{NAME_WIDTH}}  {persona.sentence}"
        for name, persona in PERSONAS.items()
    ]
    aliases = [f"{alias:<{NAME_WIDTH}}  is {name}" for alias, name in ALIASES.items()]
    troubles = [
        f"{named.number or '':>2} {name:<{NAME_WIDTH - 2}}  {named.sentence}"
        for name, named in NAMED.items()
    ]
    return "\n".join(("Personas:", *personas, *aliases, "", "Troubles:", *troubles, ""))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def personas_table() -> str:
    """Return the personas, what they are, and where that is known from."""
    rows = [
        (_code(name), persona.sentence, "; ".join(persona.source))
        for name, persona in PERSONAS.items()
    ]
    return _table(("Name", "What it is", "Source"), rows)


def answers_table() -> str:
    """Return what the personas say: the choices they offer and how they tell."""
    rows = []
    for name, persona in PERSONAS.items():
        offers = ",".join(f"({_ranges(values)})" for values in persona.cnmi)
        stores = ", ".join(f"{key} {size}" for key, size in persona.capacity.items())
        quiet = ", ".join(_code("AT" + command) for command in persona.noise_off)
        resets = ", ".join(
            _code("AT" + command) for command in (*persona.reset_commands, "+CFUN=1,1")
        )
        iccid = ", ".join(_code("AT" + command) for command in persona.iccid_commands)
        rows.append(
            (
                _code(name),
                _code(offers),
                stores,
                iccid or _code("AT+CRSM"),
                quiet or ("never" if persona.noise else "is quiet"),
                resets,
            )
        )
    head = ("Name", "`CNMI=?`", "Room", "ICCID", "Quietened by", "Reset")
    return _table(head, rows)


def _ranges(values: Sequence[int]) -> str:
    if len(values) > 1 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"{values[0]}-{values[-1]}"
    return ",".join(map(str, values))


def troubles_table() -> str:
    """Return the troubles with their numbers and sentences."""
    rows = [
        (str(named.number or ""), _code(name), _escaped(named.sentence))
        for name, named in NAMED.items()
    ]
    return _table(("No.", "Name", "What one sees"), rows)


def _escaped(sentence: str) -> str:
    return sentence.replace("|", "\\|")


TABLES = {
    "personas": personas_table,
    "answers": answers_table,
    "troubles": troubles_table,
}


def page(text: str) -> str:
    """Return a page with its tables made anew, each between two comments."""
    return _BETWEEN.sub(
        lambda found: found[1] + TABLES[found[2]]() + found[3],
        text,
    )


if __name__ == "__main__":
    path = Path("docs/simulator.md")
    path.write_text(page(path.read_text("utf-8")), "utf-8")
