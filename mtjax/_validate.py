"""`mtjax validate`: every row of the reference table beside what this machine computes."""

import dataclasses
import json
import sys
import time
from typing import Annotated

from cyclopts import Parameter


def validate(
    *, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False
) -> None:
    """Computes the reference table: closed forms and independently computed answers.

    Prints case, expected, obtained, tolerance or z, and whether it passed. Exit code 1
    if a row failed, or if the z-scores of the thermal rows are together too large.

    Parameters
    ----------
    as_json
        Print one JSON object instead of lines.
    """
    import jax

    jax.config.update("jax_enable_x64", True)

    from mtjax import llg

    began, checks = time.monotonic(), []
    for check in llg.validate():
        checks.append(check)
        if not as_json:
            print(_line(check), flush=True)
    probability = llg.overall(checks)
    failed = [check for check in checks if not check.passed]
    seconds = time.monotonic() - began
    if as_json:
        rows = [
            {**dataclasses.asdict(check), "z": check.z, "passed": check.passed}
            for check in checks
        ]
        summary = {"failed": len(failed), "probability": probability, "seconds": seconds}
        print(json.dumps({"rows": rows, **summary}, indent=1))
    else:
        passed = len(checks) - len(failed)
        print(f"{passed} of {len(checks)} rows passed in {seconds:.0f} s.")
        if any(check.z is not None for check in checks):
            print(f"Probability of thermal z-scores this large: {probability:.3g}.")
    if failed or probability < 1e-3:
        sys.exit(1)


def _line(check) -> str:
    if check.z is None:
        margin = f"tol {check.tolerance:8.1e}"
    else:
        margin = f"z   {check.z:+8.2f}"
    mark = "ok" if check.passed else "FAILED"
    name = f"{check.row}: {check.case}"
    return f"{name:76} {check.expected:14.8g} {check.obtained:14.8g}  {margin}  {mark}"
