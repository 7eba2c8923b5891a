"""The command `mtjax fit`. Nothing here imports jax before it is needed."""

import pathlib
from typing import Annotated

from cyclopts import Parameter


Many = Parameter(consume_multiple=True, negative=())


def fit(
    file: pathlib.Path,
    /,
    *,
    map: Annotated[list[str] | None, Many] = None,
    parallel: Annotated[list[str] | None, Many] = None,
    antiparallel: Annotated[list[str] | None, Many] = None,
    where: Annotated[list[str] | None, Many] = None,
    dims: Annotated[list[str] | None, Many] = None,
    flip: bool = False,
    model: str | None = None,
    free: Annotated[list[str] | None, Many] = None,
    out: pathlib.Path = pathlib.Path("mtjax-fit"),
) -> None:
    """Fits a compact model to measured data, and prints it with its standard errors.

    mtjax fit c4.csv --map "voltage=Vp in mV" "width==10 ns" trials=N switched=Nsw
    --parallel direction=P-AP --antiparallel direction=AP-P --model macrospin

    Parameters
    ----------
    file
        Table (.csv, .txt, ...), HDF5 file with foreign names, or statistics that mtjax
        wrote (levels.h5, switching.h5), which need no map.
    map
        What each column holds: QUANTITY=COLUMN, with " in UNIT" unless the header says
        it, or "QUANTITY==VALUE" for the whole file. Switching counts: voltage, width,
        switched, trials (left out where a row is one attempt); levels: voltage, width,
        parallel, antiparallel, and conductance or mean, std, trials; and device.
    parallel
        The pulses started from the parallel state; with COLUMN=TEXT, those of these rows.
        Every pulse did if neither this nor the next is given.
    antiparallel
        The same for the antiparallel state. Only "macrospin" takes both.
    where
        Only the rows whose COLUMN=TEXT.
    dims
        The dimensions of the arrays of an HDF5 file, in order.
    flip
        Change the sign of the voltages: a positive one must drive to antiparallel.
    model
        Of counts: "switching" (logistic, spread of devices), "macrospin" (thermally
        activated to precessional) or "spin-orbit". Of levels: "levels" (granular synapse)
        or "population" (of synapses, with correlated spreads).
    free
        The quantities to adjust, if not all that the model adjusts.
    out
        Directory for the fit, the data as read, and figures. One with the same fit is
        read; one with another is refused.
    """
    import sys

    import jax

    jax.config.update("jax_enable_x64", True)

    from ._fit import ask, run
    from ._tree import BadInput

    try:
        asked = ask(
            file,
            map=map,
            starts={"parallel": parallel, "antiparallel": antiparallel},
            where=where,
            dims=dims,
            flip=flip,
            model=model,
            free=free,
        )
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(str(error)) from error
    text, good = run(asked, out)
    print(text)
    if not good:
        sys.exit(1)
