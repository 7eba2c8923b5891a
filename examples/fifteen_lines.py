"""The whole path, from the grains of a junction to the loss of a network, and back."""

import jax
import jax.numpy as jnp
import jax.random as jr

from mtjax import compact, crossbar, data, llg, training


jax.config.update("jax_enable_x64", True)

k_network, k_train, k_grains, k_loss = jr.split(jr.key(0), 4)
task = data.learning("iris")
x, y = task.train.x, task.train.y
network = training.mlp([4, 3], key=k_network)
network = training.train(network, (x, y), key=k_train, epochs=30, batch=15).network

device = llg.presets.granular_junction()
grains = llg.microstructures(device, 2, key=k_grains)  # outside the gradient
pulses = llg.Pulses.product(voltage=jnp.array([0.7, 1.0]), width=jnp.array([4e-10, 8e-10]))
grid = llg.TimeGrid(dt=1e-13, steps=8_000)


def loss(parameters, network, *, key):  # differentiated from here on
    (device, pulses), (k_llg, k_chip) = parameters, jr.split(key)
    levels = llg.sweep(
        device,
        grains,
        pulses,
        grid,
        observe=llg.Level(),
        key=k_llg,
        trials=16,
        gradient=llg.Score(),
    )
    # implicit differentiation of the fit
    cell = compact.fit(compact.GranularSynapse.start(levels), levels).model
    spec = crossbar.Spec(tile=64, wire=1.0, adc_bits=6)
    chip = training.on_array(network, cell, spec, key=k_chip)
    return training.cross_entropy(jax.vmap(chip)(x), y)


keys = jr.split(k_loss, 8)
print(training.sensitivity(loss, (device, pulses), network, keys=keys).table())
