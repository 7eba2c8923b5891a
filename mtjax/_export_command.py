"""The command `mtjax export`. Nothing here imports jax before it is needed."""

import pathlib
import sys


def export(
    config: str | None = None,
    /,
    *overrides: str,
    fit: pathlib.Path | None = None,
    out: pathlib.Path = pathlib.Path("mtjax-export"),
    print_config: bool = False,
) -> None:
    """Writes a junction as Verilog-A and for ngspice, with corners and mismatch.

    Without arguments it is the junction of compact.presets.switching_junction, a stand-in.

    Parameters
    ----------
    config
        TOML file; what it leaves out stays as in the preset.
    overrides
        Values of single keys, such as name=cell or model.junction.parallel="8 kOhm".
    fit
        Directory of `mtjax fit --model macrospin`: its thresholds, stability and
        relaxation take the place of those of the preset.
    out
        Directory for NAME.va, NAME.lib and NAME_corners.lib.
    print_config
        Print the configuration with the source of every value, and stop.
    """
    import jax

    jax.config.update("jax_enable_x64", True)

    from . import _config, _export
    from ._tree import BadInput

    arguments = ([config] if config else []) + list(overrides)
    files = [text for text in arguments if "=" not in text]
    if len(files) > 1:
        raise BadInput(f"There must be at most one configuration file, got {files}.")
    read = _config.read(
        _export.preset(fit),
        pathlib.Path(files[0]) if files else None,
        [text for text in arguments if "=" in text],
    )
    if print_config:
        print(read.toml(sources=True), end="")
    else:
        print(_export.run(read, out), file=sys.stdout)
