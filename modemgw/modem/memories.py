"""The message memories: which to use, and how to switch between them.

AT+CPMS takes one, two or three arguments depending on the modem, and some take
only exactly three; what worked once is used from then on.

Spec: 3GPP TS 27.005, 3.2.2.
"""

from modemgw.at import commands
from modemgw.at.answers import Storage
from modemgw.at.profile import Profile
from modemgw.modem.asking import Asker
from modemgw.modem.facts import Memories

ROOMY = 50  # messages: with that many in ME, SM need not be used
SWEPT = ("ME", "SM", "SR")  # MT is ME and SM together, BM is cell broadcast


async def choose_memories(asker: Asker, profile: Profile) -> Memories:
    """Choose and set the memories; what arrives goes to the first that fits."""
    offered = await asker.ask(commands.STORAGE_NAMES) or ()
    now = await asker.ask(commands.STORAGES) or ()
    reading = offered[0] if offered else tuple(s.name for s in now[:1] if s.name)
    arriving = offered[-1] if offered else tuple(s.name for s in now[-1:] if s.name)
    wanted = [name for name in profile.memories if name in arriving and name in reading]
    candidates = dict.fromkeys((*wanted, *arriving)) or {"SM": None, "ME": None}
    arities = sorted((3, 2, 1), key=lambda n: n != (len(offered) or 3))
    small: tuple[str, int] | None = None
    for name in candidates:
        found = await _set(asker, name, arities)
        if found is None:
            continue
        arity, total = found
        arities = [arity]
        if name == "ME" and total is not None and total < ROOMY and "SM" in candidates:
            small = (name, arity)
            continue
        return _memories(name, arity, reading)
    if small is not None and await _set(asker, small[0], [small[1]]) is not None:
        return _memories(*small, reading)
    current = [storage.name for storage in now]
    names = reading or tuple(name for name in current[:1] if name)
    first = names[0] if names else None
    return Memories(first, first, first, 0, names[:1])


async def _set(
    asker: Asker, name: str, arities: list[int]
) -> tuple[int, int | None] | None:
    """Try one memory for everything; return arity and its size, None if refused."""
    for arity in arities:
        answer = await asker.ask(commands.use_storages(*[name] * arity))
        if answer is not None:
            return arity, answer[0].total if answer else None
    return None


def _memories(name: str, arity: int, reading: tuple[str, ...]) -> Memories:
    rest = (n for n in SWEPT if n in reading and n != name)
    everything = (name,) if name == "MT" else (name, *rest)
    if name == "MT" and "SR" in reading:
        everything = (name, "SR")
    return Memories(name, name, name, arity, everything)


def all_of(memories: Memories) -> tuple[str, ...]:
    """Return everything worth sweeping, the arriving one first."""
    return tuple(
        dict.fromkeys(n for n in (memories.arriving, *memories.all) if n is not None)
    )


async def select(
    asker: Asker, memories: Memories, name: str | None
) -> tuple[Storage, ...] | None:
    """Make `name` the reading memory.

    Returns what the modem says about its memories, () where it says nothing,
    None where it refused.
    """
    if name is None or memories.arity == 0:
        return ()
    rest = (memories.writing or name, memories.arriving or name)
    names = (name, *rest)[: memories.arity]
    answer = await asker.ask(commands.use_storages(*names))
    memories.reading = name if answer is not None else memories.reading
    return answer
