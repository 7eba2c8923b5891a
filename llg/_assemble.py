"""A system in the form of the time loop: one matrix and a few vectors per spin."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import State
from ._constants import GAMMA, K_B
from ._drives import AbstractDrive
from ._equilibrium import well
from ._integrator import Integrator
from ._junction import Circuit
from ._start import sign_of
from ._system import System
from ._term import AbstractTerm
from ._waveform import AbstractWaveform


class Assembled(eqx.Module):
    """What one block needs of a system; float64 when made, then cast once.

    All affine terms are one matrix: the field of `m` in the order `(3, spins)` is
    `matrix @ m + bias`. Magnetisations here have the shape `(3, spins)`.
    """

    matrix: Float[Array, "n n"]  # [T]
    bias: Float[Array, " n"]  # [T]
    rest: tuple[AbstractTerm, ...]  # terms that are not affine
    rotation: Float[Array, " spins"]  # gamma dt / (1 + alpha^2) [1/T]
    alpha: Float[Array, " spins"]
    noise: Float[Array, " spins"]  # standard deviation of the thermal field [T]
    torque: Float[Array, " spins"]  # [T/V]
    weight: Float[Array, " spins"]
    polariser: Float[Array, "3"]
    circuit: Circuit
    drives: tuple[AbstractDrive, ...]
    frame: Float[Array, "3 3 spins"]  # of Lambert coordinates around the state at rest
    spread: Float[Array, "spins2 spins2"]  # of the start, in these coordinates
    sign: Float[Array, ""]  # of the start along the reference layer
    waveform: AbstractWaveform | None  # times in steps
    integrator: Integrator = eqx.field(static=True)


def assemble(
    system: System,
    dt: Float[Array, ""],
    start: State,
    waveform: AbstractWaveform | None = None,
    integrator: Integrator = Integrator.HEUN,
) -> tuple[Assembled, Float[Array, ""]]:
    r"""Brings a system into the form of the time loop; also gives its stiffest field [T].

    The start is the state at rest that spins along the reference layer, or opposite, go
    to. The stiffest field is NaN where there is none on this side.

    The thermal field of a spin has, in each component and step, the standard deviation
    $\sqrt{2 \alpha k_B T / (\gamma \mu\, \Delta t)}$ (W. F. Brown, Phys. Rev. 130, 1677
    (1963)); it is used with the factor $\gamma / (1 + \alpha^2)$ of the explicit form,
    in precession and damping alike.
    """
    spins = system.moment.shape[0]
    affine = [term for term in system.terms if term.linear]
    rest = tuple(term for term in system.terms if not term.linear)

    def field(flat):
        m = flat.reshape(3, spins).T
        total = sum((term.field(m) for term in affine), jnp.zeros_like(m))
        return total.T.reshape(-1)

    zero = jnp.zeros(3 * spins)
    matrix, bias = jax.jacfwd(field)(zero), field(zero)
    sign = jnp.asarray(1.0 if start is State.PARALLEL else -1.0)
    frame, spread, stiffness = well(
        matrix, bias, rest, system.moment, system.temperature, sign * system.polariser
    )
    # Of the spins that the junction sees; others may well point elsewhere.
    seen = (sign * system.polariser @ frame[2] > 0) | (system.weight == 0)
    stable = (stiffness[0] > 0) & jnp.all(lax.stop_gradient(seen))
    stiffest = jnp.where(stable, stiffness[-1], jnp.nan)
    alpha = system.alpha
    variance = 2 * alpha * K_B * system.temperature / (GAMMA * system.moment * dt)
    positive = variance > 0
    noise = jnp.where(positive, jnp.sqrt(jnp.where(positive, variance, 1.0)), 0.0)
    assembled = Assembled(
        matrix=matrix,
        bias=bias,
        rest=rest,
        rotation=GAMMA * dt / (1 + alpha**2),
        alpha=alpha,
        noise=noise,
        torque=system.torque,
        weight=system.weight,
        polariser=system.polariser,
        circuit=system.circuit,
        drives=system.drives,
        frame=frame,
        spread=spread,
        sign=sign,
        waveform=None if waveform is None else waveform.scaled(dt),
        integrator=integrator,
    )
    return assembled, stiffest


def stiffest_field(system: System, start: State = State.PARALLEL) -> Float[Array, ""]:
    r"""Largest restoring flux density of any mode in a well [T], exchange included.

    A step is fine enough for Heun's method if $\gamma B\, \Delta t \le 0.1$. NaN where
    there is no state at rest on this side of the reference layer.
    """
    sign_of(start)
    return assemble(system, jnp.asarray(1.0), start)[1]
