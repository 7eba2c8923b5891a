"""The axial Fokker-Planck equation by Legendre-Galerkin, as an independent yardstick."""

import numpy as np
import scipy.linalg
from numpy.polynomial import legendre


def generator(i, delta, modes=220):
    """Matrix of dp/dtau = d/dz[(1 - z^2)(p' / (2 delta) + (i - z) p)] on Legendre modes."""
    n = np.arange(modes)
    z = np.diag((n[:-1] + 1) / (2 * n[:-1] + 1), -1) + np.diag(n[1:] / (2 * n[1:] + 1), 1)
    flow = n * (n + 1) / 2
    drift = np.diag((flow * 2 / (2 * n - 1))[1:], -1) * -1
    drift += np.diag((flow * 2 / (2 * n + 3))[:-1], 1)
    return np.diag(-n * (n + 1.0)) / (2 * delta) + drift @ (i * np.eye(modes) - z)


def write_errors(i, delta, step, steps, modes=220):
    """P(mz > 0) at tau = 0, step, 2 step, ... from equilibrium in the upper well."""
    x, w = legendre.leggauss(1000)
    x, w = (x + 1) / 2, w / 2
    p = w * np.exp(delta * (x**2 - 1))
    v = legendre.legvander(x, modes - 1)
    state = (v.T @ p) / p.sum() * (np.arange(modes) + 0.5)
    upper = v.T @ w
    advance = scipy.linalg.expm(generator(i, delta, modes) * step)
    errors = []
    for _ in range(steps):
        errors.append(upper @ state)
        state = advance @ state
    return np.array(errors)
