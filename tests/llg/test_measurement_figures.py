"""Figures of measurements draw what they are given."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax.data import Levels, Outcome, State


def levels(**pulses):
    grid = llg.Pulses.product(**pulses)
    return Levels(
        start=State.PARALLEL,
        pulses=grid,
        trials=jnp.full((1, *grid.shape), 8),
        mean=jnp.full((1, *grid.shape), 1.5),
        variance=jnp.zeros((1, *grid.shape)),
        histogram=jnp.zeros((1, *grid.shape, 1), int),
        edges=jnp.array([0.0, 1.0]),
        parallel=jnp.array([2.0]),
        antiparallel=jnp.array([1.0]),
    )


def axes() -> Any:
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_a_phase_diagram_has_the_level_of_every_pulse():
    volts, widths = jnp.array([0.1, 0.2, 0.3]), jnp.array([1e-9, 2e-9])
    drawn = axes()
    mesh = llg.plot_phase_diagram(drawn, levels(width=widths, voltage=volts))
    np.testing.assert_allclose(mesh.get_array(), np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match="the axes `voltage` and `width`"):
        llg.plot_phase_diagram(drawn, levels(voltage=volts, width=1e-9))


def test_a_barrier_is_drawn_in_units_of_kt():
    path = jnp.zeros((3, 1, 3))
    energies = jnp.array([1.0, 5.0, 2.0]) * 1.380649e-23 * 300
    barrier = llg.Barrier(
        energy=energies[1] - energies[0],
        back=energies[1] - energies[2],
        saddle=path[1],
        path=path,
        energies=energies,
        outcome=Outcome.successful,
    )
    drawn = axes()
    llg.plot_barrier(drawn, barrier)
    np.testing.assert_allclose(drawn.lines[0].get_ydata(), [0.0, 4.0, 1.0])


def test_the_window_has_a_line_for_each_border():
    name = "junction.resistance_area"

    def border(title, value, limit, slope):
        sign = -1 if title == "write" else 1  # at most its limit; the others, at least
        margin = sign * float(np.log(value / limit))
        return llg.Border(title, "V", value, limit, margin, {name: slope}, {name: 0.0})

    window = lambda barrier: llg.FeasibleWindow(
        borders=(
            border("write", 1.0, 1.5, 1.0),
            border("read disturb", 0.1, 0.02, 1.0),
            border("retention", barrier, 45.0, 0.0),
            border("resistance", 2e3, 1e3, 1.0),
        ),
        need=llg.Need(),
    )
    kept, lost = window(60.0), window(30.0)
    assert kept.feasible
    assert not lost.feasible
    refused = llg.window_figure(lost, llg.presets.granular_junction())
    assert "NOT kept" in refused.axes[0].get_title()
    window = kept
    figure = llg.window_figure(window, llg.presets.granular_junction())
    left, right = figure.axes[:2]
    assert "NOT" not in left.get_title()
    assert [t.get_text() for t in right.get_yticklabels()] == [name]
    assert "resistance" in window.table()
