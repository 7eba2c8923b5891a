import importlib

import jax.numpy as jnp
import numpy as np


integrated = importlib.import_module("mtjax.compact._device_effects").integrated


def _log_density(x, covariance):
    logdet = np.linalg.slogdet(2 * np.pi * covariance)[1]
    return -0.5 * (x @ np.linalg.solve(covariance, x) + logdet)


def test_effects_of_devices_are_those_of_the_whole_covariance():
    rng = np.random.default_rng(0)
    devices, points, misfit = 3, 4, 0.3
    j, k = rng.standard_normal((2, devices, points, 2))
    error, moved = rng.standard_normal((2, devices, points))
    noise, half = rng.uniform(0.5, 1.5, (2, devices, points))
    size = devices * points
    # All that is observed: means, then variances of deviation half^-1/2.
    covariance = np.diag(np.concatenate([noise.ravel(), 1 / half.ravel()]))
    covariance[:size, :size] += misfit**2 * np.kron(np.ones((devices, devices)), np.eye(4))
    for d in range(devices):
        rows = np.r_[d * points : (d + 1) * points]
        rows = np.concatenate([rows, size + rows])
        both = np.concatenate([j[d], k[d]])
        covariance[np.ix_(rows, rows)] += both @ both.T
    x = np.concatenate([error.ravel(), moved.ravel()])
    expected = _log_density(x, covariance)
    constant = size * np.log(2 * np.pi) + 0.5 * np.sum(np.log(1 / half))
    arrays = [jnp.asarray(a) for a in (j, error, k, moved, half, noise)]
    used = jnp.ones((devices, points), bool)
    found = integrated(*arrays, used, jnp.asarray(misfit))
    np.testing.assert_allclose(found - constant, expected, rtol=1e-12)
