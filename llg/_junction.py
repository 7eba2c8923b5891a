"""The tunnel junction: conductance, source and spin-transfer torque."""

import enum
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._constants import SPIN_PER_CHARGE
from ._kinds import check_kinds


# Finite, so that what is derived from all parameters stays so.
NO_LIMIT = 1e3  # [V]


class Source(enum.Enum):
    """What feeds a junction.

    - `VOLTAGE`: a voltage behind the series resistance.
    - `CURRENT`: a current, the limit of a large series resistance. The amplitude of a
      pulse is then the voltage that this current makes across the parallel junction,
      `V = I R_P`: whatever counts in volts stays as it is.
    """

    VOLTAGE = "voltage"
    CURRENT = "current"


def _balance(v, p, q, tmr, bend, source):
    bias = 1 + bend * v * v
    return v * (p * bias + q * tmr) - source * (bias + tmr)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _cubic(steps, near, p, q, tmr, bend, source):
    """The root of `_balance`, by Halley's method: one division a step.

    The start, if none is `near`, has the bias of a junction that gets all of the voltage
    that it could.
    """
    if near is None:
        bias = 1 + bend * (source / p) ** 2
        v = source * (bias + tmr) / (p * bias + q * tmr)
    else:
        v = near
    for _ in range(steps):
        bias = 1 + bend * v * v
        f = v * (p * bias + q * tmr) - source * (bias + tmr)
        slope = p * (3 * bias - 2) + q * tmr - 2 * bend * source * v
        bent = bend * (3 * p * v - source)
        v = v - f * slope / (slope * slope - f * bent)
    return v


@_cubic.defjvp
def _(steps, primals, tangents):
    # That of the root, not of the iteration: where it starts does not count.
    v = _cubic(steps, *primals)
    (_, *at), (_, *along) = primals, tangents
    p, q, tmr, bend, source = at
    slope = p * (1 + 3 * bend * v * v) + q * tmr - 2 * bend * source * v
    _, moved = jax.jvp(partial(_balance, v), at, along)
    # One division for all tangents.
    return v, moved * lax.optimization_barrier(-1 / slope)


class Junction(eqx.Module):
    r"""A magnetic tunnel junction fed by a voltage source through a series resistance.

    Or, with `source=Source.CURRENT`, by a current.

    With $c$ the cosine of the angle between free and reference layer, averaged over the
    area, and TMR falling with bias as $\mathrm{TMR}(V) = \mathrm{TMR} / (1 + (V/V_h)^2)$,

    $$G(c, V) = G_P \left[ \frac{1 + c}{2}
      + \frac{1 - c}{2}\, \frac{1}{1 + \mathrm{TMR}(V)} \right]$$

    All columns see one junction voltage, $V = V_s / (1 + R_s G(c, V))$, or
    $V = I / G(c, V)$ for a current $I = V_s G_P$. A positive voltage drives the free layer
    towards antiparallel. At a fixed current the voltage rises as the junction goes
    antiparallel, so that this direction runs away and the other limits itself.
    """

    resistance_area: Scalar = quantity(
        "Ohm m^2", above=0, doc="resistance-area product of the parallel state"
    )
    tmr: Scalar = quantity("1", above=0, doc="tunnelling magnetoresistance at zero bias")
    v_half: Scalar = quantity("V", above=0, doc="bias at which the TMR has halved")
    polarisation: Scalar = quantity(
        "1", lower=0, upper=1, doc="spin polarisation of the tunnelling electrons"
    )
    series_resistance: Scalar = quantity(
        "Ohm", lower=0, doc="resistance of source, wires and selector"
    )
    breakdown: Scalar = quantity(
        "V", above=0, default=NO_LIMIT, doc="largest junction voltage that is allowed"
    )
    source: Source = eqx.field(static=True, kw_only=True, default=Source.VOLTAGE)

    def __check_init__(self):
        check_kinds(source=(self.source, Source, "an llg.Source"))

    def circuit(self, area: Array) -> "Circuit":
        """The junction of an area [m^2] in its circuit."""
        return Circuit(
            area / self.resistance_area,
            self.tmr,
            self.v_half,
            self.series_resistance,
            self.breakdown,
            source=self.source,
        )

    def torque_per_volt(self, m_s: Array, thickness: Array) -> Array:
        r"""Damping-like spin-transfer field per junction voltage [T/V].

        $$\frac{a}{V} = \frac{\hbar}{2 e}\, \frac{P}{1 + P^2}\, \frac{1}{RA\; M_s t}$$

        J. C. Slonczewski and J. Z. Sun, J. Magn. Magn. Mater. 310, 169 (2007); as torque
        per voltage in J. C. Sankey et al., Nature Physics 4, 67 (2008). It does not
        depend on the angle at fixed voltage.
        """
        p = self.polarisation
        efficiency = SPIN_PER_CHARGE * p / (1 + p**2)
        return efficiency / (self.resistance_area * m_s * thickness)


class Circuit(eqx.Module):
    """A junction of known area in its circuit, as the time loop uses it."""

    parallel: Float[Array, "..."]  # conductance of the parallel state [S]
    tmr: Float[Array, "..."]
    v_half: Float[Array, "..."]
    series_resistance: Float[Array, "..."]
    # Largest voltage of the junction that is allowed [V].
    breakdown: Float[Array, "..."] = eqx.field(converter=jnp.asarray, default=NO_LIMIT)
    source: Source = eqx.field(static=True, kw_only=True, default=Source.VOLTAGE)

    def __check_init__(self):
        check_kinds(source=(self.source, Source, "an llg.Source"))

    @property
    def antiparallel(self) -> Float[Array, "..."]:
        """Zero-bias conductance of the antiparallel state [S]."""
        return self.parallel / (1 + self.tmr)

    def conductance(self, cosine, voltage):
        """Conductance at a junction voltage [S]; see `Junction`."""
        bias = 1 + (voltage / self.v_half) ** 2
        return self.parallel * (
            (1 + cosine) / 2 + (1 - cosine) / 2 * bias / (bias + self.tmr)
        )

    def junction_voltage(self, cosine, source, near=None, steps=1):
        r"""Junction voltage [V] in the circuit.

        With the bias factor $B = 1 + (V / V_h)^2$ the law of `Junction` is a cubic,

        $$V (p B + q\, \mathrm{TMR}) = V_s (B + \mathrm{TMR}),$$

        where $p = 1 + R_s G_P$ and $q = 1 + R_s G_P (1 + c) / 2$ at a voltage source, and
        1 and $(1 + c) / 2$ at a given current. `near` is a voltage close to it, if there
        is one: that of the same source and a cosine that differs by the turn of a step;
        with no `steps` from there it is the voltage itself.
        For a TMR up to 6 to 1e-12 with a series resistance up to ten times that of the
        junction, or a current, and to 2e-8 up to a thousand times it; from `near`, 2e-5
        for a cosine that differs by 0.1.
        """
        along = (1 + cosine) / 2
        if self.source is Source.CURRENT:
            p, q, first = jnp.ones_like(self.parallel), along, 4
        else:
            load = self.series_resistance * self.parallel
            p, q, first = 1 + load, 1 + load * along, 3
        if near is not None:
            first, near = steps, lax.stop_gradient(near)
        return _cubic(first, near, p, q, self.tmr, 1 / self.v_half**2, source)

    def current(self, cosine, voltage):
        """Current through the junction at its voltage [A]."""
        return voltage * self.conductance(cosine, voltage)
