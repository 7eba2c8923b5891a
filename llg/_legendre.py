import functools

import numpy as np


@functools.lru_cache(maxsize=32)
def legendre_bands(modes: int) -> dict[str, np.ndarray]:
    r"""Bands of the axial operators in orthonormal Legendre polynomials.

    Each operator acts on the moments $e_l = \sqrt{2l+1}\,\langle P_l\rangle$; row `k`
    of a band array holds the entry from $e_l$ to $e_{l+k-2}$'s place, that is
    `bands[k][l]` multiplies $e_{l+k-2}$ in row $l$. Keys: `diffusion`
    ($-l(l+1)$), `anisotropy` ($(1-z^2)z\,\partial_z$), `bias` ($(1-z^2)\,\partial_z$).
    """
    l = np.arange(modes + 3.0)
    scale = np.sqrt(2 * l + 1)
    # (1 - z^2) P_l' = l (l+1) / (2l+1) (P_{l-1} - P_{l+1});   z P_l = ...
    slope = np.zeros((modes + 3, modes + 3))
    times_z = np.zeros((modes + 3, modes + 3))
    for k in range(modes + 2):
        times_z[k, k + 1] = (k + 1) / (2 * k + 1)
        slope[k, k + 1] = -k * (k + 1) / (2 * k + 1)
        if k > 0:
            times_z[k, k - 1] = k / (2 * k + 1)
            slope[k, k - 1] = k * (k + 1) / (2 * k + 1)
    operators = {
        "diffusion": np.diag(-l * (l + 1)),
        "anisotropy": slope @ times_z,
        "bias": slope,
    }
    return {name: _bands(a, scale, modes) for name, a in operators.items()}


def _bands(a: np.ndarray, scale: np.ndarray, modes: int) -> np.ndarray:
    a = (a * scale[:, None] / scale)[:modes, :modes]
    bands = np.zeros((5, modes))
    for k in range(5):
        shift = k - 2
        rows = np.arange(max(0, -shift), min(modes, modes - shift))
        bands[k, rows] = a[rows, rows + shift]
    return bands


@functools.lru_cache(maxsize=32)
def half_range_nodes(modes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss nodes and weights on [0, 1], and the orthonormal polynomials there."""
    x, w = np.polynomial.legendre.leggauss(modes + 64)
    z = (x + 1) / 2
    values = np.polynomial.legendre.legvander(z, modes - 1)
    return z, w / 2, values * np.sqrt(2 * np.arange(modes) + 1)
