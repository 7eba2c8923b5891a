"""Step 5: the junction with one ingredient less."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .... import llg
from ....data import Pulses
from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Result, Row
from .._session import Session
from ._after import rest_of
from ._junctions import changed, draw, fractions, junction, of_one, sweep
from ._variants import RigidGrains, WithoutDipoles


def controls(card: Card, session: Session) -> Result:
    """The same pulses on junctions with one ingredient changed, and a law.

    No spread of anisotropy and size; no exchange between the layers; none and full
    lateral exchange in the soft layer; no dipolar coupling; a soft layer of four spins a
    grain. For each: the largest deviation over the cycles, and how much is reversed, a
    nanosecond after the pulse.
    Last, uncoupled rigid grains against the Poisson-binomial law, by Fokker-Planck.
    """
    device = junction(card, session)
    full = card.number("controls.a_ex", "J/m")
    cases: dict[str, Any] = {
        "as it is": device,
        "no spread": changed(device, grain__k_u_spread=0.0, grain__size_spread=0.0),
        "no exchange between layers": changed(device, j_interlayer=0.0),
        "no lateral exchange": changed(device, soft__a_ex=0.0),
        "full lateral exchange": changed(device, soft__a_ex=full),
        "no dipoles": WithoutDipoles(device),
        "four soft spins a grain": changed(device, soft__split=4),
    }
    if session.quick:
        del cases["four soft spins a grain"]
    voltages = np.array(card.numbers("sweep.voltages", "V"))
    arrays: dict[str, Any] = {"voltage": voltages}
    rows: list[Row] = []
    total = len(cases) + 1
    for number, (name, case) in enumerate(cases.items()):
        found = session.keep(
            f"5-{number}", lambda case=case: _one(card, session, case, voltages)
        )
        part, deviation = found["part"], found["deviation"]
        arrays |= {f"part_{number}": part, f"deviation_{number}": deviation}
        rows.append(_row(card, session, name, part, deviation))
        session.progress(number + 1, total)
    law = session.keep("5-law", lambda: _law(card, session))
    rows += _law_rows(card, session, law)
    session.progress(total, total)
    return Result(rows, arrays | {f"law_{k}": v for k, v in law.items()})


def _row(card, session, name, part, deviation):
    own, volts = 100 * deviation.max(1), card.numbers("sweep.voltages", "V")
    runs = f"{len(own)} tessellations, {session.size('control_trials')} cycles"
    name = f"{name}: largest cycle deviation over range"
    if np.isnan(own).all():
        told = (
            "Not comparable because every trial is lost: the state that it should start "
            "from is none of rest."
        )
        return Row(name, None, runs=runs, verdict=told)
    between = part.std(0, ddof=min(1, len(part) - 1)).max()
    return Row(
        name,
        float(own.mean()),
        "%",
        bootstrap(own),
        runs=runs,
        control=f"reversed at {volts[-1]:g} V: {100 * part[:, -1].mean():.0f} %, "
        f"device to device {100 * between:.1f} %",
    )


def _one(card, session, device, voltages):
    base = device.device if isinstance(device, WithoutDipoles) else device
    number = session.size("control_draws")
    split = base.soft.split > 1
    draws = draw(card, base, max(1, number // 2) if split else number, session.key(5))
    width = 1e-9 * session.size("control_width")
    limit = float(llg.step_advice(device.system(of_one(draws))).precession)
    levels = sweep(
        device,
        draws,
        voltages,
        np.array([width]),
        dt=min(card.number("sweep.dt", "s"), limit),
        trials=session.size("control_trials"),
        key=session.key(5, 1),
        rest=rest_of(card),
    )
    part, deviation = fractions(levels)
    return {"part": part[..., 0], "deviation": deviation[..., 0]}


def _law(card, session):
    """Level of rigid grains by LLG, and by one Fokker-Planck equation a grain."""
    # Rigid grains need more than any barrier stands.
    unlimited = changed(junction(card, session), junction__breakdown=1e3)
    draws, device = draw(card, unlimited, 1, session.key(5)), RigidGrains(unlimited)
    voltages = np.array(card.numbers("controls.rigid_voltages", "V"))
    width, trials = card.number("controls.rigid_width", "s"), session.size("law_trials")
    levels = sweep(
        device,
        draws,
        voltages,
        np.array([width]),
        dt=card.number("sweep.dt", "s"),
        trials=trials,
        key=session.key(5, 2),
    )
    part, deviation = fractions(levels)
    pulses = Pulses.product(voltage=jnp.asarray(voltages), width=jnp.array([width]))
    closed = llg.granular_closure(device, draws, pulses)
    exact, spread = fractions(closed.levels)
    return {
        "voltage": voltages,
        "part": part[0, :, 0],
        "deviation": deviation[0, :, 0],
        "exact": exact[0, :, 0],
        "spread": spread[0, :, 0],
        "trials": np.array(trials),
    }


def _law_rows(card, session, law):
    rows = []
    n, grains = int(law["trials"]), junction(card, session).grains
    for i, voltage in enumerate(law["voltage"]):
        deviation = max(float(law["spread"][i]), 1e-12)
        z = (law["part"][i] - law["exact"][i]) / (deviation / np.sqrt(n))
        ratio = float(law["deviation"][i]) / deviation
        error = deviation_error(float(law["exact"][i]), deviation, grains, n)
        rows.append(
            Row(
                f"uncoupled rigid grains, {voltage:g} V: deviation over that of the law",
                ratio,
                "",
                (ratio - 1.96 * error, ratio + 1.96 * error),
                runs=f"{n} cycles of one tessellation; by the law's fourth moment",
                control=f"mean {100 * law['part'][i]:.2f} %, by the law "
                f"{100 * law['exact'][i]:.2f} %, z = {z:+.1f}",
                verdict="Uncoupled grains follow the Poisson-binomial law."
                if abs(z) < 4 and abs(ratio - 1) < 4 * error
                else "Differs from the Poisson-binomial law.",
            )
        )
    return rows


def deviation_error(part: float, deviation: float, grains: int, n: int) -> float:
    """Relative standard error of a deviation over `n` cycles of a Poisson-binomial number.

    Its excess kurtosis is that of equal grains of the same mean, $(1 - 6 p q) / v$ with the
    variance $v$ of their number: large where nearly all or none are reversed.
    """
    variance = (deviation * grains) ** 2
    excess = (1 - 6 * part * (1 - part)) / variance
    return float(np.sqrt((2 + excess) / n) / 2)


def plot_controls(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Reversed part of each control over the voltage."""
    names = (
        "as it is",
        "no spread",
        "J = 0",
        "A = 0",
        "A full",
        "no dipoles",
        "4 soft spins",
    )
    left, right = figure.subplots(1, 2)
    for number, name in enumerate(names):
        if f"part_{number}" in arrays:
            part, deviation = arrays[f"part_{number}"], arrays[f"deviation_{number}"]
            left.plot(arrays["voltage"], part.mean(0), "o-", ms=3, label=name)
            right.plot(arrays["voltage"], 100 * deviation.mean(0), "o-", ms=3)
    left.set(xlabel="voltage (V)", ylabel="reversed part")
    right.set(xlabel="voltage (V)", ylabel="cycle deviation / range (%)")
    left.legend(fontsize=6)
