"""Step 8: one pulse against program-and-verify."""

import dataclasses

import jax.numpy as jnp
import jax.random as jr
import numpy as np

from .... import crossbar
from .._paper import Result, Row
from ._chip import cell


def programming(card, session) -> Result:
    """One pulse against program-and-verify at the same written error.

    The written error of the SOT cell is that of its devices and writes. The other cell is
    written until a read is within a tolerance that gives the same root mean square error.
    """
    count = session.size("cells")
    made = cell(card, card.number("device.high", "Ohm"), card.numbers("device.spreads")[-1])
    table = made.levels(made.assign(2))
    target = jr.bernoulli(session.key(8, 1), 0.5, (count,)).astype(int)
    once = crossbar.program(table, target, crossbar.OpenLoop(2), key=session.key(8, 2))
    aim = table.conductance[target]
    relative = lambda error: float(jnp.sqrt(jnp.mean((error / aim) ** 2)))
    written = relative(once.error)
    other = dataclasses.replace(
        table,
        cycle_std=card.number("verify.cycle") * table.conductance,
        device_std=0 * table.device_std,
    )
    found = once
    low, high = 0.05, 4.0  # of the tolerance, over the written error: bisection
    for _ in range(10):
        middle = (low + high) / 2
        tolerance = middle * written * float(jnp.mean(aim))
        verify = crossbar.WriteVerify(
            2, attempts=card.count("verify.attempts"), tolerance=tolerance
        )
        found = crossbar.program(other, target, verify, key=session.key(8, 3))
        low, high = (low, middle) if relative(found.error) > written else (middle, high)
    pulses = float(jnp.mean(found.pulses))
    energy = (
        pulses * card.number("verify.energy", "J") / card.number("device.write_energy", "J")
    )
    time = pulses * card.number("verify.time", "s") / card.number("device.write_time", "s")
    runs = f"{count} cells"
    return Result(
        [
            Row("written error of one pulse, relative", 100 * written, "%", runs=runs),
            Row("written error of program-and-verify", 100 * relative(found.error), "%",
                runs=runs, control=f"{100 * card.number('verify.cycle'):g} % unverified; "
                f"{100 * float(found.yielded):.1f} % verified"),
            Row("pulses of program-and-verify", pulses, runs=runs, control="one pulse 1"),
            Row("energy of program-and-verify over one pulse", energy,
                paper="programming is fast and cheap [P]", runs=runs,
                verdict="Not comparable, because no number is public, and the energies are "
                "of the card."),
            Row("time of program-and-verify over one pulse", time, runs=runs),
        ],
        {"pulses": np.asarray(found.pulses), "error": np.asarray(found.error / aim)},
    )  # fmt: skip
