"""The command line. Nothing here imports jax: `mtjax --help` answers at once."""

import sys

from cyclopts import App

from . import __version__


app = App(
    name="mtjax",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="Differentiable magnetic tunnel junctions, from one spin to a trained crossbar.",
)
app.command(
    "mtjax._run_command:run",
    name="run",
    help="Runs the whole path: sweep, fits, crossbars, networks, sensitivities.",
)
app.command("mtjax._info:info", name="info", help="Prints versions, machine and devices.")
app.command(
    "mtjax._validate:validate",
    name="validate",
    help="Computes the reference table and says which rows hold.",
)
app.command(
    "mtjax._fit_command:fit",
    name="fit",
    help="Fits a compact model to measured data, and prints it with standard errors.",
)
app.command(
    "mtjax._export_command:export",
    name="export",
    help="Writes the compact model of a junction as Verilog-A and for ngspice.",
)
app.command(
    "mtjax._reproduce_command:reproduce",
    name="reproduce",
    help="Reproduces published systems, each in numbered steps beside its numbers.",
)
sets = App(name="data", help="Data sets to learn from.")
sets.command(
    "mtjax._data_command:fetch",
    name="fetch",
    help="Downloads data sets, and checks that they are those published.",
)
app.command(sets)


def main() -> None:
    """Runs a command; exit codes 0, 1 failed, 2 asked wrongly, 130 interrupted."""
    try:
        app()
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on where it stopped.", file=sys.stderr)
        sys.exit(130)
    except ValueError as error:
        from ._tree import BadInput

        if not isinstance(error, BadInput):
            raise
        print(error, file=sys.stderr)
        sys.exit(2)
