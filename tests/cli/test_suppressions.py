"""`modemgw suppressions`, at a scripted daemon."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

PATH = "/v1/suppressions"
ALICE, BOB = "+4915112345678", "+4366412345678"


def entry(number: str | None = ALICE, **more: Any) -> dict[str, Any]:
    plain = {"id": "sup_1", "sim": None, "source": "sms", "word": "stop", "note": None}
    return {**plain, "number": number, "created_at": "2026-11-22T10:00:00Z", **more}


def page(*entries: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"data": entries, "next_cursor": cursor, "has_more": cursor is not None}


def standing(number: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"number": number, "suppressed": bool(entries), "entries": entries}


def socket_of(cli: Cli) -> Path:
    cli.data.mkdir(exist_ok=True)
    return cli.data / "modemgw.sock"


def test_the_list(cli: Cli) -> None:
    found = page(entry(), entry(None, sim="red", note="by letter"))
    with fake_daemon(socket_of(cli), {f"GET {PATH}?limit=50": (200, found)}):
        lines = cli.on("suppressions", "list").out.splitlines()
        assert "all" in lines[1]
        assert ALICE in lines[1]
        assert "erased" in lines[2]
        assert "by letter" in lines[2]
        shown = cli.on("suppressions", "list", "--json")
        assert json.loads(shown.out) == json.loads(json.dumps(found))


def test_a_number_is_added(cli: Cli) -> None:
    with fake_daemon(socket_of(cli), {f"POST {PATH}": (201, entry())}) as daemon:
        said = cli.on("suppressions", "add", ALICE, "--sim", "red", "--note", "letter")
        assert (said.code, said.out) == (0, f"sup_1 {ALICE}\n")
        assert daemon.asked[0][2] == {"number": ALICE, "sim": "red", "note": "letter"}
        cli.on("suppressions", "add", ALICE)
        assert daemon.asked[1][2] == {"number": ALICE}


def test_a_number_is_removed_with_all_its_entries(cli: Cli) -> None:
    found = {"data": [standing(ALICE, entry(), entry(id="sup_2"))]}
    answers = {
        f"POST {PATH}/check": (200, found),
        f"DELETE {PATH}/sup_1": (204, None),
        f"DELETE {PATH}/sup_2": (204, None),
    }
    with fake_daemon(socket_of(cli), answers) as daemon:
        assert cli.on("suppressions", "remove", ALICE).out == f"{ALICE} removed\n"
        assert [method for method, _, _ in daemon.asked] == ["POST", "DELETE", "DELETE"]
        assert cli.on("suppressions", "remove", "sup_2").code == 0


def test_who_was_not_suppressed_is_said_so(cli: Cli) -> None:
    answers = {f"POST {PATH}/check": (200, {"data": [standing(BOB)]})}
    with fake_daemon(socket_of(cli), answers):
        said = cli.on("suppressions", "remove", BOB)
        assert said.code == 1
        assert "was not suppressed" in said.err


def test_numbers_are_checked(cli: Cli) -> None:
    both = {
        "classes": ["marketing"],
        "data": [standing(ALICE, entry(sim="red")), standing(BOB)],
    }
    with fake_daemon(socket_of(cli), {f"POST {PATH}/check": (200, both)}) as daemon:
        said = cli.on("suppressions", "check", ALICE, BOB)
        assert said.code == 1
        assert said.out.splitlines() == [
            f"{ALICE}: gets no marketing from red",
            f"{BOB}: gets everything",
        ]
        assert daemon.asked[0][2] == {"numbers": [ALICE, BOB]}
        both["data"] = [standing(BOB)]
        assert cli.on("suppressions", "check", BOB).code == 0


def test_everything_is_exported_and_read_again(cli: Cli, directory: Path) -> None:
    first = page(entry(note="=cmd()"), entry(None), cursor="c2")
    last = page(entry(BOB, sim="red", source="import", note="a, b"))
    taken = {"added": 2, "known": 0, "blocked": 3, "rejected": []}
    answers = {
        f"GET {PATH}?limit=200": (200, first),
        f"GET {PATH}?limit=200&cursor=c2": (200, last),
        f"POST {PATH}/import": (200, taken),
    }
    file = directory / "out.csv"
    with fake_daemon(socket_of(cli), answers) as daemon:
        assert cli.on("suppressions", "export", str(file)).code == 0
        assert file.read_text().splitlines() == [
            "number,sim,note,source,created_at",
            f"{ALICE},,'=cmd(),sms,2026-11-22T10:00:00Z",
            f'{BOB},red,"a, b",import,2026-11-22T10:00:00Z',
        ]
        said = cli.on("suppressions", "import", str(file))
        assert said.out == "2 added, 0 known before, 3 waiting messages blocked\n"
        assert daemon.asked[-1][2] == {
            "entries": [
                {"number": ALICE, "note": "=cmd()"},
                {"number": BOB, "sim": "red", "note": "a, b"},
            ]
        }


@pytest.mark.parametrize(
    "text",
    [
        f"{ALICE}\n\n{BOB}\n",
        f"Number\n{ALICE}\n{BOB}",
        f"\ufeffname,NUMBER\nx,{ALICE}\ny,{BOB}\n",
    ],
    ids=["no names", "names", "byte order mark"],
)
def test_simple_lists_are_read(cli: Cli, directory: Path, text: str) -> None:
    file = directory / "in.csv"
    file.write_text(text, "utf-8")
    taken = {"added": 2, "known": 0, "blocked": 0, "rejected": []}
    with fake_daemon(socket_of(cli), {f"POST {PATH}/import": (200, taken)}) as daemon:
        assert cli.on("suppressions", "import", str(file)).code == 0
        assert daemon.asked[0][2] == {"entries": [{"number": ALICE}, {"number": BOB}]}


def test_what_is_refused_is_told_by_line(cli: Cli, directory: Path) -> None:
    file = directory / "in.csv"
    file.write_text(f"number\n{ALICE}\n\nnobody\n")
    why = [{"pointer": "/entries/1/number", "code": "x", "detail": "not a number"}]
    taken = {
        "added": 1,
        "known": 0,
        "blocked": 0,
        "rejected": [{"index": 1, "errors": why}],
    }
    with fake_daemon(socket_of(cli), {f"POST {PATH}/import": (200, taken)}):
        said = cli.on("suppressions", "import", str(file))
        assert said.code == 1
        assert "line 4: not a number" in said.err
