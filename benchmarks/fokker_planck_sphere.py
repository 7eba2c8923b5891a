"""Modes and cost of the Fokker-Planck equation on the sphere, for Delta of 20 to 60.

A magnet with a field of 0.1 B_k in the plane, driven along its axis, and one driven by a
spin-orbit torque. Prints the rate at rising degrees, the error that the solution
estimates, the modes, steps and seconds (second call, compilation excluded).
"""

import platform
import time

import equinox as eqx
import jax
import jax.numpy as jnp
from scipy import constants

from mtjax import llg


jax.config.update("jax_enable_x64", True)

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
ALPHA, TEMPERATURE = 0.05, 300.0


def magnet(delta, field, direction):
    """One spin with B_k = 1 T; a volt is an overdrive of 1."""
    energy = constants.k * TEMPERATURE * jnp.full(1, delta)
    moment, one = 2 * energy, jnp.asarray(1.0)
    return llg.System(
        terms=(
            llg.Uniaxial(
                k_u=energy,
                volume=jnp.ones(1),
                moment=moment,
                axis=jnp.array([[0.0, 0.0, 1.0]]),
            ),
            llg.Zeeman(b=jnp.array([[field, 0.0, 0.0]]), moment=moment),
        ),
        circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
        moment=moment,
        alpha=jnp.full(1, ALPHA),
        torque=jnp.zeros(1),
        weight=jnp.ones(1),
        polariser=jnp.array([0.0, 0.0, 1.0]),
        temperature=TEMPERATURE,
        drives=(
            llg.SpinTorque(
                direction=jnp.asarray(direction),
                damping_like=jnp.full(1, ALPHA),
                field_like=jnp.zeros(1),
                follows=llg.Follows.SOURCE,
            ),
        ),
    )


def row(name, system, overdrive, tau, degree, order):
    """Solves twice and prints the second."""
    width = tau * (1 + ALPHA**2) / (ALPHA * GAMMA)
    pulses = llg.Pulses.product(voltage=overdrive, width=width)
    solve = lambda: llg.fokker_planck_sphere(system, pulses, degree=degree, order=order)
    jax.block_until_ready(eqx.filter(solve(), eqx.is_array))
    begin = time.perf_counter()
    found = jax.block_until_ready(solve())
    seconds = time.perf_counter() - begin
    print(
        f"{name:42s} {degree:4d} {order or degree:4d} {found.modes:6d} {found.steps:6d} "
        f"{found.write_error_rate:12.6e} {found.error:9.1e} {seconds:7.2f}",
        flush=True,
    )


if __name__ == "__main__":
    print(platform.processor() or platform.machine(), jax.__version__)
    print(f"{'':42s}  deg  ord  modes  steps         rate     error seconds")
    for delta, overdrive, tau in ((20.0, 2.0, 2.0), (40.0, 2.0, 4.0), (60.0, 3.0, 3.0)):
        system = magnet(delta, 0.1, (0.0, 0.0, 1.0))
        name = f"field in plane, Delta {delta:g}, i {overdrive:g}, tau {tau:g}"
        root = (delta * (1 + overdrive)) ** 0.5
        for factor, order in ((5.5, None), (7.5, None), (10, None), (10, 12)):
            row(name, system, overdrive, tau, 2 * round(factor * root / 2), order)
    for delta in (20.0, 40.0, 60.0):
        system = magnet(delta, 0.1, (0.0, 1.0, 0.0))
        name = f"spin-orbit torque, Delta {delta:g}, i 10, tau .3"
        for factor in (3.5, 5.5, 7.5):
            degree = 2 * round(factor * (delta * 11) ** 0.5 / 2)
            row(name, system, 10.0, 0.3, degree, None)
