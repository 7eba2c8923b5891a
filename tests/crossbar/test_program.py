import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.crossbar as crossbar
from mtjax.data import quantity


class Table(eqx.Module):
    """What `program` needs of a table of levels."""

    voltage: jax.Array = quantity("V")
    conductance: jax.Array = quantity("S")
    cycle_std: jax.Array = quantity("S")
    device_std: jax.Array = quantity("S")


TABLE = Table(
    voltage=jnp.array([0.4, 0.5, 0.6, 0.7]),
    conductance=jnp.array([1e-4, 2e-4, 3e-4, 4e-4]),
    cycle_std=jnp.array([1e-6, 2e-6, 3e-6, 1e-6]),
    device_std=jnp.array([5e-6, 4e-6, 3e-6, 2e-6]),
)


def test_levels_have_the_mean_and_spread_of_the_table():
    count = 40_000
    target = jnp.broadcast_to(jnp.arange(4), (count, 4))
    reached = crossbar.program(TABLE, target, crossbar.OpenLoop(), key=jr.key(0))
    g = reached.conductance
    std = jnp.hypot(TABLE.cycle_std, TABLE.device_std)
    z = (jnp.mean(g, 0) - TABLE.conductance) / std * count**0.5
    assert jnp.max(jnp.abs(z)) < 4
    z = (jnp.var(g, 0) / std**2 - 1) / (2 / count) ** 0.5
    assert jnp.max(jnp.abs(z)) < 4
    assert jnp.allclose(reached.error, g - TABLE.conductance[target])
    width = crossbar.OpenLoop().width
    assert np.isclose(reached.time, 4 * count * width)
    assert np.isclose(reached.energy, jnp.sum(TABLE.voltage[target] ** 2 * g) * width)


def test_conductances_are_differentiable_in_the_table():
    target = jnp.array([[0, 3], [1, 1]])
    total = lambda table: jnp.sum(
        crossbar.program(table, target, crossbar.OpenLoop(), key=jr.key(0)).conductance
    )
    gradient = eqx.filter_grad(total)(TABLE)
    assert jnp.all(gradient.conductance == jnp.array([1, 2, 0, 1]))
    h = 1e-7
    for field in ("cycle_std", "device_std"):
        for i in range(4):
            move = lambda sign, f=field, i=i: eqx.tree_at(
                lambda t: getattr(t, f), TABLE, getattr(TABLE, f).at[i].add(sign * h)
            )
            slope = (total(move(1)) - total(move(-1))) / (2 * h)
            assert np.isclose(getattr(gradient, field)[i], slope, rtol=1e-6, atol=1e-7)


def test_floating_levels_are_rounded_and_carry_the_mean_slope():
    conductance = lambda level: (
        crossbar.program(TABLE, level, crossbar.OpenLoop(), key=jr.key(0)).conductance
    )
    assert conductance(jnp.array(1.0)) == conductance(jnp.array(1))
    assert np.isclose(jax.grad(conductance)(jnp.array(1.0)), 1e-4)


def test_a_level_that_the_cell_has_not_is_refused():
    with pytest.raises(
        eqx.EquinoxRuntimeError, match="`target_levels` must be from 0 to 3"
    ):
        crossbar.program(TABLE, jnp.array([4]), crossbar.OpenLoop(), key=jr.key(0))
