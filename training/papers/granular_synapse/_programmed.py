"""Step 3: how many levels a cell has, open loop and verified."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from .... import compact, crossbar
from ....data import Levels, Pulses, State
from .._card import Card
from .._paper import Result, Row
from .._session import Session
from ._after import fallen
from ._spreads import of_full_run


PUBLISHED = 50  # nm, of 4 levels


def cell(session: Session, side: int) -> compact.GranularSynapse:
    """The compact model fitted to what step 2 found for a side."""
    found = session.result(2).arrays
    mean = found[f"p{side}_mean"]
    trials = session.size("trials")[session.size("sides").index(side)]
    bins = 4
    statistics = Levels(
        start=State.PARALLEL,
        pulses=Pulses.product(voltage=found["voltage"], width=found[f"p{side}_width"]),
        trials=jnp.full(mean.shape, trials),
        mean=jnp.asarray(mean),
        variance=jnp.asarray(found[f"p{side}_variance"]),
        histogram=jnp.zeros((*mean.shape, bins), int),
        edges=jnp.linspace(0, 1, bins + 1),
        parallel=jnp.asarray(found[f"p{side}_parallel"]),
        antiparallel=jnp.asarray(found[f"p{side}_antiparallel"]),
    )
    fit = compact.fit(compact.GranularSynapse.start(statistics), statistics)
    return fit.model


def confusion(table: compact.LevelTable, *, calibrated: bool) -> float:
    """Largest chance that a level is read as its neighbour, with the best thresholds.

    - `calibrated`: each device has its own thresholds, so that only cycles count.
    """
    variance = np.asarray(table.cycle_std) ** 2
    if not calibrated:
        variance = variance + np.asarray(table.device_std) ** 2
    deviation = np.sqrt(variance)
    apart = np.diff(np.asarray(table.conductance)) / (deviation[1:] + deviation[:-1])
    return float(scipy.stats.norm.sf(apart).max())


def verified(card: Card, session: Session, model: Any, count: int, key) -> dict[str, float]:
    """What write-verify leaves of `count` levels: scored on a later read."""
    table = model.levels(model.assign(count))
    step = float(table.conductance[1] - table.conductance[0])
    span = float(model.parallel - model.antiparallel)
    scheme = crossbar.WriteVerify(
        attempts=card.count("levels.attempts"),
        tolerance=card.number("levels.window") * step,
        read_noise=card.number("levels.read_noise") * span,
        width=model.write_width,
    )
    cells = jnp.arange(session.size("programmed")) % count
    # Levels that no cell has: one compilation serves all counts.
    table = jax.tree.map(
        lambda x: jnp.pad(x, (0, session.size("most") - count), mode="edge"), table
    )
    done = _program(table, cells, scheme, key=key)
    good = np.asarray(done.success)
    wrong = np.abs(np.asarray(done.error)) > step / 2
    return {
        "confused": float(np.mean(wrong[good])) if good.any() else 1.0,
        "yield": float(good.mean()),
        "pulses": float(np.mean(np.asarray(done.pulses))),
        "energy": float(done.energy) / len(good),
    }


_program = eqx.filter_jit(crossbar.program)


def levels_of_cells(card: Card, session: Session) -> Result:
    """The largest number of levels with a confusion of at most 1e-3.

    Open loop: one pulse from the reset state, by the compact model that is fitted to step
    2, with thresholds of each device or common ones; normal tails are assumed, as the few
    cycles of step 2 show none. Verified: pulses until a read is within a quarter of a
    step, at most 20; cells that fail are counted in the yield, and the others are read
    again, because the window fixes its own spread.
    """
    rows, arrays = [], {}
    limit = card.number("levels.confusion")
    counts = range(2, session.size("most") + 1)
    stays = bool(session.result(2).arrays["outlives"])
    for number, side in enumerate(session.size("sides")):
        found = session.keep(
            f"3-{side}", functools.partial(_of_side, card, session, side, counts, limit)
        )
        own, common, loop = (int(found[k]) for k in ("own", "common", "loop"))
        arrays |= {f"{side}_{k}": v for k, v in found.items()}
        compared = side == PUBLISHED
        four = {k: float(found[k][2]) for k in ("confused", "yield", "pulses", "energy")}
        rows += [
            Row(
                f"{side} nm: levels, open loop",
                float(own),
                runs=f"{session.size('draws')[number]} tessellations fitted",
                paper="4 levels [T]" if compared else "",
                control=f"common thresholds: {common}; 4 levels are confused in "
                f"{100 * float(found['at_four']):.2g} %; the law is off by "
                f"{100 * float(found['misfit']):.1f} % of the range",
                verdict=_four(own, loop, stays) if compared else "",
            ),
            Row(
                f"{side} nm: levels, verified",
                float(loop),
                runs=f"{session.size('programmed')} cells, 2 to {counts[-1]} levels tried",
                control=f"4 levels: yield {100 * four['yield']:.2f} %, "
                f"{four['pulses']:.1f} pulses, {1e12 * four['energy']:.2f} pJ, "
                f"confused {100 * four['confused']:.2g} %",
            ),
        ]
        session.progress(number + 1, len(session.size("sides")))
    return Result([of_full_run(session, row) for row in rows], arrays)


def _of_side(card, session, side, counts, limit):
    """Numbers of levels, and by count what verified writes leave."""
    model = cell(session, side)
    table = lambda count: model.levels(model.assign(count))
    own, common = (
        _most(counts, lambda n, c=c: confusion(table(n), calibrated=c) <= limit)
        for c in (True, False)
    )
    after = {n: verified(card, session, model, n, session.key(3, side)) for n in counts}
    loop = _most(
        counts, lambda n: after[n]["confused"] <= limit and after[n]["yield"] > 0.99
    )
    four = table(4)
    return {
        **{name: np.array([after[n][name] for n in counts]) for name in after[2]},
        "own": own,
        "common": common,
        "loop": loop,
        "at_four": confusion(four, calibrated=True),
        "misfit": model.misfit,
        "conductance": four.conductance,
        "cycle": four.cycle_std,
        "device": four.device_std,
    }


def _most(counts, good):
    """The largest of the counts that is good."""
    return max((n for n in counts if good(n)), default=1)


def _four(own, loop, stays):
    if own >= 4:
        told = "Reached in open loop."
    elif loop >= 4:
        told = f"Not reached in open loop, which gives {own}; reached with verified writes."
    else:
        told = f"Not reached: {own} levels in open loop, {loop} verified."
    return told if stays else fallen(told)


def plot_cells(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Yield and pulses of verified writes by the number of levels."""
    left, right = figure.subplots(1, 2)
    for name in [k[:-6] for k in arrays if k.endswith("_yield")]:
        counts = 2 + np.arange(len(arrays[f"{name}_yield"]))
        left.plot(counts, 100 * arrays[f"{name}_yield"], "o-", ms=3, label=f"{name} nm")
        right.semilogy(counts, np.maximum(arrays[f"{name}_confused"], 1e-5), "o-", ms=3)
    right.axhline(card.number("levels.confusion"), color="k", ls=":")
    left.set(xlabel="levels", ylabel="verified within 20 pulses (%)")
    right.set(xlabel="levels", ylabel="confused on a later read")
    left.legend(fontsize=7)
