from typing import Any


def check_kinds(**arguments: tuple[Any, Any, str]) -> None:
    """Refuses an argument that is no instance of what it must be, given in words."""
    for name, (value, kind, wanted) in arguments.items():
        if not isinstance(value, kind):
            raise ValueError(f"`{name}` must be {wanted}, got {show(value)}.")


def show(value: Any) -> str:
    """A plain value itself, of others the type."""
    plain = isinstance(value, (str, bytes, int, float, complex, type(None)))
    return repr(value) if plain else f"one of type {type(value).__name__}"
