"""Steps 1 and 2: the feasible window, and the levels that pulses leave."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import constants

from .... import llg
from ....data import State
from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Result, Row
from .._session import Session
from ._junctions import changed, draw, fractions, grain_energies, sweep


def window(card: Card, session: Session) -> Result:
    """Which junctions can be written below 1.2 V: printed before anything else.

    If the layers turned as one, the current would be that of Sun's law for the sum of all
    barriers. The soft layer's lever brings it down: the voltages at which a pulse of 3 ns
    first changes the state, and at which all of it is reversed, are those of LLG. These
    are two thresholds, and the levels lie between them. One product of resistance and
    area serves writing, reading and the array.
    """
    preset = llg.presets.granular_junction()
    draws = draw(preset, session.size("window_draws"), session.key(1))
    energies = grain_energies(preset, draws)
    total = float(np.mean(energies.sum(1)))
    barrier = total * constants.k * float(preset.temperature)
    polarisation = float(preset.junction.polarisation)
    efficiency = 2 * polarisation / (1 + polarisation**2)
    rigid = float(llg.critical_current(preset.grain.alpha, efficiency, barrier))
    voltages = np.array(card.numbers("window.voltages", "V"))
    areas = card.numbers("window.resistance_area", "Ohm m^2")
    if session.quick:
        areas = areas[1:2]
    parts = []
    for number, area in enumerate(areas):
        device = changed(preset, junction__resistance_area=area)
        levels = sweep(
            device,
            draws,
            voltages,
            1e-9 * np.array([session.size("window_width")]),
            dt=card.number("sweep.dt", "s"),
            trials=session.size("window_trials"),
            key=session.key(1, 1),
        )
        parts.append(fractions(levels)[0][..., 0])
        session.progress(number + 1, len(areas))
    part = np.stack(parts)  # areas, devices, voltages
    resistance = float(preset.junction.resistance_area) / float(preset.side) ** 2
    limit = card.number("window.limit", "V")
    available = limit / (resistance + float(preset.junction.series_resistance))
    rows = [
        Row(
            "K V of a grain over kT, median",
            float(np.median(energies)),
            interval=(float(energies.min()), float(energies.max())),
            runs=f"{energies.shape[0]} tessellations of {energies.shape[1]} grains",
            control="interval: from least to largest",
        ),
        Row(
            "critical current if all of it turned as one",
            1e6 * rigid,
            "uA",
            runs="Sun's law, the sum of all K V",
            control=f"{1e6 * available:.0f} uA flow through {resistance:.0f} Ohm at "
            f"{limit:g} V",
        ),
    ]
    tilted = part[..., :1].mean()  # without a pulse
    reached = (part - tilted) / (1 - 2 * tilted)
    ends = [_threshold(reached, voltages, card.number(f"window.{k}")) for k in ENDS]
    for at, area in enumerate(areas):
        low, high = (end[at] for end in ends)
        done = np.all(np.isfinite(high))
        rows += [
            Row(
                f"RA {area * 1e12:g} Ohm um2: state unstable from",
                float(np.mean(low)),
                "V",
                bootstrap(low),
                runs=f"{part.shape[1]} tessellations",
                control="all reversed from "
                + (f"{np.mean(high):.2f} V" if done else f"above {limit:g} V"),
                verdict="Feasible: both thresholds are below the limit."
                if done
                else "Not feasible: full reversal is above the limit.",
            )
        ]
    arrays = {"voltage": voltages, "area": np.array(areas), "part": part}
    return Result(rows, arrays | {"energies": energies})


ENDS = ("instability", "reversal")


def _threshold(part, voltages, level):
    """Voltage at which the reversed part first reaches a level, infinite if never."""
    rising = np.maximum.accumulate(part, -1)

    def one(row):
        if row[-1] < level:
            return np.inf
        at = int(np.argmax(row >= level))
        if at == 0:
            return voltages[0]
        share = (level - row[at - 1]) / (row[at] - row[at - 1])
        return voltages[at - 1] + share * (voltages[at] - voltages[at - 1])

    return np.apply_along_axis(one, -1, rising)


_KEPT: tuple[str, ...] = (
    "part",
    "deviation",
    "mean",
    "variance",
    "parallel",
    "antiparallel",
)


def levels(card: Card, session: Session) -> Result:
    """Levels by side, pulse and start; the unit is the tessellation.

    Sides of 30 to 100 nm from parallel; at 50 nm from antiparallel, with pulses of up to
    10 ns, and from each of two intermediate levels that a first pulse has set. Largest
    are the deviations of intermediate levels, from cycle to cycle and from device to
    device, in parts of the range.
    """
    preset = llg.presets.granular_junction()
    voltages = np.array(card.numbers("sweep.voltages", "V"))
    dt = card.number("sweep.dt", "s")
    arrays: dict[str, Any] = {"voltage": voltages}
    sides = session.size("sides")
    jobs = len(sides) + 3

    def kept(name, device, draws, widths, trials, path, **more):
        make = lambda: dict(
            zip(
                _KEPT,
                _all(
                    device, draws, voltages, widths, dt, trials, session.key(2, *path), more
                ),
                strict=True,
            )
        )
        found = session.keep(f"2-{name}", make)
        arrays.update({f"{name}_{k}": v for k, v in found.items()})
        arrays[f"{name}_width"] = widths
        return found

    rows = []
    for at, side in enumerate(sides):
        device = changed(preset, side=side * 1e-9)
        draws = draw(device, session.size("draws"), session.key(2, side))
        longest = session.size("widths")[at]
        widths = 1e-9 * longest * np.array([1 / 3, 1])
        trials = session.size("trials")[at]
        found = kept(f"p{side}", device, draws, widths, trials, (side, 1))
        rows += _spread_rows(
            f"{side} nm, {device.grains} grains, {longest} ns", found, trials
        )
        session.progress(at + 1, jobs)
    at = sides.index(50)
    draws = draw(preset, session.size("draws"), session.key(2, 50))
    trials = session.size("long_trials")
    long = np.array([session.size("long") * 1e-9])
    found = kept("long", preset, draws, long, trials, (50, 2))
    rows += _spread_rows(f"50 nm, {session.size('long')} ns", found, trials)
    session.progress(jobs - 2, jobs)
    widths, trials = arrays["p50_width"], session.size("trials")[at]
    more = {"start": State.ANTIPARALLEL}
    found = kept("ap50", preset, draws, widths, trials, (50, 3), **more)
    rows += _spread_rows("50 nm from antiparallel", found, trials)
    session.progress(jobs - 1, jobs)
    rows += _from_levels(card, session, preset, draws, arrays)
    session.progress(jobs, jobs)
    rows.append(_ends(arrays, session))
    return Result(rows, arrays)


def _all(device, draws, voltages, widths, dt, trials, key, more):
    found = sweep(device, draws, voltages, widths, dt=dt, trials=trials, key=key, **more)
    rest = found.mean, found.variance, found.parallel, found.antiparallel
    return (*fractions(found), *map(np.asarray, rest))


def _spread_rows(name, found, trials):
    part, deviation = found["part"][..., -1], found["deviation"][..., -1]
    devices = len(part)
    middle = np.argmax((deviation**2).mean(0))
    own = deviation[:, middle]
    return [
        Row(
            f"{name}: largest cycle deviation over range",
            100 * float(np.sqrt(np.mean(own**2))),
            "%",
            _percent(bootstrap(own)),
            runs=f"{devices} tessellations, {trials} cycles",
            control=f"device to device {100 * np.max(part.std(0, ddof=1)):.1f} %; "
            f"reversed at most {100 * part.mean(0).max():.0f} %",
        )
    ]


def _from_levels(card, session, preset, draws, arrays):
    """A second pulse on levels that a first one, as long, has set."""
    voltages = arrays["voltage"]
    width = 1e-9 * session.size("memory_width")
    pause = card.number("sweep.pause", "s")
    mean = arrays["p50_part"][..., 0].mean(0)
    parts = np.array([1 / 3, 2 / 3]) * mean[-1]
    first = [voltages[int(np.argmin(np.abs(mean - part)))] for part in parts]
    second = voltages[[1, -1]]
    found = session.keep(
        "2-memory",
        lambda: {
            "part": np.stack(
                [
                    [
                        _second(card, session, preset, draws, a, b, width, pause)
                        for b in second
                    ]
                    for a in first
                ]
            )
        },
    )["part"]  # first, second, devices
    arrays |= {"first": np.array(first), "second": second, "memory": found}
    rows = []
    single = arrays["p50_part"][..., 0]
    for i, a in enumerate(first):
        before = single[:, voltages.tolist().index(a)]
        weak = found[i, 0] - before
        rows.append(
            Row(
                f"50 nm, level set by {a:g} V: change by {second[0]:g} V more",
                100 * float(np.mean(weak)),
                "%",
                _percent(bootstrap(weak)),
                runs=f"{len(weak)} tessellations, {session.size('memory_trials')} cycles",
                control=f"{second[-1]:g} V more changes it by "
                f"{100 * np.mean(found[i, -1] - before):+.0f} %",
            )
        )
    return rows


def _second(card, session, preset, draws, a, b, width, pause):
    samples = 221  # 10 ps each
    time = np.linspace(0, 2 * width + pause, samples)
    heights = np.where(time < width, a / b, np.where(time < width + pause, 0.0, 1.0))
    found = sweep(
        preset,
        draws,
        np.array([b]),
        np.array([2 * width + pause]),
        dt=card.number("sweep.dt", "s"),
        trials=session.size("memory_trials"),
        key=session.key(2, 4),
        waveform=llg.Sampled(values=jnp.asarray(heights)),
    )
    return fractions(found)[0][:, 0, 0]


def _ends(arrays, session):
    """Whether intermediate levels vary more than the ends."""
    part, deviation = arrays["p50_part"], arrays["p50_deviation"]
    flat, sd = part.reshape(-1), deviation.reshape(-1)
    inner = (flat > 0.25) & (flat < 0.75)
    outer = (flat < 0.05) | (flat > 0.95)
    ratio = (
        float(sd[inner].mean() / sd[outer].mean())
        if inner.any() and outer.any()
        else np.nan
    )
    return Row(
        "50 nm: deviation of middle levels over that of the ends",
        ratio,
        paper="ends least variable [T]",
        runs=f"{inner.sum()} middle and {outer.sum()} end points",
        control="1 if the state did not matter",
        verdict=f"Reached: the middle varies {ratio:.1f} times as much as the ends."
        if ratio > 1.5
        else "Not reached because the ends vary as much or were not reached by the pulses.",
    )


def _percent(interval):
    return 100 * interval[0], 100 * interval[1]


def plot_window(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Reversed part over voltage, by resistance-area product."""
    axis = figure.subplots()
    for area, part in zip(arrays["area"], arrays["part"], strict=True):
        axis.plot(arrays["voltage"], part.mean(0), "o-", label=f"{area * 1e12:g} Ohm um2")
    axis.axvline(card.number("window.limit", "V"), color="k", ls=":")
    axis.set(xlabel="voltage of 3 ns (V)", ylabel="reversed part")
    axis.legend(title="RA")


def plot_levels(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Levels and their deviations."""
    left, right = figure.subplots(1, 2)
    volts = arrays["voltage"]
    for name in [k[:-5] for k in arrays if k.endswith("_part") and k.startswith("p")]:
        part, deviation = arrays[f"{name}_part"], arrays[f"{name}_deviation"]
        left.errorbar(
            volts,
            part[..., -1].mean(0),
            part[..., -1].std(0),
            fmt="o-",
            ms=3,
            capsize=2,
            label=f"{name[1:]} nm",
        )
        right.plot(
            part.reshape(-1), 100 * deviation.reshape(-1), ".", label=f"{name[1:]} nm"
        )
    left.set(xlabel="voltage (V)", ylabel="reversed part, longest pulse")
    right.set(xlabel="reversed part", ylabel="cycle deviation / range (%)")
    left.legend(fontsize=7)
