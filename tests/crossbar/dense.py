"""All node equations of an array as one dense matrix: slow, plain, independent."""

import numpy as np


def nodal(array, sides):
    """Conductance matrix of all nodes [S], and the currents of the sources into them [A].

    First the nodes of the word lines, then those of the bit lines, row by row. Wires and
    ends must have a resistance.
    """
    m, n = array.shape
    index = np.arange(2 * m * n).reshape(2, m, n)
    matrix, into = np.zeros((2 * m * n,) * 2), np.zeros(2 * m * n)

    def join(a, b, g):
        matrix[[a, b], [a, b]] += g
        matrix[[a, b], [b, a]] -= g

    wire = [
        np.broadcast_to(array.word_wire, (m,)),
        np.broadcast_to(array.bit_wire, (n,)),
    ]
    for i in range(m):
        for j in range(n):
            join(index[0, i, j], index[1, i, j], array.conductance[i, j])
            if j:
                join(index[0, i, j - 1], index[0, i, j], 1 / wire[0][i])
            if i:
                join(index[1, i - 1, j], index[1, i, j], 1 / wire[1][j])
    for name, nodes in (
        ("left", index[0, :, 0]),
        ("right", index[0, :, -1]),
        ("top", index[1, 0]),
        ("bottom", index[1, -1]),
    ):
        end = 1 / np.broadcast_to(getattr(array, name), nodes.shape)
        volt = getattr(sides, name)
        matrix[nodes, nodes] += end
        into[nodes] += end * (0 if volt is None else np.asarray(volt))
    return matrix, into


def at_bottom(array, voltages, ground=0.0):
    """Currents out of the bottoms of the bit lines for the voltages of all nodes [A]."""
    m, n = array.shape
    last = voltages.reshape(2, m, n)[1, -1]
    return (last - ground) / np.broadcast_to(array.bottom, (n,))
