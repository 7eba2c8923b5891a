"""The command `mtjax run`. Nothing here imports jax before it is needed."""

import pathlib
import sys


def run(
    config: str | None = None,
    /,
    *overrides: str,
    out: pathlib.Path = pathlib.Path("mtjax-run"),
    print_config: bool = False,
    check: bool = False,
    estimate: bool = False,
) -> None:
    """Runs the whole path: sweep, fits, crossbars, networks, sensitivities.

    Without arguments it is the run of examples/quickstart.toml.

    Parameters
    ----------
    config
        TOML file; what it leaves out stays as in the preset.
    overrides
        Values of single keys, such as device.alpha=0.02 or "sweep.dt=0.1 ps".
    out
        Directory of the run. One with the same configuration goes on where it stopped;
        one with another configuration is refused.
    print_config
        Print the configuration with the source of every value, and stop.
    check
        Read the configuration, say whether it is right, and stop.
    estimate
        Print how long the run will take and how much it will write, and stop.
    """
    import jax

    jax.config.update("jax_enable_x64", True)

    from . import _config, _setup

    arguments = ([config] if config else []) + list(overrides)
    files = [text for text in arguments if "=" not in text]
    if len(files) > 1:
        from ._tree import BadInput

        raise BadInput(f"There must be at most one configuration file, got {files}.")
    read = _config.read(
        _setup.quickstart(),
        pathlib.Path(files[0]) if files else None,
        [text for text in arguments if "=" in text],
        kinds=_setup.KINDS,
        aliases=_setup.ALIASES,
    )
    if print_config:
        print(read.toml(sources=True), end="")
    elif check:
        print("The configuration is right.")
    elif estimate:
        from ._estimate import estimate as text

        print(text(read.tree))
    else:
        from ._run import run as run_all

        print(run_all(read, out), file=sys.stdout)
