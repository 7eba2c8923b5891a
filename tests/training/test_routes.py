"""Two routes from a network's loss to the physics of its cells agree.

Through the fit, by implicit differentiation of its optimum, key by key; and through a law
of the fitted parameters over a sweep of devices. The device is a set of known laws, so
that thousands of cycles cost nothing.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import compact, crossbar, data, training
from mtjax.data import quantity, Scalar

from ..compact.helpers import fit_levels, GRANULAR, levels
from .helpers import blobs


class Physics(eqx.Module):
    """A device whose compact parameters follow known laws of two quantities."""

    k_u: Scalar = quantity("J/m^3", above=0)
    alpha: Scalar = quantity("1", above=0)

    def compact(self):
        x, a = jnp.log(self.k_u / 1e6), jnp.log(self.alpha / 0.01)
        return eqx.tree_at(
            lambda m: (m.threshold, m.steepness, m.misfit),
            GRANULAR,
            (0.55 * jnp.exp(0.8 * x + 0.3 * a), 6 * jnp.exp(0.5 * x), 0.0),
        )


HERE = Physics(k_u=1e6, alpha=0.01)
AXES = {"k_u": jnp.linspace(0.9e6, 1.1e6, 4), "alpha": jnp.array([0.009, 0.01, 0.011])}
SPEC = crossbar.Spec(tile=8, wire=1.0)
X, Y = blobs()


def fitted(physics, key):
    return fit_levels(levels(key, model=physics.compact(), devices=6, trials=200))


@eqx.filter_jit
def chip_loss(cell, network, key):
    table = GRANULAR.levels(GRANULAR.assign(4))
    chip = training.on_array(network, cell, SPEC, key=key, table=table)
    return training.cross_entropy(jax.vmap(chip)(X), Y)


@pytest.mark.slow
def test_both_routes_lead_to_the_same_sensitivities():
    network = training.mlp((6, 3), key=jr.key(0))
    network = training.train(
        network,
        (X, Y),
        key=jr.key(1),
        epochs=20,
        batch=30,
        optimizer=training.adamw(60, peak=0.05),
    ).network

    def through_the_fit(physics, *, key):
        k_data, k_chip = jr.split(key)
        return chip_loss(fitted(physics, k_data).model, network, k_chip)

    product = data.product(HERE, AXES)
    keys = jr.split(jr.key(2), product.shape)
    fits = eqx.filter_jit(eqx.filter_vmap(eqx.filter_vmap(fitted)))(product.module, keys)
    law, _ = compact.condition(fits, product, degree=1)

    def through_the_law(physics, *, key):
        cell = law.at({"k_u": physics.k_u, "alpha": physics.alpha})
        return chip_loss(cell, network, jr.split(key)[1])

    keys = jr.split(jr.key(3), 12)
    first, second = (
        training.sensitivity(eqx.filter_jit(loss), HERE, keys=keys).rows()
        for loss in (through_the_fit, through_the_law)
    )
    for a, b in zip(first, second, strict=True):
        assert a["name"] == b["name"]
        assert a["resolved"]
        assert b["resolved"]
        error = np.hypot(a["standard_error"], b["standard_error"])
        distance = abs(a["log_gradient"] - b["log_gradient"])
        # the law's own slopes are known to some per cent
        assert distance < 3 * error + 0.05 * abs(b["log_gradient"]), (a, b)
