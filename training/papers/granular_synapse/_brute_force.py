"""Kinetic Monte Carlo against brute-force LLG, where a barrier can be crossed by both."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from scipy import constants

from .... import llg
from .._card import Card
from .._paper import Row
from .._session import Session
from ._junctions import changed, draw, junction, of_one


def brute_force(card: Card, session: Session) -> dict[str, Any]:
    """How many of hot junctions of a few grains have left their parallel state.

    The temperature makes the least barrier as low as the card says; the time is such
    that a half should be left by the rates.
    """
    device = changed(junction(card, session), side=card.number("retention.check_side", "m"))
    system = device.system(of_one(draw(card, device, 1, session.key(4, 1))))
    states = llg.Microstates(system, device.grains, attempt=llg.langer_attempts)
    up = np.ones((1, device.grains), np.int8)
    ways = states.ways(up)
    least = float(ways.energy.min())
    temperature = least / (constants.k * card.number("retention.check_barrier"))
    rates = ways.attempt * np.exp(-ways.energy / (constants.k * temperature))
    time = np.log(2) / float(rates.sum())
    trials, dt = session.size("check_trials"), card.number("sweep.dt", "s")
    hot = eqx.tree_at(lambda s: s.temperature, system, jnp.asarray(temperature))
    signs = llg.written_signs(
        hot,
        llg.Pulse(voltage=0.0, width=time),
        llg.TimeGrid(dt=dt, steps=round(time / dt) + 1),
        device.grains,
        key=session.key(4, 2),
        trials=trials,
    )
    kept = llg.retention(
        states,
        up,
        np.array([0.0, 2 * float(system.circuit.parallel)]),
        temperatures=[temperature],
        key=session.key(4, 3),
        horizon=time,
        trials=4000,
    )
    step = np.ptp(states.cosine(np.stack([up[0], -up[0]]))) / 2 / device.grains
    span = float(system.circuit.parallel - system.circuit.antiparallel)
    moved = np.abs(np.asarray(kept.after[0, 0]) - float(kept.before[0]))
    return {
        "brute": np.mean(np.any(np.asarray(signs) < 0, 1)),
        "kinetic": np.mean(moved > 0.05 * step * span),
        "trials": np.array(trials),
        "barrier": np.array(least / (constants.k * temperature)),
        "time": np.array(time),
        "grains": np.array(device.grains),
    }


def brute_force_row(found: dict[str, np.ndarray]) -> Row:
    """Rates that both say, one over the other."""
    trials = int(found["trials"])
    brute, kinetic = float(found["brute"]), float(found["kinetic"])
    error = np.sqrt(max(brute * (1 - brute), 1 / trials) / trials)
    rate = lambda p: float(-np.log1p(-min(p, 1 - 1 / trials)))
    ratio = rate(brute) / rate(kinetic)
    wide = 1.96 * error / (1 - min(brute, 1 - 1 / trials)) / rate(kinetic)
    low, high = ratio - wide, ratio + wide
    if low <= 1 <= high:
        verdict = "LLG leaves its state as often as the rates say."
    elif 0.5 <= ratio <= 2:
        verdict = f"LLG leaves its state {ratio:.2f} times as fast: within a factor of two."
    else:
        away = -np.log(max(ratio, 1e-9))
        verdict = (
            f"LLG leaves its state {ratio:.2f} times as fast as the rates say, as if "
            f"barriers were {away:+.1f} kT higher"
        )
        likely = (
            "; likely because Langer's rate is an upper bound at low damping, and "
            "harmonic, which the soft layer is not when so hot."
        )
        verdict += likely if ratio < 1 else "."
    return Row(
        "rate of leaving the parallel state, LLG over kinetic Monte Carlo",
        ratio,
        interval=(low, high),
        runs=f"{trials} trials of {1e9 * float(found['time']):.1f} ns, "
        f"{int(found['grains'])} grains, least barrier {float(found['barrier']):.0f} kT; "
        "normal interval",
        control=f"left: LLG {100 * brute:.1f} %, kinetic {100 * kinetic:.1f} %",
        verdict=verdict,
    )
