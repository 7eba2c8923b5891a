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


# sigma, tolerance, acceptance, mean pulses, residual: geometric number of attempts and
# truncated normal, in closed form
VERIFY = (
    (1.0, 0.5, 0.3829249225480262, 2.611477971571779, 0.2838822900443274),
    (1.0, 1.0, 0.6826894921370859, 1.464794773491544, 0.5395600937548969),
    (1.0, 0.25, 0.19741265136584743, 5.0655314797772935, 0.14373670740100397),
    (2.0, 1.0, 0.3829249225480262, 2.611477971571779, 0.5677645800886548),
)


@pytest.mark.parametrize("sigma, tolerance, accept, pulses, residual", VERIFY)
def test_write_verify_has_its_closed_form(sigma, tolerance, accept, pulses, residual):
    count, unit = 20_000, 1e-6
    table = Table(
        voltage=jnp.array([0.4, 0.5]),
        conductance=jnp.array([100.0, 200.0]) * unit,
        cycle_std=jnp.full(2, sigma * unit),
        device_std=jnp.zeros(2),
    )
    scheme = crossbar.WriteVerify(attempts=100, tolerance=tolerance * unit)
    target = jnp.ones(count, int)
    done = crossbar.program(table, target, scheme, key=jr.key(0))
    assert done.yielded == 1
    geometric = (1 - accept) ** 0.5 / accept
    assert abs(jnp.mean(done.pulses) - pulses) < 4 * geometric / count**0.5
    # kurtosis of a truncated normal is at most 3
    assert abs(jnp.std(done.error) / unit / residual - 1) < 4 / (2 * count) ** 0.5
    assert jnp.max(jnp.abs(done.error)) <= tolerance * unit
    each = scheme.width + scheme.read_time
    assert np.isclose(done.time, jnp.sum(done.pulses) * each)
    per_pulse = 200 * unit * (0.25 * scheme.width + 0.01 * scheme.read_time)
    assert np.isclose(done.energy, jnp.sum(done.pulses) * per_pulse, rtol=0.02)


def test_the_error_is_that_of_a_later_read_and_yield_is_counted():
    scheme = crossbar.WriteVerify(attempts=3, tolerance=1e-6, read_noise=2e-6)
    target = jnp.zeros(20_000, int)
    done = crossbar.program(TABLE, target, scheme, key=jr.key(0))
    assert 0 < done.yielded < 1
    assert jnp.all((done.pulses == 3) | done.success)
    later = done.error - (done.conductance - TABLE.conductance[0])
    assert abs(jnp.std(later) / 2e-6 - 1) < 4 / (2 * 20_000) ** 0.5
    correlation = jnp.corrcoef(later, done.conductance)[0, 1]
    assert abs(correlation) < 4 / 20_000**0.5


def test_correction_takes_the_offset_of_a_device_off():
    plain = crossbar.WriteVerify(attempts=20, tolerance=1e-6)
    closed = crossbar.WriteVerify(attempts=20, tolerance=1e-6, correction=0.5)
    target = jnp.zeros(5000, int)
    run = lambda scheme: crossbar.program(TABLE, target, scheme, key=jr.key(0)).yielded
    assert run(closed) > 0.99 > run(plain)


def test_write_verify_carries_the_gradient_of_the_expected_level():
    scheme = crossbar.WriteVerify(tolerance=2e-6)
    target = jnp.array([0, 3, 3])
    total = lambda table: jnp.sum(
        crossbar.program(table, target, scheme, key=jr.key(0)).conductance
    )
    gradient = eqx.filter_grad(total)(TABLE)
    assert jnp.all(gradient.conductance == jnp.array([1, 0, 0, 2]))
    assert jnp.all(gradient.cycle_std == 0)


def test_targets_are_matched_to_levels():
    targets = jnp.array([1e-4, 1.6e-4, 3.9e-4])
    assert jnp.all(crossbar.nearest_levels(TABLE, targets) == jnp.array([0, 1, 3]))
    with pytest.raises(eqx.EquinoxRuntimeError, match="in the range of the cell"):
        crossbar.nearest_levels(TABLE, jnp.array([9e-4]))


def test_schemes_are_checked():
    with pytest.raises(ValueError, match="`levels` must be at least 2, got 1"):
        crossbar.OpenLoop(levels=1)
    with pytest.raises(ValueError, match="`attempts` must be at least 1, got 0"):
        crossbar.WriteVerify(tolerance=1e-6, attempts=0)
