import functools

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from jaxtyping import Array, Float

from .... import compact
from .._paper import Result, Row


NAMES = ("parallel", "tmr", "half", "centre", "width")


def measured_curve(card) -> tuple[np.ndarray, np.ndarray]:
    r"""Currents [A] and mean voltages [V] of a junction that fluctuates, as swept once.

    The stationary solution of the axial Fokker-Planck equation under spin-transfer
    torque is $p(z) \propto e^{\Delta z^2 + 2 \Delta u z}$ with $u = (I - I_0) / I_c$;
    the conductance is linear in $z$, and the voltage is averaged over it.
    """
    delta, critical = (
        card.number("junction.stability"),
        card.number("junction.critical", "A"),
    )
    centre = card.number("junction.centre", "A")
    parallel, tmr = card.number("junction.parallel", "Ohm"), card.number("junction.tmr")
    half = card.number("junction.half", "V")
    current = np.linspace(0, 2 * centre, card.count("junction.reads"))[:, None]
    z = np.linspace(-1, 1, 801)
    exponent = delta * z**2 + 2 * delta * (current - centre) / critical * z
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    voltage = current * parallel * np.ones_like(z)
    share = (1 + z) / 2
    for _ in range(40):
        opposite = 1 + tmr / (1 + (voltage / half) ** 2)
        voltage = current * parallel / (1 - share + share / opposite)
    noise = np.random.default_rng(0).normal(size=len(current))
    mean = np.sum(weight * voltage, axis=1)
    return current[:, 0], mean + card.number("junction.noise", "V") * noise


@jax.jit
def _voltage(neuron, current):
    return neuron.voltage(current)


def _neuron(values) -> compact.Neuron:
    return compact.Neuron(**dict(zip(NAMES, values, strict=True)))


@functools.cache
def fitted(card) -> compact.Neuron:
    """The card of all neurons: the compact model fitted to the measured curve."""
    current, voltage = measured_curve(card)
    begin = [
        card.number("junction.parallel", "Ohm"),
        card.number("junction.tmr"),
        card.number("junction.half", "V"),
        card.number("junction.centre", "A"),
        card.number("junction.critical", "A") / (4 * card.number("junction.stability")),
    ]

    def residual(logarithms):
        neuron = _neuron(np.exp(logarithms) * begin)
        return np.asarray(_voltage(neuron, current)) - voltage

    found = scipy.optimize.least_squares(residual, np.zeros(5), x_scale=0.1, diff_step=1e-5)
    return _neuron(np.exp(found.x) * begin)


@jax.jit
def derivatives(
    neuron: compact.Neuron, x: Float[Array, " n"]
) -> tuple[Float[Array, " n"], ...]:
    """Voltage and its first three derivatives at `x` widths from the centre [V/A^k]."""
    current = neuron.centre + neuron.width * x
    slope = jax.grad(neuron.voltage)
    curvature = jax.grad(slope)
    third = jax.grad(curvature)
    return tuple(jax.vmap(f)(current) for f in (neuron.voltage, slope, curvature, third))


SWING = np.linspace(-3, 3, 61)


def curve(card, session) -> Result:
    """The compact neuron is fitted to the mean voltage of a fluctuating junction.

    The "measured" junction is the stationary Fokker-Planck density of one magnet under
    spin-transfer torque at the numbers of the card, read with noise; the neuron that all
    later steps use is the fit, not the numbers of the card.
    """
    del session
    current, voltage = measured_curve(card)
    neuron = fitted(card)
    model = np.asarray(_voltage(neuron, current))
    line = np.polyval(np.polyfit(current, voltage, 1), current)
    v, slope, curvature, third = map(np.asarray, derivatives(neuron, jnp.asarray(SWING)))
    swing = v[-1] - v[0]
    rms = lambda x: float(np.sqrt(np.mean(x**2)))
    ratio = card.number("junction.critical", "A") / card.number("junction.stability")
    runs = f"{len(current)} readings of one junction"
    rows = [
        Row(
            "residual of the fit",
            1e3 * rms(model - voltage),
            "mV",
            runs=runs,
            control=f"straight line {1e3 * rms(line - voltage):.3g} mV, noise "
            f"{1e3 * card.number('junction.noise', 'V'):.3g} mV",
        ),
        Row(
            "width of the transition",
            1e6 * float(neuron.width),
            "uA",
            runs=runs,
            control=f"Ic/4Delta {ratio / 4e-6:.3g} uA, Ic/2Delta {ratio / 2e-6:.3g} uA",
        ),
        Row("swing over six widths", 1e3 * swing, "mV"),
        Row(
            "gain, largest and least slope",
            slope.max() / 1e3,
            "kOhm",
            control=f"least {slope.min() / 1e3:.3g} kOhm",
        ),
        Row("largest curvature", np.abs(curvature).max() * 1e-9, "kOhm/uA"),
    ]
    return Result(
        rows,
        {
            "current": current,
            "voltage": voltage,
            "model": model,
            "slope": np.asarray(jax.vmap(jax.grad(neuron.voltage))(jnp.asarray(current))),
            "swing": np.stack([v, slope, curvature, third]),
            "fitted": np.array([float(getattr(neuron, name)) for name in NAMES]),
        },
    )


def plot_curve(figure, arrays, card) -> None:
    """Voltage and slope over current."""
    del card
    left, right = figure.subplots(1, 2)
    x = 1e6 * arrays["current"]
    left.plot(x, 1e3 * arrays["voltage"], ".", label="measured")
    left.plot(x, 1e3 * arrays["model"], label="fitted neuron")
    left.set(xlabel="current / uA", ylabel="mean voltage / mV")
    left.legend()
    right.plot(x, arrays["slope"] / 1e3)
    right.set(xlabel="current / uA", ylabel="slope of the fit / kOhm")
