import importlib
from typing import Any

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy.stats

from mtjax import compact, llg


_paper = "mtjax.training.papers.granular_synapse"
_junctions: Any = importlib.import_module(f"{_paper}._junctions")
_programmed: Any = importlib.import_module(f"{_paper}._programmed")
_sweeps: Any = importlib.import_module(f"{_paper}._sweeps")


def test_confusion_is_that_of_the_best_threshold():
    table = compact.LevelTable(
        voltage=jnp.arange(3.0),
        conductance=jnp.array([1.0, 2.0, 4.0]),
        cycle_std=jnp.array([0.1, 0.2, 0.2]),
        device_std=jnp.zeros(3),
    )
    wanted = scipy.stats.norm.sf(1 / 0.3)
    np.testing.assert_allclose(_programmed.confusion(table, calibrated=True), wanted)


def test_thresholds_lie_between_the_voltages_that_bracket_them():
    part = np.array([[0.0, 0.1, 0.5], [0.0, 0.0, 0.01]])
    found = _sweeps._threshold(part, np.array([0.0, 1.0, 2.0]), 0.05)
    np.testing.assert_allclose(found, [0.5, np.inf])


def test_without_dipoles_each_spin_keeps_its_own_demagnetisation():
    preset = _junctions.changed(llg.presets.granular_junction(), side=16e-9)
    grains = llg.microstructures(preset, 1, key=jr.key(0))
    one = llg.Microstructure(
        *(getattr(grains, n)[0] for n in ("centre", "fraction", "bonds", "boundary")),
        *(getattr(grains, n)[0] for n in ("distance", "anisotropy", "area")),
    )
    tensors = [
        next(t for t in d.system(one).terms if isinstance(t, llg.Demagnetisation)).tensor
        for d in (preset, _junctions.WithoutDipoles(preset))
    ]
    own = np.eye(8, dtype=bool)
    np.testing.assert_array_equal(tensors[0][own], tensors[1][own])
    assert np.all(tensors[1][~own] == 0)
    assert np.all(jnp.any(tensors[0][~own] != 0, (1, 2)))
