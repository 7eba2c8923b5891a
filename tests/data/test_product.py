import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

from mtjax import data

from .helpers import device, same


GRID = {"alpha": [0.01, 0.02], "grain.k_u": jnp.array([1e6, 2e6, 3e6])}


def test_every_point_is_the_module_with_those_values():
    grid = data.product(device(), GRID)
    assert grid.axes == ("alpha", "grain.k_u")
    assert grid.shape == (2, 3)
    for i, j in grid.points():
        here = eqx.tree_at(
            lambda d: (d.alpha, d.grain.k_u), device(), replace_fn=lambda x: x
        )
        here = eqx.tree_at(
            lambda d: (d.alpha, d.grain.k_u),
            here,
            (grid.values["alpha"][i], grid.values["grain.k_u"][j]),
        )
        assert same(grid[i, j], here)


def test_a_function_is_mapped_over_the_grid():
    grid = data.product(device(), GRID)
    values = grid.map(lambda d: d.alpha * d.grain.k_u + d.area.sum() * d.sites)
    expected = np.outer(GRID["alpha"], GRID["grain.k_u"]) + 9e-16
    np.testing.assert_allclose(values, expected, rtol=1e-15)


def test_an_array_takes_the_value_in_all_entries_and_gradients_pass():
    grid = data.product(device(), {"area": jnp.array([1e-16, 3e-16])})
    assert grid.module.area.shape == (2, 2)
    assert (grid[1,].area == 3e-16).all()
    slope = jax.grad(
        lambda a: data.product(device(), {"area": a}).map(lambda d: d.area.sum()).sum()
    )
    assert (slope(jnp.ones(2)) == 2).all()


@pytest.mark.parametrize(
    "values, sentence",
    (
        (
            {"alhpa": [1.0]},
            r"`values` must name quantities \(grain.k_u, area, alpha\)",
        ),
        ({"alpha": 1.0}, r"`alpha` must be values along an axis, .* got shape \(\)"),
        ({"alpha": []}, r"`alpha` must be values along an axis"),
        ({"alpha": [-1.0, 1.0]}, r"`alpha` must be >= 0"),
        ({"sites": [1, 2]}, "`values` must name quantities"),
    ),
)
def test_wrong_values_are_one_sentence(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        data.product(device(), values)


def test_a_grid_is_saved_with_its_named_axes(tmp_path):
    grid = data.product(device(), GRID)
    path = tmp_path / "x.h5"
    data.save(path, {"grid": grid})
    assert same(data.load(path, {"grid": grid}), {"grid": grid})
    with xarray.open_dataset(path, engine="h5netcdf", group="grid") as x:
        assert x["grain.k_u"].dims == ("grain.k_u",)
        assert x["grain.k_u"].attrs["units"] == "J/m^3"
    with xarray.open_dataset(path, engine="h5netcdf", group="grid/module") as x:
        assert x["alpha"].dims == ("alpha", "grain.k_u")
        assert x["area"].dims == ("alpha", "grain.k_u", "grains")
