"""What happens by chance to one simulated modem, drawn from a seed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random

from modemgw.sim import plugging
from modemgw.sim.modem import SimModem

REFUSALS = (8, 17, 21, 22, 38, 41, 42, 50, 69, 111, 192, 300, 302, 322, 331, 332, 500)
BOOT_LINES = ("RDY", "+CPIN: READY")

Misfortune = Callable[[SimModem, Random], Awaitable[None]]


async def pulled(modem: SimModem, dice: Random) -> None:
    """Pulled, and plugged in again, every other time under another name."""
    plugging.unplug(modem)
    await asyncio.sleep(dice.choice((1.0, 5.0, 20.0, 120.0)) * dice.uniform(0.5, 2))
    renumbered = dice.random() < 0.5 and modem.socket is not None
    name = modem.socket.spare_name(modem) if renumbered and modem.socket else None
    plugging.replug(modem, name)


async def deaf(modem: SimModem, dice: Random) -> None:
    """It answers nothing for a while."""
    modem.set_faults(zombie=True)
    await asyncio.sleep(dice.uniform(5, 600))
    modem.set_faults(zombie=False)


async def restarted(modem: SimModem, dice: Random) -> None:
    """It restarts, with or without a word."""
    modem.persona = replace(
        modem.persona,
        boot_urcs=dice.choice(((), BOOT_LINES)),
        boot_s=dice.choice((0.0, 3.0, 15.0)),
    )
    modem.restart()


async def unregistered(modem: SimModem, dice: Random) -> None:
    """No network for a while."""
    modem.register(dice.choice((0, 2, 3)))
    await asyncio.sleep(dice.uniform(5, 900))
    modem.register(dice.choice((1, 5)))


async def noisy(modem: SimModem, dice: Random) -> None:
    """Its lines come in between for a while."""
    modem.set_faults(interleave=True, garbage=dice.choice((b"", b"\x00\xff")))
    for _ in range(dice.randrange(5, 50)):
        modem.urc("^RSSI: 20")
        await asyncio.sleep(dice.uniform(0.05, 2))
    modem.set_faults(interleave=False, garbage=b"")


async def next_submits(modem: SimModem, dice: Random) -> None:
    """Something goes wrong with one of its next messages."""
    nth = modem.submits + dice.randrange(1, 4)
    match dice.randrange(6):
        case 0:
            modem.set_faults(silent_after_submit=frozenset({nth}))
        case 1:
            modem.set_faults(lost_after_submit=frozenset({nth}))
        case 2:
            modem.set_faults(late_result={nth: dice.choice((5.0, 40.0, 100.0, 170.0))})
        case 3:
            modem.set_faults(refuse_submit={nth: dice.choice(REFUSALS)})
        case 4:
            modem.set_faults(reboot_after_submit=frozenset({nth}))
        case _:
            modem.set_faults(early_report=frozenset({nth}))


async def no_prompts(modem: SimModem, dice: Random) -> None:
    """It gives no prompt for a while."""
    modem.set_faults(no_prompt=frozenset(range(10_000)))
    await asyncio.sleep(dice.uniform(5, 60))
    modem.set_faults(no_prompt=frozenset())


async def refuses(modem: SimModem, dice: Random) -> None:
    """The network refuses everything for a while."""
    modem.set_faults(refuse_all=dice.choice(REFUSALS))
    await asyncio.sleep(dice.uniform(5, 600))
    modem.set_faults(refuse_all=None)


async def forgets_settings(modem: SimModem, dice: Random) -> None:
    """AT+CNMI is gone, or another program typed on the port."""
    if dice.random() < 0.5:
        modem.settings.cnmi = (0, 0, 0, 0, 0)
    elif modem.is_powered:
        for line in ("ATE1", "AT+CNMI=2,0,0,0,0"):
            modem.data_received(line.encode() + b"\r")


async def keeps_deleted(modem: SimModem, dice: Random) -> None:
    """Some deletes are refused."""
    modem.set_faults(ignore_deletes=modem.deletes + dice.randrange(1, 8))


async def rings(modem: SimModem, dice: Random) -> None:
    """Somebody calls."""
    if modem.listens:
        modem.calls.ring("+491707654321", dice.randrange(1, 6))


MISFORTUNES: tuple[tuple[Misfortune, int], ...] = (
    (pulled, 5),
    (deaf, 3),
    (restarted, 3),
    (unregistered, 3),
    (noisy, 2),
    (next_submits, 8),
    (no_prompts, 2),
    (refuses, 3),
    (forgets_settings, 2),
    (keeps_deleted, 1),
    (rings, 2),
)


def draw(dice: Random) -> Misfortune:
    """Return what happens next."""
    kinds, weights = zip(*MISFORTUNES, strict=True)
    found: Misfortune = dice.choices(kinds, weights)[0]
    return found


def heal(modem: SimModem) -> None:
    """Let everything be well again."""
    modem.lift_faults()
    modem.register(1)
    if not modem.is_powered:
        plugging.replug(modem)
