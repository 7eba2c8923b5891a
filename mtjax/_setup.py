"""What a run is made of: the tree that a configuration fills."""

import math

import equinox as eqx
import jax.numpy as jnp

from mtjax import crossbar, llg
from mtjax.data import Pulses, quantity, Scalar


def at_least(module: eqx.Module, lower: int, *names: str) -> None:
    """Refuses a whole number below `lower`."""
    for name in names:
        if getattr(module, name) < lower:
            raise ValueError(f"`{name}` must be >= {lower}, got {getattr(module, name)}.")


class Sweep(eqx.Module):
    """Which switching events are simulated.

    - `draws`: junctions, each with a microstructure of its own.
    - `trials`: cycles of each junction at each pulse.
    """

    draws: int = eqx.field(static=True)
    trials: int = eqx.field(static=True)
    pulses: Pulses
    dt: Scalar = quantity("s", above=0, doc="time step")

    def __check_init__(self):
        at_least(self, 1, "draws", "trials")

    @property
    def grid(self) -> llg.TimeGrid:
        """As many steps as the longest pulse takes."""
        pulses = self.pulses
        ends = pulses.mesh("width") + (pulses.mesh("rise") + pulses.mesh("fall")) / 2
        steps = math.ceil(float(jnp.max(ends) / self.dt) * (1 - 1e-9))
        return llg.TimeGrid(dt=self.dt, steps=steps)


class Networks(eqx.Module):
    """What is learned, and on how many independently programmed chips it is tested."""

    data: tuple[str, ...] = eqx.field(static=True)
    hidden: int = eqx.field(static=True)
    epochs: int = eqx.field(static=True)
    batch: int = eqx.field(static=True)
    chips: int = eqx.field(static=True)

    def __check_init__(self):
        at_least(self, 0, "hidden")
        at_least(self, 1, "epochs", "batch", "chips")


class Sensitivities(eqx.Module):
    """How the loss of a trained network is differentiated, and on which subset.

    - `data`: whose network; one of those that are trained.
    - `parameters`: the rows of the table.
    - `keys`: independent repetitions, each with fresh grains, noise and chip.
    - `samples`: test samples in the loss.
    - `truth`: what each repetition simulates, in float32, with `llg.Score`.
    - `code`: what central differences and the reverse pass of `llg.Pathwise` share, in
      float64.
    """

    data: str = eqx.field(static=True)
    parameters: tuple[str, ...] = eqx.field(static=True)
    keys: int = eqx.field(static=True)
    samples: int = eqx.field(static=True)
    truth: Sweep
    code: Sweep

    def __check_init__(self):
        at_least(self, 2, "keys")
        at_least(self, 1, "samples")


class Setup(eqx.Module):
    """A whole run: device, sweep, array, networks, sensitivities."""

    seed: int = eqx.field(static=True)
    device: llg.GranularJunction
    sweep: Sweep
    array: crossbar.Spec
    networks: Networks
    sensitivities: Sensitivities

    def __check_init__(self):
        if self.sensitivities.data not in self.networks.data:
            raise ValueError(
                f"`sensitivities.data` must be one of {list(self.networks.data)}, as in "
                f"`networks.data`, got {self.sensitivities.data!r}."
            )


def quickstart() -> Setup:
    """The run of `mtjax run` without arguments, spelled out in examples/quickstart.toml."""
    volts = lambda *values: jnp.array(values)
    widths = lambda *values: jnp.array([value * 1e-9 for value in values])
    # Paths that begin side by side part exponentially, e times in some 30 ps, and so
    # grows the derivative along a path: where it is compared, pulses must be short.
    short = Pulses.product(voltage=volts(0.3, 0.75, 1.2), width=widths(0.08, 0.15))
    return Setup(
        seed=0,
        device=llg.presets.granular_junction(),
        sweep=Sweep(
            draws=3,
            trials=32,
            dt=1e-13,
            pulses=Pulses.product(
                voltage=volts(0.4, 0.6, 0.8, 1.0), width=widths(0.8, 1.2, 1.6)
            ),
        ),
        array=crossbar.Spec(levels=4, tile=64, dac_bits=6, adc_bits=6, wire=1.0),
        networks=Networks(
            data=("iris", "wine", "digits"), hidden=32, epochs=60, batch=32, chips=24
        ),
        sensitivities=Sensitivities(
            data="digits",
            parameters=(
                "device.grain.k_u",
                "device.grain.k_u_spread",
                "device.j_interlayer",
                "device.soft.alpha",
                "device.grain.alpha",
                "device.junction.tmr",
                "device.junction.resistance_area",
                "amplitude",
            ),
            keys=8,
            samples=100,
            truth=Sweep(
                draws=2,
                trials=16,
                dt=1e-13,
                pulses=Pulses.product(voltage=volts(0.4, 1.0), width=widths(0.2, 0.4)),
            ),
            code=Sweep(draws=1, trials=8, dt=1e-13, pulses=short),
        ),
    )


# Keys of configurations that stand for several others, and the kinds there are.
ALIASES = {"device.alpha": ("device.soft.alpha", "device.grain.alpha")}
KINDS = {"device": {"granular_junction": llg.presets.granular_junction}}
