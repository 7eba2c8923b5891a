import jax.numpy as jnp
import numpy as np
import pytest
import xarray

from mtjax import data

from .helpers import same


P = data.State.PARALLEL


def times(**changes):
    fields = {
        "voltage": jnp.array([0.3, 0.4, 0.4]),
        "time": jnp.array([1e-8, 2e-8, 5e-9]),
        "switched": jnp.array([1, 0, 1]),
    }
    return data.SwitchingTimes(P, **(fields | changes))


def transitions(**changes):
    fields = {name: jnp.full(3, 1e-4) for name in ("before", "after", "antiparallel")}
    fields |= {"parallel": jnp.full(3, 2e-4), "width": jnp.full(3, 1e-9)}
    return data.Transitions(P, voltage=jnp.full(3, 0.5), **(fields | changes))


def trajectories():
    shape = (2, 5)
    return data.Trajectories(
        P,
        time=jnp.linspace(0, 4e-9, 5),
        voltage=jnp.ones(5),
        m=jnp.ones((*shape, 3, 3)),
        cosine=jnp.ones(shape),
        conductance=jnp.ones(shape),
    )


@pytest.mark.parametrize("make", (times, transitions, trajectories))
def test_the_class_stands_for_any_of_them(make, tmp_path):
    data.save(tmp_path / "x.h5", {"a": make()})
    assert same(data.load(tmp_path / "x.h5", {"a": type(make())}), {"a": make()})


def test_xarray_sees_trajectories_over_time(tmp_path):
    data.save(tmp_path / "x.h5", trajectories())
    with xarray.open_dataset(tmp_path / "x.h5", engine="h5netcdf") as x:
        assert x["m"].dims[:3] == ("trial", "time", "spin")
        assert x["conductance"].attrs["units"] == "S"
        assert x["cosine"].sel(time=2e-9).shape == (2,)
        np.testing.assert_array_equal(x["time"], trajectories().time)


def test_trials_of_one_pulse_are_stacked():
    whole = trajectories()

    class One:
        time, voltage = whole.time, whole.voltage
        m, cosine, conductance = whole.m[0], whole.cosine[0], whole.conductance[0]

    assert same(data.Trajectories.of(P, [One(), One()]), whole)


@pytest.mark.parametrize(
    "make, sentence",
    (
        (lambda: times(time=jnp.array([1.0, 0, 1])), r"`time` must be > 0 \[s\], got 0.0"),
        (lambda: times(switched=jnp.array([1, 2, 0])), "`switched` must be 0 or 1, got 2"),
        (lambda: transitions(before=-jnp.ones(3)), "`before` must be > 0, got -1.0"),
    ),
)
def test_what_cannot_be_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
