import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import training
from mtjax.data import Pulses, quantity, Scalar


class Magnet(eqx.Module):
    alpha: Scalar = quantity("1", lower=0)
    k_u: Scalar = quantity("J/m^3", lower=0)


class Stack(eqx.Module):
    grains: int = eqx.field(static=True)
    soft: Magnet


STACK = Stack(40, Magnet(alpha=0.02, k_u=3e5))
PULSES = Pulses.product(voltage=jnp.array([0.5, 1.5]), width=2e-9)


def loss(parameters, shift, *, key):
    stack, pulses = parameters
    noise = 1 + 0.1 * jr.normal(key)
    return (
        noise * stack.soft.alpha**2 * jnp.sum(pulses.voltage**3)
        + shift * jnp.log(stack.soft.k_u)
        + 0 * jnp.sum(pulses.width)
    )


def test_mean_and_standard_error_over_keys():
    keys = jr.split(jr.key(0), 8)
    result = training.sensitivity(loss, (STACK, PULSES), 3.0, keys=keys)
    factors = 1 + 0.1 * np.array([jr.normal(key) for key in keys])
    slope = 2 * 0.02 * (0.5**3 + 1.5**3) * factors
    stack = result.gradient[0]
    np.testing.assert_allclose(stack.soft.alpha, slope.mean(), rtol=1e-12)
    np.testing.assert_allclose(
        result.standard_error[0].soft.alpha, slope.std(ddof=1) / np.sqrt(8), rtol=1e-9
    )
    np.testing.assert_allclose(stack.soft.k_u, 3.0 / 3e5, rtol=1e-12)
    assert stack.grains == 40
    assert result.gradient[1].voltage.shape == (2,)


def test_table_names_value_unit_and_what_is_not_resolved():
    result = training.sensitivity(loss, (STACK, PULSES), 3.0, keys=jr.split(jr.key(0), 4))
    table = result.table().splitlines()
    rows = {line.split()[0]: line.split() for line in table[1:]}
    assert rows["Stack.soft.k_u"][1:4] == ["3e+05", "J/m^3", "+3.000e+00"]
    assert rows["Pulses.voltage[1]"][1:3] == ["1.5", "V"]
    assert rows["Pulses.width"][-2:] == ["not", "resolved"]
    assert "resolved" not in rows["Stack.soft.alpha"]


def test_differences_agree_with_the_reverse_pass():
    rows = training.central_differences(loss, (STACK, PULSES), 3.0, key=jr.key(3))
    names = [row.name for row in rows]
    assert names[:3] == ["Stack.soft.alpha", "Stack.soft.k_u", "Pulses.voltage[0]"]
    assert "Pulses.rise" not in names, "a zero has no scale for a relative step"
    for row in rows:
        # rounding eps/h of the loss (about 40), over the smallest derivative there is
        assert abs(row.reverse - row.difference) * row.value < 40 * 1e-11
    assert training.difference_table(rows).count("\n") == len(rows)


def test_differences_catch_a_wrong_derivative():
    import jax

    @jax.custom_jvp
    def cube(x):
        return x**3

    cube.defjvp(lambda primals, tangents: (cube(*primals), tangents[0] * primals[0] ** 2))
    (row,) = training.central_differences(
        lambda x, *, key: cube(x), jnp.asarray(2.0), key=jr.key(0)
    )
    assert row.relative_error == pytest.approx(2 / 3, rel=1e-6)


def test_one_key_is_refused():
    with pytest.raises(ValueError, match=r"`keys` must be at least two keys"):
        training.sensitivity(loss, (STACK, PULSES), 3.0, keys=jr.split(jr.key(0), 1))
