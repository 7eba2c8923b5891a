import os
import platform
from importlib import metadata

from . import __version__
from ._directory import LIBRARIES


def info() -> None:
    """Prints versions, machine and devices."""
    import jax

    print(f"mtjax {__version__}, Python {platform.python_version()}")
    print(", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES))
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors")
    print("devices: " + ", ".join(str(device) for device in jax.devices()))
