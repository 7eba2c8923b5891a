"""Rows of independent codes; the whole file is used where it is there."""

import json
import pathlib

import jax.numpy as jnp
import numpy as np
import pytest

import mtjax.crossbar as crossbar


def load():
    for folder in pathlib.Path(__file__).resolve().parents:
        path = folder / "shared" / "reference" / "crossbar.json"
        if path.exists():
            return json.loads(path.read_text())
    pytest.skip("the file of reference answers is not here")


def wired(resistance, rw, rb):
    """Driver and ground each behind one segment."""
    return crossbar.Crossbar(
        conductance=1 / np.array(resistance),
        word_wire=rw,
        bit_wire=rb,
        left=rw,
        bottom=rb,
    )


def ramp(m):
    """The drive of the spectral rows."""
    return jnp.array([0.05 + 0.2 * ((7 * i) % 11) / 10 for i in range(m)])


RESISTANCE = (
    (345.0, 903.0, 755.0, 257.0, 646.0),
    (652.0, 401.0, 508.0, 166.0, 454.0),
    (442.0, 874.0, 190.0, 244.0, 635.0),
)
INPUT = (1.5, 2.3, 1.7)
# rw, rb, currents: badcrossbar 1.1.0
ROWS = (
    (0.5, 0.5, (0.011585025421546973, 0.009190641636252411, 0.015115681173257949,
                0.025833208221257207, 0.009811792882657442)),
    (2.0, 0.25, (0.011406070506721712, 0.0088850728967567, 0.014400466285987384,
                 0.02447331733116705, 0.009240120661085708)),
    (0.0, 1.0, (0.011597073634419895, 0.009269650252151634, 0.015306916721275099,
                0.02608120449382422, 0.009981071874802804)),
)  # fmt: skip
# ngspice 39: one high-resistance cell among low ones, two lines floating
SNEAK = 2.665600438337035e-05
