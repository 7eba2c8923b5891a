import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from mtjax.data import Pulses, quantities, quantity, Scalar


class Spin(eqx.Module):
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")
    width: Scalar = quantity("s", above=0, below=1, default=1e-9)
    angles: Float[Array, " angles"] = quantity("1", lower=0, default=(0.0, 0.1))


@pytest.mark.parametrize(
    "values, sentence",
    (
        (dict(alpha=-0.1), r"`alpha` must be >= 0 \[1\], got -0.1."),
        (dict(alpha=1, width=0), r"`width` must be > 0 \[s\], got 0."),
        (dict(alpha=1, width=1.0), r"`width` must be < 1 \[s\], got 1."),
        (dict(alpha=float("nan")), r"`alpha` must be .*, got nan."),
        (dict(alpha="big"), r"`alpha` must be a real number \[1\], got 'big'."),
        (dict(alpha=1 + 0j), r"`alpha` must be a real number \[1\], got \(1\+0j\)."),
        (dict(alpha=jnp.array(1j)), r"`alpha` must be real .*, got the type complex128."),
        (dict(alpha={}), r"`alpha` must be a real number \[1\], got {}."),
        (dict(alpha=np.array("big")), "`alpha` must be real .*, got the type <U3."),
        (dict(alpha=[0.1]), r"`alpha` must be one number \[1\], got \[0.1\]."),
        (dict(alpha=1, angles=[0.1, -1]), "`angles` must be >= 0 .* from -1 to 0.1."),
        (dict(alpha=1, angles=(jnp.nan,)), "`angles` must be .* nan"),
        (dict(alpha=1, angles=["a"]), r"`angles` must be real .*, got \['a'\]."),
        (dict(alpha=1, angles=[None]), r"`angles` must be real .*, got \[None\]."),
        (dict(alpha=1, angles=[[1], [1, 2]]), "`angles` must be real .*1, 2"),
    ),
)
def test_out_of_range_is_one_sentence(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        Spin(**values)


def test_integers_become_floating_leaves_and_values_do_not_recompile():
    traces = []

    @eqx.filter_jit
    def f(spin):
        traces.append(None)
        return spin.alpha * 2

    for alpha in (1, 0.5):
        f(Spin(alpha=alpha))
    assert len(traces) == 1
    assert all(x.dtype == jnp.float64 for x in jax.tree.leaves(Spin(alpha=1)))


def test_gradient_passes_and_the_check_is_skipped_under_a_transformation():
    gradient = jax.grad(lambda a: Spin(alpha=a).alpha ** 2)(-3.0)
    assert gradient == -6.0


def test_a_list_is_an_array_and_carries_a_gradient():
    spin: Any = Spin
    assert spin(alpha=1).angles.shape == spin(alpha=1, angles=[1, 2]).angles.shape == (2,)
    total = lambda x: jnp.sum(spin(alpha=1, angles=[x, 2 * x, 3.0]).angles)
    assert jax.grad(total)(0.5) == jax.jit(jax.grad(total))(0.5) == 3.0


@pytest.mark.parametrize("leaf", [object(), jax.ShapeDtypeStruct((), float)])
def test_a_placeholder_of_a_transformation_stays(leaf):
    alpha = dataclasses.fields(Spin)[0]
    assert alpha.metadata["converter"](leaf) is leaf


def test_metadata_is_kept():
    assert quantities(Spin)["alpha"].doc == "Gilbert damping"
    assert quantities(Spin)["width"].infimum == 0.0


def test_pulses_span_a_named_grid():
    pulses = Pulses.product(
        voltage=jnp.array([0.5, 1.0]), width=jnp.array([1e-9, 2e-9, 3e-9])
    )
    assert pulses.axes == ("voltage", "width")
    assert pulses.shape == (2, 3)
    assert pulses.mesh("width")[1, 2] == 3e-9
    assert pulses.mesh("rise").shape == (2, 3)
