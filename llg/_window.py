"""The feasible window of a granular card: what writing, reading and keeping allow."""

import dataclasses
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax import lax
from jaxtyping import Array

from ..data import Outcome, Pulses, quantity, require_x64, Scalar
from ._constants import K_B
from ._flips import flips, settled
from ._granular import GranularJunction
from ._grid import TimeGrid
from ._junction import NO_LIMIT, Source
from ._microstates import langer_attempts
from ._microstructure import Microstructure
from ._observables import Level
from ._retention import TEN_YEARS
from ._score import Score
from ._sweep import sweep
from ._thresholds import instability_voltage, reversal_voltage
from ._waveform import Rest


class Need(eqx.Module):
    """What a card shall do."""

    width: Scalar = quantity("s", above=0, default=1e-9, doc="width of a write pulse")
    rest: Scalar = quantity(
        "s", above=0, default=1e-9, doc="from the end of that pulse to the look"
    )
    share: Scalar = quantity(
        "1", above=0, below=1, default=0.8, doc="share of the range that it crosses"
    )
    read: Scalar = quantity("V", above=0, default=0.02, doc="source voltage of a reading")
    read_time: Scalar = quantity("s", above=0, default=1e-8, doc="duration of a reading")
    keep: Scalar = quantity("s", above=0, default=TEN_YEARS, doc="how long levels last")
    failure: Scalar = quantity(
        "1", above=0, below=1, default=1e-3, doc="probability that either fails"
    )
    resistance: Scalar = quantity(
        "Ohm", above=0, default=1e3, doc="of the parallel state, at least"
    )


@dataclasses.dataclass(frozen=True)
class Border:
    """One side of the window.

    - `name`, `unit`: what it is; `value` and its `limit`.
    - `margin`: logarithm of how far `value` is on the right side of `limit`; negative
      where it is on the wrong one.
    - `gradient`: d ln `value` / d ln parameter, by the names of the parameters, and
      `error`, its standard error, or zeros where it is no estimate.
    """

    name: str
    unit: str
    value: float
    limit: float
    margin: float
    gradient: dict[str, float]
    error: dict[str, float]


@dataclasses.dataclass(frozen=True)
class FeasibleWindow:
    """The borders of a card; `need` is what they are measured by."""

    borders: tuple[Border, ...]
    need: Need

    @property
    def feasible(self) -> bool:
        """Whether every border is kept."""
        return all(border.margin > 0 for border in self.borders)

    def table(self) -> str:
        """One line for each border."""
        head = f"{'border':<24}{'value':>11}{'limit':>11}  {'unit':<5}{'margin':>8}\n"
        return head + "\n".join(
            f"{b.name:<24}{b.value:>11.4g}{b.limit:>11.4g}  {b.unit:<5}{b.margin:>+8.2f}"
            for b in self.borders
        )


def feasible_window(
    device: GranularJunction,
    microstructures: Microstructure,
    *,
    key: Array,
    need: Need | None = None,
    dt: float = 1e-13,
    trials: int = 32,
    keys: int = 4,
) -> FeasibleWindow:
    r"""The borders of a granular card, with their derivatives by its parameters.

    - *write*: the source voltage at which a pulse from parallel crosses `need.share` of
      the range, from a sweep; below that which breaks the antiparallel junction down.
      Its derivative is the likelihood ratio's (`llg.Score`), with a standard error over
      `keys`. The level is that after a rest: under the voltage the soft layer turns
      alone, too, and falls back.
    - *read disturb*: the source voltage at which the weakest grain of the parallel state
      turns in a reading with probability `need.failure`. Torque lowers a barrier as for
      one axial magnet, $E (1 - V / V_c)^2$ with the instability voltage $V_c$ without
      noise: an approximation for grains. Above the voltage of a reading.
    - *retention*: the lowest barrier of a grain, of both uniform states; above
      $k_B T \ln(f_0 t / p)$ with Langer's attempt rate, whose derivative is left out.
    - *resistance* of the parallel state; above what wires and selectors ask for.

    **Arguments:**

    - `microstructures`: Draws, of which the first is used.
    - `trials`: Of each voltage of the sweep.
    """
    require_x64("A feasible window")
    need = Need() if need is None else need
    if float(device.junction.breakdown) >= NO_LIMIT:
        raise ValueError(
            "`device.junction.breakdown` must be a limit that a pulse can reach, got "
            f"{float(device.junction.breakdown):g} V."
        )
    if device.junction.source is not Source.VOLTAGE:
        raise ValueError(
            "`device.junction.source` must be Source.VOLTAGE, got "
            f"{device.junction.source}."
        )
    first = jax.tree.map(lambda x: x[:1], microstructures)
    grains = first.grains
    system_of = lambda device: device.system(jax.tree.map(lambda x: x[0], first))
    system = eqx.filter_jit(system_of)(device)
    k_write, k_slope = jr.split(key)

    # Both uniform states, and the weakest grain of each.
    states = [settled(system, sign * jnp.ones(grains, int)) for sign in (1, -1)]
    found = [flips(system, m, grains) for m in states]
    sound = lambda f: jnp.where(f.outcome == Outcome.successful, f.energy, jnp.inf)
    weak = [int(jnp.argmin(sound(f))) for f in found]
    least = [float(f.energy[i]) for f, i in zip(found, weak, strict=True)]
    side = int(np.argmin(least))
    attempts = [
        langer_attempts(system, m, f)[i, 0]
        for m, f, i in zip(states, found, weak, strict=True)
    ]

    def needed(time, which):
        return jnp.log(lax.stop_gradient(attempts[which]) * time / need.failure)

    def height(device, which):
        changed, saddle = system_of(device), found[which].saddle[weak[which]]
        energy = changed.energy(saddle) - changed.energy(states[which])
        return energy / (K_B * device.temperature)

    def kept(device):
        return height(device, side)

    def disturb(device):
        critical = instability_voltage(system_of(device), states[0])
        ratio = needed(need.read_time, 0) / height(device, 0)
        return critical * (1 - jnp.sqrt(ratio))

    def resistance(device):
        return device.junction.resistance_area / device.side**2

    def exact(name, unit, function, limit):
        value, slope = eqx.filter_jit(eqx.filter_value_and_grad(function))(device)
        gradient = _logarithmic(slope, device, value)
        margin = math.log(float(value) / limit) if value > 0 else -math.inf
        none = dict.fromkeys(gradient, 0.0)
        return Border(name, unit, float(value), limit, margin, gradient, none)

    borders = (
        _write(device, first, need, dt, trials, keys, k_write, k_slope),
        exact("read disturb", "V", disturb, float(need.read)),
        exact("retention", "kT", kept, float(needed(need.keep, side))),
        exact("resistance", "Ohm", resistance, float(need.resistance)),
    )
    return FeasibleWindow(borders, need)


def _write(device, draws, need, dt, trials, keys, k_write, k_slope) -> Border:
    total, rest = float(need.width + need.rest), Rest(duration=need.rest)
    grid = TimeGrid(dt=dt, steps=math.ceil(total / dt - 1e-9))
    circuit = device.junction.circuit(device.side**2)
    limit = float(device.junction.breakdown)
    # The source voltage that breaks the antiparallel junction down.
    most = limit * (1 + float(circuit.series_resistance * circuit.conductance(-1.0, limit)))
    voltage = jnp.linspace(0.0, 1.0, 9) * most * (1 - 1e-9)
    levels = sweep(
        device,
        draws,
        Pulses.product(voltage=voltage, width=need.width),
        grid,
        observe=Level(),
        key=k_write,
        trials=trials,
        waveform=rest,
    )
    source = float(reversal_voltage(levels, float(need.share))[0])
    names = _names(device)
    if not math.isfinite(source):
        none = dict.fromkeys(names, math.nan)
        return Border("write", "V", math.nan, most, -math.inf, none, none)

    def level(parameters, key):
        device, voltage = parameters
        found = sweep(
            device,
            draws,
            Pulses.product(voltage=voltage[None], width=need.width),
            grid,
            observe=Level(),
            key=key,
            trials=trials,
            gradient=Score(),
            waveform=rest,
        )
        low, high = found.antiparallel[0], found.parallel[0]
        return (found.mean[0, 0] - low) / (high - low)

    slope = eqx.filter_grad(level)
    rows = []
    at = (device, jnp.asarray(source))
    for key in jr.split(k_slope, keys):
        by_device, by_voltage = slope(at, key)
        rows.append([*_logarithmic(by_device, device, 1.0).values(), by_voltage * source])
    rows = np.array(rows, float)
    # Level stays: d ln V = - (d level / d ln p) / (d level / d ln V), a ratio of means.
    mean = rows.mean(0)
    ratio = -mean[:-1] / mean[-1]
    parts = -(rows[:, :-1] + ratio * rows[:, -1:]) / mean[-1]
    error = parts.std(0, ddof=1) / math.sqrt(keys)
    return Border(
        "write",
        "V",
        source,
        most,
        math.log(most / source),
        dict(zip(names, ratio.tolist(), strict=True)),
        dict(zip(names, error.tolist(), strict=True)),
    )


def _logarithmic(slope: Any, device: Any, value: Any) -> dict[str, float]:
    """D ln value / d ln parameter, by path."""
    pairs = zip(jax.tree.leaves(slope), jax.tree.leaves(device), strict=True)
    values = [float(s * p / value) for s, p in pairs]
    return dict(zip(_names(device), values, strict=True))


def _names(device: Any) -> list[str]:
    paths = jax.tree_util.tree_flatten_with_path(device)[0]
    return [jax.tree_util.keystr(path).lstrip(".") for path, _ in paths]
