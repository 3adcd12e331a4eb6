"""What the doctor sees of settings, gateway and modems: one sick box for each."""

from dataclasses import replace
from typing import Any

import pytest

from modemgw.at.answers import Storage
from modemgw.doctor.answers import Said
from modemgw.doctor.daemon import NOBODY, View
from modemgw.doctor.modems import judged
from tests.doctor.fake import CONFIG, MODEM, metrics
from tests.doctor.sick import (
    DATA,
    Case,
    config,
    figures,
    finds,
    modem,
    no_pin_file,
    queue,
    remove,
    seen,
    sim,
    unit,
    view,
    write,
)

SILENT = View("silent", "no answer in time")
WAITS = "modem front: no network: searching"
FUSE = "9 parts have left within an hour (sims.max_parts_per_hour): nothing is sent"
NO_READY = {'modemgw_sim_state{sim="red",state="ready"}': 0}

CASES: list[Case] = [
    # --- settings
    ("settings", "none", remove(str(CONFIG)), {"config.missing"}),
    ("settings", "mistake", config("data_dir: [\n"), {"config.mistake"}),
    ("settings", "binary", write(str(CONFIG), b"\0\xff\xfe"), {"config.mistake"}),
    (
        "settings",
        "doubtful",
        config(f"data_dir: {DATA}\ndiscovery: off\n"),
        {"config.doubtful"},
    ),
    ("settings", "no secret", no_pin_file, {"config.no_secret"}),
    ("left over", "dpkg", write(f"{CONFIG}.dpkg-dist", ""), {"config.left_over"}),
    # --- gateway
    ("daemon", "none", seen(NOBODY), {"daemon.not_running"}),
    ("daemon", "silent", seen(SILENT), {"daemon.silent"}),
    ("daemon", "forbidden", seen(View("forbidden", "no")), set()),
    ("daemon", "said of the unit", unit(ActiveState="inactive"), set()),
    ("daemon", "other", view(health={"version": "0.0.1"}), {"daemon.other_version"}),
    (
        "readiness",
        "not ready",
        view(readiness={"ready": False, "reasons": ["the gateway is starting"]}),
        {"gateway.not_ready"},
    ),
    (
        "readiness",
        "told elsewhere",
        view(readiness={"ready": False, "reasons": [WAITS]}),
        set(),
    ),
    (
        "readiness",
        "fuse",
        view(readiness={"ready": False, "reasons": [FUSE]}),
        {"gateway.fuse_blown"},
    ),
    ("readiness", "paused", figures(sending_paused=1), {"gateway.paused"}),
    ("readiness", "unhealthy", figures(store_healthy=0), {"store.unhealthy"}),
    ("readiness", "log", figures(store_wal_bytes=2e8), {"store.large_log"}),
    ("readiness", "garbage", view(readiness={"ready": "?", "reasons": 0}), set()),
    ("queue", "in doubt", queue("in_doubt", 2), {"queue.in_doubt"}),
    ("queue", "full", queue("queued", 950_000), {"queue.nearly_full"}),
    ("queue", "nobody sends", view(metrics=metrics(**NO_READY)), {"queue.waits"}),
    ("queue", "garbage", view(metrics="modemgw_queue_messages{ x\n\0"), set()),
    ("webhooks", "dead", figures(webhook_dead=3), {"webhook.dead_letters"}),
    (
        "webhooks",
        "backlog",
        figures(webhook_oldest_pending_seconds=9000),
        {"webhook.backlog"},
    ),
    (
        "webhooks",
        "failing",
        view(webhooks=({"id": "w", "failing_since": "2026-11-18T01:02:03Z"},)),
        {"webhook.failing"},
    ),
    # --- modems and SIMs, through the gateway
    ("modems", "absent", modem(phase="absent"), {"modem.absent"}),
    ("modems", "parked", modem(phase="parked"), {"modem.parked"}),
    ("modems", "PIN", modem(phase="parked", why="wants its PIN"), {"sim.pin_wanted"}),
    ("modems", "recovering", modem(phase="recovering"), {"modem.recovering"}),
    ("modems", "denied", modem(registration="denied"), {"network.denied"}),
    ("modems", "roaming", modem(registration="roaming"), {"network.roaming"}),
    ("modems", "searching", modem(registration="searching"), {"network.none"}),
    ("modems", "weak", modem(signal_dbm=-109), {"signal.weak"}),
    ("modems", "fair", modem(signal_dbm=-95), {"signal.fair"}),
    ("modems", "no SMSC", sim(smsc=None), {"sim.no_smsc"}),
    (
        "modems",
        "setting",
        modem(proof=[{"setting": "AT+CMGF", "holds": False}, 7]),
        {"modem.setting_lost"},
    ),
    (
        "modems",
        "twins",
        view(modems=(MODEM, {**MODEM, "name": "back"})),
        {"modem.imei_twins"},
    ),
    ("modems", "garbage", view(modems=({"proof": None, "signal_dbm": "x"},)), set()),
    (
        "SIMs",
        "benched",
        sim(health={"state": "benched", "advice": "check its credit"}),
        {"sim.benched"},
    ),
    ("SIMs", "paused", sim(health={"paused": True}), {"sim.paused"}),
    ("SIMs", "outage", sim(health={"outage": {"why": "all"}}), {"network.outage"}),
    (
        "SIMs",
        "self-test",
        sim(selftest={"last_state": "failed", "last_leg": "delivery"}),
        {"sim.selftest_failed"},
    ),
    (
        "SIMs",
        "used up",
        sim(wallet={"allowances": [{"left": 0, "of": 100}, None]}),
        {"sim.used_up"},
    ),
    (
        "SIMs",
        "spent",
        sim(wallet={"allowances": [{"left": "0.00", "of": "5.00", "what": "cap"}]}),
        {"sim.used_up"},
    ),
    (
        "SIMs",
        "not used up",
        sim(wallet={"allowances": [{"left": "0.01", "of": "5"}, {"left": "x"}]}),
        set(),
    ),
    ("SIMs", "garbage", sim(health=3, wallet=[], selftest="x"), set()),
]


test_what_is_found = finds(CASES)


# --- what a modem says at its port or through the gateway

READY = Said(
    "front",
    "ready",
    pin_state="READY",
    pin_tries=3,
    smsc="+491710760000",
    memories=(Storage("SM", 3, 20),),
    takes_sms=True,
    creg=1,
    cereg=1,
    signal_dbm=-71,
    rsrp_dbm=-95,
)
SAID: dict[str, tuple[dict[str, Any], set[str]]] = {
    "well": ({}, set()),
    "silent": ({"is_silent": True, "phase": ""}, {"modem.silent"}),
    "no card": ({"pin_state": "NONE", "is_locked": False}, {"sim.none"}),
    "PIN": ({"pin_state": "SIM PIN", "is_locked": True}, {"sim.pin_wanted"}),
    "PUK": ({"pin_state": "SIM PUK", "is_locked": True}, {"sim.puk"}),
    "two tries": ({"pin_tries": 2}, {"sim.pin_tries"}),
    "one try": ({"pin_tries": 1}, {"sim.last_try"}),
    "no SMSC": ({"smsc": ""}, {"sim.no_smsc"}),
    "no SMS": ({"takes_sms": False}, {"modem.no_sms"}),
    "full": ({"memories": (Storage("SM", 20, 20),) * 3}, {"sim.store_full"}),
    "filling": ({"memories": (Storage("SM", 17, 20),)}, {"sim.store_filling"}),
    "no memory": ({"memories": (Storage("SM", 0, 0),)}, set()),
    "denied": ({"creg": 3, "cereg": 0}, {"network.denied"}),
    "searching": ({"creg": 2, "cereg": None}, {"network.none"}),
    "SMS only": ({"creg": 6, "cereg": 0}, set()),
    "roaming": ({"creg": 5, "cereg": 5}, {"network.roaming"}),
    "data only": ({"creg": 0, "cereg": 1}, {"sim.data_only"}),
    "LTE weak": ({"rsrp_dbm": -121}, {"signal.weak"}),
}


@pytest.mark.parametrize(("changed", "ids"), SAID.values(), ids=SAID)
def test_what_a_modem_says(changed: dict[str, Any], ids: set[str]) -> None:
    assert {one.id for one in judged(replace(READY, **changed))} == ids
