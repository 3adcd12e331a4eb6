"""The smallest modem: it knows what it is told, and nothing else."""

from typing import Any


class Simple(dict[str, Any]):
    """A modem that says ERROR to everything but what is listed."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, [["ERROR"]])
