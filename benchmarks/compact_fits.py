"""1,000 fits in one vmapped call against a loop of scipy.optimize: the same likelihood.

Pooled switching probability, 12 pulses x 64 trials, the same start values. Prints the
processor time per device without compilation (of all threads together), the ratio, and how
far the results differ. Run with `python benchmarks/compact_fits.py`.
"""

import os
import platform
import time

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy.optimize

from mtjax import compact, data


jax.config.update("jax_enable_x64", True)
DEVICES = 1000
PULSES = data.Pulses.product(
    voltage=jnp.array([0.5, 0.7, 0.9, 1.1]), width=jnp.array([1e-9, 2e-9, 4e-9])
)
TRUTH = compact.SwitchingProbability(
    data.State.PARALLEL, True, threshold=0.6, delay=0.6e-9, steepness=12.0, spread=0.0
)


def simulate(key):
    p = TRUTH.probability(PULSES.mesh("voltage"), PULSES.mesh("width"))[None]
    count = jr.binomial(key, 64, p)
    return data.Switching(data.State.PARALLEL, PULSES, jnp.full(p.shape, 64), count)


def scipy_fit(log_v, t, k, n, start):
    """BFGS on ln(threshold, delay, steepness) with the analytic gradient."""

    def loss(u):
        v0, t0, slope = np.exp(u)
        odds = slope * (log_v - np.log(v0 * (1 + t0 / t)))
        p = 0.5 * (1 + np.tanh(0.5 * odds))
        value = np.sum(n * np.logaddexp(0, odds) - k * odds)
        error = n * p - k
        gradient = (-slope * error.sum(), -slope * (error * t0 / (t + t0)).sum())
        return value, np.array([*gradient, (error * odds).sum()])

    return scipy.optimize.minimize(loss, start, jac=True, method="BFGS")


def main():
    samples = jax.vmap(simulate)(jr.split(jr.key(0), DEVICES))
    start = compact.SwitchingProbability(
        data.State.PARALLEL, True, threshold=0.7, delay=1e-9, steepness=8.0, spread=0.0
    )
    fit_all = jax.jit(jax.vmap(lambda s: compact.fit(start, s)))
    jax.block_until_ready(fit_all(samples))
    begin = time.process_time()
    fit = jax.block_until_ready(fit_all(samples))
    ours = (time.process_time() - begin) / DEVICES

    log_v = np.log(np.asarray(PULSES.mesh("voltage")))
    t = np.asarray(PULSES.mesh("width"))
    counts = np.asarray(samples.switched, float)[:, 0]
    same = np.log([0.7, 1e-9, 8.0])
    begin = time.process_time()
    results = [scipy_fit(log_v, t, k, 64.0, same) for k in counts]
    theirs = (time.process_time() - begin) / DEVICES

    reached = np.exp([r.x for r in results])
    mine = np.stack([fit.model.threshold, fit.model.delay, fit.model.steepness], axis=1)
    good = np.asarray(fit.outcome == data.Outcome.successful)
    converged = np.array([r.success for r in results])
    apart = np.max(abs(mine / reached - 1)[good & converged])
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, jax {jax.__version__}, "
        f"scipy {scipy.__version__}"
    )
    print(f"mtjax  {1e6 * ours:9.1f} us per device, {np.sum(~good)} of {DEVICES} refused")
    print(f"scipy  {1e6 * theirs:9.1f} us per device, {np.sum(~converged)} failed")
    print(f"ratio  {theirs / ours:9.1f}; largest relative difference {apart:.1e}")


if __name__ == "__main__":
    main()
