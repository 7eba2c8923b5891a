import dataclasses

import jax.numpy as jnp
import jax.random as jr
import matplotlib
import numpy as np
import pytest

import mtjax.crossbar as crossbar

from .test_program import TABLE


SPEC = crossbar.Spec(tile=64, adc_bits=6, dac_bits=1)


def test_every_figure_is_traced_to_its_row():
    found = crossbar.cost((256, 128), SPEC, power=1e-3, pulses=8)
    by_name = {row.component: row for row in crossbar.TABLE}
    for item in found.items:
        assert item.row == by_name[item.component]
        assert item.row.source
    adc = next(item for item in found.items if item.component == "adc")
    tiles = 4 * 2 * 2
    assert adc.operations == 8 * tiles * 64
    assert adc.instances == tiles * 8
    assert np.isclose(adc.energy, adc.operations * by_name["adc"].energy / 4)
    cell = next(item for item in found.items if item.component == "cell")
    assert np.isclose(cell.energy, 1e-3 * 8 * by_name["cell"].time)
    assert np.isclose(found.energy, sum(item.energy for item in found.items))
    assert "ISCA 2016" in str(found)


def test_the_table_is_what_its_sources_say():
    """Power of all instances over rate and number, from the published table."""
    row = {row.component: row for row in crossbar.TABLE}
    assert np.isclose(row["adc"].energy, 1.667e-12, rtol=1e-3)
    assert np.isclose(row["adc"].area, 1200e-12)
    assert np.isclose(row["dac"].energy, 0.390625e-12)
    assert np.isclose(row["dac"].area, 0.166e-12, rtol=1e-3)
    assert np.isclose(row["shift and add"].energy, 0.0208e-12, rtol=2e-3)
    assert np.isclose(row["shift and add"].area, 60e-12)


@pytest.mark.parametrize("growth, factor", (("exponential", 1 / 4), ("linear", 6 / 8)))
def test_converters_cost_exponentially_or_linearly(growth, factor):
    table = crossbar.with_growth(growth)
    found = crossbar.cost((64, 64), SPEC, table=table)
    adc = next(item for item in found.items if item.component == "adc")
    assert np.isclose(adc.energy, adc.operations * 16e-3 / 9.6e9 * factor)
    assert [row.component for row in table] == [row.component for row in crossbar.TABLE]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="`columns_per_adc` must be at least 1, got 0"):
        crossbar.cost((64, 64), SPEC, columns_per_adc=0)
    with pytest.raises(ValueError, match="`growth` must be none, linear or exponential"):
        crossbar.cost((64, 64), SPEC, table=crossbar.with_growth("cubic"))


def test_a_table_is_replaced(tmp_path):
    rows = [dataclasses.replace(row, growth="linear") for row in crossbar.TABLE]
    names = [field.name for field in dataclasses.fields(crossbar.Row)]
    text = ",".join(names) + "\n"
    for row in rows:
        text += ",".join(f'"{getattr(row, name)}"' for name in names) + "\n"
    path = tmp_path / "table.csv"
    path.write_text(text.replace("linear", "linear"))
    table = [r if r.bits else dataclasses.replace(r, growth="none")
             for r in crossbar.read_table(path)]  # fmt: skip
    found = crossbar.cost((64, 64), SPEC, table=table)
    adc = next(item for item in found.items if item.component == "adc")
    assert np.isclose(adc.energy, adc.operations * adc.row.energy * 6 / 8)
    with pytest.raises(ValueError, match="`table` must have a row for 'adc'"):
        crossbar.cost((64, 64), SPEC, table=[r for r in table if r.component != "adc"])
    path.write_text("component,energy\nadc,1.0\n")
    with pytest.raises(ValueError, match="`path` must have the columns"):
        crossbar.read_table(path)


def test_figures_show_what_was_computed():
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    array = crossbar.Crossbar.wired(jnp.full((4, 3), 1e-3), 2.0)
    v = jnp.ones(4)
    figure = crossbar.plot_array(array, v, crossbar.solve(array, v))
    maps = [axis.images[0].get_array() for axis in figure.axes if axis.images]
    assert len(maps) == 4
    assert np.all(np.diff(maps[0], axis=1) < 0)
    assert np.all(np.diff(maps[1], axis=0) < 0)
    target = jr.randint(jr.key(0), (30, 30), 0, 4)
    done = crossbar.program(TABLE, target, crossbar.OpenLoop(), key=jr.key(1))
    figure = crossbar.plot_levels(done, target, TABLE.conductance)
    bars = sum(patch.get_height() for patch in figure.axes[0].patches)
    assert bars == 900
    figure = crossbar.plot_cost(crossbar.cost((64, 64), SPEC))
    assert len(figure.axes) == 3
    plt.close("all")
