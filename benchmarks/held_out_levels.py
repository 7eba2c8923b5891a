"""Levels of granular junctions, predicted: pulses and grains that no fit has seen.

Sweeps 16 junctions of the granular preset over 5 voltages and 4 widths, fits
`compact.GranularSynapse`, and predicts 64 further pulses of random height and width, each
on a junction with grains of its own. Prints how many of the measured mean levels lie in
their 95 % intervals, with the band of the binomial law, and the same for
`compact.SynapsePopulation`. Run with `python benchmarks/held_out_levels.py`.
"""

import time

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy.stats

from mtjax import compact, data, llg


jax.config.update("jax_enable_x64", True)
TRIALS, POINTS, DEVICES = 32, 64, 16
DEVICE = llg.presets.granular_junction()
GRID = llg.TimeGrid(dt=1e-13, steps=16_000)
PULSES = data.Pulses.product(
    voltage=jnp.array([0.4, 0.55, 0.7, 0.85, 1.0]),
    width=jnp.array([0.6e-9, 0.9e-9, 1.2e-9, 1.6e-9]),
)


def sweep(grains, pulses, key):
    return llg.sweep(
        DEVICE, grains, pulses, GRID, observe=llg.Level(), key=key, trials=TRIALS
    )


def interval(fit, voltage, width):
    """Predicted mean level of a new device over the trials, and its deviation."""
    model = fit.model

    def mean(x):
        moved = eqx.tree_at(parts, model, [x[i] for i in range(len(fit.names))])
        return table_at(moved, voltage, width).conductance[0]

    parts = lambda m: [getattr(m, name) for name in fit.names]
    x = jnp.stack(parts(model))
    slope = jax.grad(mean)(x)
    table = table_at(model, voltage, width)
    span = model.parallel - model.antiparallel
    variance = table.device_std[0] ** 2 + table.cycle_std[0] ** 2 / TRIALS
    variance += (span * model.misfit) ** 2 + slope @ fit.covariance @ slope
    return mean(x), jnp.sqrt(variance)


def table_at(model, voltage, width):
    at = eqx.tree_at(lambda m: m.write_width, model, width)
    return at.levels(voltage[None])


def main():
    k_fit, k_grains, k_new, k_draws, k_pulse = jr.split(jr.key(11), 5)
    begin = time.perf_counter()
    levels = sweep(llg.microstructures(DEVICE, DEVICES, key=k_grains), PULSES, k_fit)
    print(f"sweep of {DEVICES} devices: {time.perf_counter() - begin:.0f} s")
    u = np.asarray(jr.uniform(k_pulse, (2, POINTS)))
    voltage = 0.4 + 0.6 * u[0]
    width = 0.6e-9 * (1.6 / 0.6) ** u[1]
    new = llg.microstructures(DEVICE, POINTS, key=k_new)
    found = []
    for k, key in enumerate(jr.split(k_draws, POINTS)):
        one = jax.tree.map(lambda x, k=k: x[k : k + 1], new)
        pulses = data.Pulses.product(voltage=voltage[k : k + 1], width=float(width[k]))
        found.append(float(sweep(one, pulses, key).mean[0, 0]))
    print(f"and {POINTS} held-out points: {time.perf_counter() - begin:.0f} s in all")
    low, high = scipy.stats.binom.interval(0.95, POINTS, 0.95)
    for kind in (compact.GranularSynapse, compact.SynapsePopulation):
        fit = compact.fit(kind.start(levels), levels)
        predict = jax.jit(lambda v, t, fit=fit: interval(fit, v, t))
        rows = np.array(
            [
                predict(jnp.asarray(v), jnp.asarray(t))
                for v, t in zip(voltage, width, strict=True)
            ]
        )
        z = (np.array(found) - rows[:, 0]) / rows[:, 1]
        span = float(fit.model.parallel - fit.model.antiparallel)
        print(
            f"{kind.__name__}: {data.Outcome[fit.outcome]} {np.sum(abs(z) < 1.96)} of "
            f"{POINTS} within 95 % (band {low:.0f} to {high:.0f}); z {np.mean(z):+.2f} "
            f"+- {np.std(z):.2f}, intervals +-{196 * np.mean(rows[:, 1]) / span:.1f} % of "
            f"the range"
        )


if __name__ == "__main__":
    main()
