import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from mtjax import compact, crossbar, training

from .helpers import iris


CELL = compact.TableCell(
    conductance=jnp.linspace(200e-6, 500e-6, 4),
    cycle_std=jnp.full(4, 15e-6),
    device_std=jnp.full(4, 15e-6),
)
SPEC = crossbar.Spec(tile=8, wire=1.0, dac_bits=6, adc_bits=6)


def test_training_on_the_array_beats_the_majority_on_iris():
    x, y = iris()
    network = training.mlp((4, 3), key=jr.key(0))
    forward = training.ThroughArray(CELL, SPEC, wires=training.Wires.FIRST_ORDER)
    optimizer = training.adamw(15 * 9, peak=0.05)
    run = training.train(
        network,
        (x, y),
        key=jr.key(1),
        epochs=15,
        batch=16,
        forward=forward,
        optimizer=optimizer,
    )
    assert run.curve[-1]["loss"] < 0.6 * run.curve[0]["loss"]
    keys = jr.split(jr.key(2), 5)
    chips = training.evaluate_chips(run.network, CELL, SPEC, x, y, keys=keys)
    low, high = chips.spread
    assert low <= chips.median <= high
    assert chips.median > 0.8 > float(chips.baseline)
    one = training.on_array(run.network, CELL, SPEC, key=keys[3])
    reached = training.accuracy(jax.vmap(one)(jnp.asarray(x)), jnp.asarray(y))
    np.testing.assert_allclose(chips.accuracy[3], reached, rtol=1e-12)
