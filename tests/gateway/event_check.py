"""Hold pushed events against what the API's document says of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from modemgw.api.pushed_events import EVENTS


def event_difference(type: str, data: Mapping[str, Any]) -> str:
    """Say what of an event is not as it is described; '': nothing."""
    pushed = EVENTS.get(type)
    if pushed is None:
        return f"{type} is not described in api/event_shapes.py"
    try:
        msgspec.convert(data, pushed.shape)
    except msgspec.ValidationError as exc:
        return f"{type}: {exc}"
    known = {one.encode_name for one in msgspec.structs.fields(pushed.shape)}
    known |= {str(pushed.shape.__struct_config__.tag_field)}
    more = set(data) - known
    return f"{type} has {sorted(more)}, which nobody described" if more else ""
