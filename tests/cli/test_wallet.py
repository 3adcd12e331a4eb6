"""`modemgw sims wallet` and `modemgw usage` against a scripted daemon."""

from typing import Any

from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

ALLOWANCES: list[dict[str, Any]] = [
    {
        "what": "bundle",
        "name": "bundle",
        "used": 120,
        "of": 500,
        "left": 380,
        "stops": True,
        "since": "2026-10-31T23:00:00Z",
        "until": "2026-11-30T23:00:00Z",
    },
    {
        "what": "cap",
        "name": "5.00/day",
        "used": "3.20",
        "of": "5.00",
        "left": "1.80",
        "stops": False,
        "since": "2026-11-21T23:00:00Z",
        "until": "2026-11-22T23:00:00Z",
    },
]
RED = {"name": "red", "wallet": {"currency": "EUR", "allowances": ALLOWANCES}}
USAGE = {
    "data": [
        {
            "period": "2026-11-22",
            "since": "2026-11-21T23:00:00Z",
            "sim": "red",
            "key": None,
            "parts": 7,
            "in_bundle": 5,
            "cost": {"amount": "0.10", "currency": "EUR"},
        }
    ]
}


def test_a_wallet_is_shown_and_corrected(cli: Cli) -> None:
    cli.data.mkdir()
    answers = {"GET /v1/sims/red": (200, RED), "PATCH /v1/sims/red": (200, RED)}
    with fake_daemon(cli.data / "modemgw.sock", answers) as daemon:
        found = cli.on("sims", "wallet", "red")
        assert found.code == 0
        assert "380" in found.out
        assert "goes on" in found.out
        found = cli.on(
            *("sims", "wallet", "red", "--set", "bundle=99"),
            *("--set", "5.00/day=3.20", "--json"),
        )
        assert found.code == 0
        assert '"allowances"' in found.out
        assert daemon.asked[-1] == (
            "PATCH",
            "/v1/sims/red",
            {
                "wallet": [
                    {"name": "bundle", "used": 99},
                    {"name": "5.00/day", "used": "3.20"},
                ]
            },
        )
        wrong = cli.on("sims", "wallet", "red", "--set", "99")
        assert (wrong.code, "NAME=USED" in wrong.err) == (2, True)
        daemon.answers["GET /v1/sims/red"] = (200, {"name": "red", "wallet": None})
        assert "no tariff" in cli.on("sims", "wallet", "red").err


def test_usage_is_a_table(cli: Cli) -> None:
    cli.data.mkdir()
    path = "/v1/usage?by=month&since=2026-11-01"
    with fake_daemon(cli.data / "modemgw.sock", {f"GET {path}": (200, USAGE)}):
        found = cli.on("usage", "--by", "month", "--since", "2026-11-01")
        assert found.code == 0
        assert "0.10 EUR" in found.out
        as_json = cli.on("usage", "--by", "month", "--since", "2026-11-01", "--json")
        assert '"in_bundle": 5' in as_json.out
