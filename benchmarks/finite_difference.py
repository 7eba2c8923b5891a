"""Networks trained through the finite difference of junction pairs, and by exact slopes.

    python benchmarks/finite_difference.py iris|spiral|mnist [--seeds 5] [--out FILE]

Arms at equal budget, seeds, data order and devices: the measured finite difference (with
offset, mismatch and noise), the exact slope of the card, a constant slope, and hidden
layers that stay as drawn. Iris: five-fold cross-validation, once for each seed; spiral:
three arms, 600 fresh test points; MNIST (needs MTJAX_DATA): all test images.
"""

import argparse
import functools
import json
import pathlib
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from mtjax import compact, data, training


# Chosen before any score was seen; stand-ins, no junction was measured for them.
CARD = compact.Neuron(parallel=2e3, tmr=1.5, half=0.5, centre=20e-6, width=4e-6)
OFFSET, MISMATCH, NOISE = 2e-4, 5e-3, 1e-4  # V, 1, V: standard deviations
SIZES = {"iris": (4, 8, 3), "spiral": (2, 32, 16, 3), "mnist": (784, 64, 32, 10)}
EPOCHS = {"iris": 100, "spiral": 300, "mnist": 6}
BATCH = {"iris": 15, "spiral": 60, "mnist": 128}


@functools.cache
def best_step():
    """Step with the least error of a forward difference, sqrt(2 e / V'') [A].

    e is what the pair gets wrong at the centre, V'' the largest curvature of the swing.
    """
    current = CARD.centre + CARD.width * jnp.linspace(-3, 3, 61)
    curvature = jax.vmap(jax.grad(jax.grad(CARD.voltage)))(current)
    error = np.sqrt(OFFSET**2 + (MISMATCH * CARD.voltage(CARD.centre)) ** 2 + 2 * NOISE**2)
    return float(jnp.sqrt(2 * error / jnp.max(jnp.abs(curvature))))


def spiral(key, samples):
    """Three arms of one and a half turns each."""
    k_place, k_noise = jr.split(key)
    y = jnp.arange(samples) % 3
    radius = jnp.sqrt(jr.uniform(k_place, (samples,), minval=0.02))
    angle = 2 * jnp.pi * (y / 3 + 0.75 * radius)
    x = radius[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    return 2 * (x + 0.02 * jr.normal(k_noise, x.shape)), y


def folds(name, seed):
    """Pairs of what is trained with and what is tested with."""
    if name == "spiral":
        keys = jr.split(jr.key(1000 + seed))
        return [(spiral(keys[0], 600), spiral(keys[1], 600))]
    if name == "mnist":
        task = data.learning("mnist")
        flat = lambda part: (part.x.reshape(-1, 784), part.y)
        return [(flat(task.train), flat(task.test))]
    from sklearn.datasets import load_iris
    from sklearn.model_selection import StratifiedKFold

    x, y = load_iris(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    cuts = StratifiedKFold(5, shuffle=True, random_state=seed).split(x, y)
    return [((x[a], y[a]), (x[b], y[b])) for a, b in cuts]


def devices(sizes, key):
    """The network as drawn: weights, and pairs of junctions for the hidden neurons."""
    k_weights, *keys = jr.split(key, len(sizes) - 1)
    pairs = [
        training.SimulatedPairs.draw(
            CARD, n, key=k, step=best_step(), mismatch=MISMATCH, offset=OFFSET, noise=NOISE
        )
        for n, k in zip(sizes[1:-1], keys, strict=True)
    ]
    return training.JunctionPerceptron(
        training.mlp(sizes, key=k_weights),
        tuple(training.Neurons.simulated(p) for p in pairs),
    )


@eqx.filter_jit
def answer(network, x, key):
    """What the devices say: one reading, no slope."""
    return training.DeviceInLoop()(network, x, key)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=tuple(SIZES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, help="scores as JSON, also to resume")
    arguments = parser.parse_args()
    name, begun = arguments.name, time.perf_counter()
    arms = {slope: training.DeviceInLoop(slope) for slope in training.Slope}
    scores = {slope.value: [] for slope in arms}
    if arguments.out and arguments.out.exists():
        scores = json.loads(arguments.out.read_text())
    optimizer = None
    for seed in range(arguments.seeds):
        k_network, k_train, k_test = jr.split(jr.key(seed), 3)
        parts = folds(name, seed)
        if optimizer is None:
            steps = EPOCHS[name] * (len(parts[0][0][1]) // BATCH[name])
            optimizer = training.adamw(
                steps, peak=1e-2 if name != "mnist" else 3e-3, decay=0
            )
        for slope, forward in arms.items():
            if len(scores[slope.value]) > seed:
                continue
            rights = []
            for train, (x, y) in parts:
                run = training.train(
                    devices(SIZES[name], k_network),
                    train,
                    key=k_train,
                    epochs=EPOCHS[name],
                    batch=BATCH[name],
                    forward=forward,
                    optimizer=optimizer,
                )
                logits = answer(run.network, jnp.asarray(x), k_test)
                rights.append(float(training.accuracy(logits, jnp.asarray(y))))
            scores[slope.value].append(float(np.mean(rights)))
            if arguments.out:
                arguments.out.write_text(json.dumps(scores))
    seconds = time.perf_counter() - begun
    print(f"{name}, {SIZES[name]}, dI = {best_step():.3g} A, {seconds:.0f} s")
    print(training.Scores.of(scores, "seeds").table(against="exact"))


if __name__ == "__main__":
    main()
