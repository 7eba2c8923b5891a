"""The operators of a spin on the sphere in real spherical harmonics, as sparse matrices."""

import functools

import numpy as np
import scipy.sparse as sp


# Products of two operators are exact on degrees this far below the largest.
_MARGIN = 3


def harmonics(degree: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Degree $l$ and order $m$ of each mode: $m > 0$ goes with $\cos m\varphi$, < 0 sine.

    All $l \le$ `degree` with $|m| \le$ `order`, $l$ slowest.
    """
    pairs = [(l, m) for l in range(degree + 1) for m in range(-l, l + 1) if abs(m) <= order]
    l, m = np.array(pairs).T
    return l, m


@functools.lru_cache(maxsize=4)
def sphere_operators(degree: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    r"""What the moments $c = \langle Y \rangle$ of a spin in an affine field change by.

    The basis is real and orthonormal under the mean over the sphere. With the rotation
    $R = m \times \nabla$ and the gradient $\nabla$ on the sphere, the terms of
    $L Y$ are, in this order: $m_j R_i$ (9, $i$ slowest), $R_i$ (3), $m_j \nabla_i$ (9),
    $\nabla_i$ (3) and $\nabla^2$.

    **Returns:** the columns, shape `(width, modes)`, and the entries there, shape
    `(25, width, modes)`: $\dot c_k = \sum_w e_w(k)\, c_{\mathrm{column}_w(k)}$.
    """
    l, m = harmonics(degree + _MARGIN, degree + _MARGIN)
    kept = np.flatnonzero((l <= degree) & (np.abs(m) <= order))
    laplace = sp.diags_array(-l * (l + 1.0)).tocsr()
    position = _position(degree + _MARGIN)
    gradient = [(laplace @ x - x @ laplace) / 2 + x for x in position]
    x, g = position, gradient
    rotation = [
        x[(i + 1) % 3] @ g[(i + 2) % 3] - x[(i + 2) % 3] @ g[(i + 1) % 3] for i in range(3)
    ]
    terms = [
        *(x[j] @ rotation[i] for i in range(3) for j in range(3)),
        *rotation,
        *(x[j] @ g[i] for i in range(3) for j in range(3)),
        *g,
        laplace,
    ]
    # L acts on functions; the moments change by its transpose.
    return _rows([sp.csr_array(term.T)[kept][:, kept] for term in terms])


def _position(degree: int) -> list[sp.csr_array]:
    r"""Multiplication by $m_x$, $m_y$, $m_z$."""
    l, m = harmonics(degree, degree)
    modes = l.size
    where = lambda l, m: l * l + l + m

    def matrix(dl, dm, values):
        good = (l + dl >= np.abs(m + dm)) & (l + dl <= degree)
        rows, columns = where(l + dl, m + dm)[good], where(l, m)[good]
        return sp.csr_array((values[good], (rows, columns)), shape=(modes, modes))

    up, down = (2 * l + 1) * (2 * l + 3), np.maximum((2 * l + 1) * (2 * l - 1), 1)
    root = lambda a, b: np.sqrt(np.maximum(a, 0) / b)
    # Complex harmonics with the phase of Condon and Shortley: cos and sin e^{i phi}.
    z = matrix(1, 0, root((l + 1) ** 2 - m**2, up))
    z = z + matrix(-1, 0, root(l**2 - m**2, down))
    raised = matrix(-1, 1, root((l - m) * (l - m - 1), down))
    raised = raised - matrix(1, 1, root((l + m + 1) * (l + m + 2), up))
    x, y = (raised + raised.T) / 2, (raised - raised.T) / 2j
    # Real harmonics: for m > 0, ((-1)^m Y_m + Y_-m) / sqrt 2 and -i times the difference.
    half, phase = np.sqrt(0.5), (-1.0) ** m
    same = np.where(m == 0, 1, np.where(m > 0, phase * half, 1j * half))
    other = np.where(m == 0, 0, np.where(m > 0, half, -1j * phase * half))
    here = where(l, m)
    turn = sp.csr_array((same, (here, here)), shape=(modes, modes))
    turn = turn + sp.csr_array((other, (here, where(l, -m))), shape=(modes, modes))
    real = lambda a: (turn.conj() @ a @ turn.T).real.tocsr()
    return [real(a) for a in (x, y, z)]


def _rows(terms: list[sp.csr_array]) -> tuple[np.ndarray, np.ndarray]:
    """Equally many entries in every row, the same columns for all terms."""
    modes = int(terms[0].indptr.size) - 1
    entries = []
    for term in terms:
        term = term.tocoo()
        large = np.abs(term.data) > 1e-13 * max(1.0, np.abs(term.data).max(initial=0))
        entries.append((term.row[large], term.col[large], term.data[large]))
    key = lambda row, column: row.astype(np.int64) * modes + column
    union = np.unique(np.concatenate([key(row, column) for row, column, _ in entries]))
    row, column = union // modes, union % modes
    first = np.searchsorted(row, np.arange(modes))
    slot = np.arange(union.size) - first[row]
    width = int(slot.max()) + 1
    columns = np.zeros((width, modes), np.int32)
    columns[slot, row] = column
    values = np.zeros((len(terms), width, modes))
    for i, (r, c, data) in enumerate(entries):
        at = np.searchsorted(union, key(r, c))
        values[i, slot[at], r] = data
    return columns, values


@functools.lru_cache(maxsize=4)
def hemisphere(degree: int, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Nodes on the hemisphere $z > 0$ and the functions on them, in factors.

    **Returns:** unit vectors, shape `(z, azimuth, 3)`; the factors of the azimuth for
    $m$ from $-$`order` to `order`, shape `(orders, azimuth)`; and the factor of $z$ of
    each mode times the weight of the node, shape `(modes, z)`.
    """
    l, m = harmonics(degree, order)
    x, weight = np.polynomial.legendre.leggauss(degree + 64)
    z, weight = (x + 1) / 2, weight / 2
    azimuth = np.linspace(0, 2 * np.pi, max(2 * order + 2, 64), endpoint=False)
    across = np.sqrt(1 - z**2)
    vectors = np.stack(
        [
            across[:, None] * np.cos(azimuth),
            across[:, None] * np.sin(azimuth),
            z[:, None] + 0 * azimuth,
        ],
        -1,
    )
    orders = np.arange(-order, order + 1)[:, None]
    waves = np.where(orders < 0, np.sin(-orders * azimuth), np.cos(orders * azimuth))
    waves = waves * np.where(orders == 0, 1.0, np.sqrt(2))
    heights = weight * _associated(degree, order, z)[l, np.abs(m)]
    return vectors, waves, heights


def _associated(degree: int, order: int, z: np.ndarray) -> np.ndarray:
    r"""$\sqrt{(2l+1)\frac{(l-m)!}{(l+m)!}} P_l^m(z)$ without phase, `(l, m, z)`."""
    values = np.zeros((degree + 1, order + 1, z.size))
    across = np.sqrt(1 - z**2)
    top = np.ones_like(z)
    for m in range(min(order, degree) + 1):
        if m:
            top = top * across * np.sqrt((2 * m + 1) / (2 * m))
        values[m, m] = top
        if m < degree:
            values[m + 1, m] = np.sqrt(2 * m + 3) * z * top
        for l in range(m + 2, degree + 1):
            a = np.sqrt((4 * l**2 - 1) / (l**2 - m**2))
            b = np.sqrt(((l - 1) ** 2 - m**2) / (4 * (l - 1) ** 2 - 1))
            values[l, m] = a * (z * values[l - 1, m] - b * values[l - 2, m])
    return values
