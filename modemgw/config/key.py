"""How a key of the configuration is described for people."""

import msgspec


def key(description: str, *, unit: str, default: str) -> msgspec.Meta:
    """Describe one key for people: what it does, what is written, its default."""
    return msgspec.Meta(
        description=description, extra_json_schema={"unit": unit, "default": default}
    )
