"""Two routes from physics to a compact parameter: a regression, and the implicit function.

The polarisation of the electrons, or the anisotropy of the grains, moves the voltage scale
of the granular synapse. Route one sweeps devices with five values of it (`data.product`),
fits each, and regresses. Route two differentiates sweep (`llg.Score`) and fit at the
middle one, for several keys. Prints both slopes d ln(threshold) / d ln(parameter) with
standard errors, their difference over its error, and the held-out error of the regression.

    python benchmarks/physics_conditioned.py [junction.polarisation | grain.k_u]
"""

import argparse
import functools
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from mtjax import compact, data, llg


jax.config.update("jax_enable_x64", True)
DEVICE = llg.presets.granular_junction()
GRID = llg.TimeGrid(dt=1e-13, steps=4_000)
PULSES = data.Pulses.product(
    voltage=jnp.array([0.5, 0.75, 1.0]), width=jnp.array([2e-10, 4e-10])
)
FREE = ("threshold", "cycle_mid", "cycle_floor", "misfit", "device_mid", "device_floor")
SHARES = np.array([0.85, 0.92, 1.0, 1.08, 1.15])
DRAWS, TRIALS, KEYS = 2, 32, 6


def fitted(device, grains, key, start=None, gradient=None):
    """The fit of a device; the shape of the curve is held at that of `start`."""
    levels = llg.sweep(
        device,
        grains,
        PULSES,
        GRID,
        observe=llg.Level(),
        key=key,
        trials=TRIALS,
        gradient=gradient,
    )
    model = compact.GranularSynapse.start(levels)
    if start is not None:
        shape = lambda m: (m.delay, m.steepness, m.asymmetry)
        model = eqx.tree_at(shape, model, shape(start))
    free = FREE if start is not None else None
    return compact.fit(model, levels, free=free)


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    choices = ("junction.polarisation", "grain.k_u")
    parser.add_argument("parameter", nargs="?", choices=choices, default=choices[0])
    name = parser.parse_args().parameter
    where = lambda device: functools.reduce(getattr, name.split("."), device)
    begin = time.perf_counter()
    k_start, k_grains, k_regress, k_implicit = jr.split(jr.key(5), 4)
    grains = llg.microstructures(DEVICE, 2 * DRAWS, key=k_grains)
    start = fitted(DEVICE, grains, k_start).model

    product = data.product(DEVICE, {name: where(DEVICE) * np.repeat(SHARES, 2)})
    fits = []
    for point, key in zip(product.points(), jr.split(k_regress, len(product)), strict=True):
        k_grains, k_sweep = jr.split(key)
        grains = llg.microstructures(DEVICE, DRAWS, key=k_grains)
        fits.append(fitted(product[point], grains, k_sweep, start))
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *fits)
    law, held_out = compact.condition(stacked, product, degree=1)
    slopes, errors = law.slopes({name: where(DEVICE)})
    row = law.names.index("threshold")
    slope, error = float(slopes[name][row]), float(errors[name][row])
    print(f"regression over {len(product)} devices: {time.perf_counter() - begin:.0f} s")
    z = np.asarray(held_out.error / held_out.standard_error)[:, row]
    print(
        f"held-out error of ln(threshold): {held_out.rms['threshold']:.3f}, "
        f"{np.mean(abs(z) < 1.96):.0%} of the devices left out within 95 %"
    )

    def loss(value, key):
        k_grains, k_sweep = jr.split(key)
        device = eqx.tree_at(where, DEVICE, value)
        grains = llg.microstructures(DEVICE, DRAWS, key=k_grains)
        fit = fitted(device, grains, k_sweep, start, llg.Score())
        return jnp.log(fit.model.threshold)

    value = jnp.asarray(where(DEVICE))
    gradients = [
        float(value * jax.grad(loss)(value, key)) for key in jr.split(k_implicit, KEYS)
    ]
    mean, spread = np.mean(gradients), np.std(gradients, ddof=1) / np.sqrt(KEYS)
    print(f"implicit, {KEYS} keys: {time.perf_counter() - begin:.0f} s in all")
    print(f"d ln(threshold) / d ln({name}): regression {slope:.3f} +- {error:.3f}")
    print(f"                           implicit   {mean:.3f} +- {spread:.3f}")
    print(f"difference over its error: {(slope - mean) / np.hypot(error, spread):+.2f}")


if __name__ == "__main__":
    main()
