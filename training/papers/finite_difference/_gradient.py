import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from ..._in_the_loop import DeviceInLoop
from ..._metrics import cross_entropy
from ..._neurons import Slope
from .._bootstrap import bootstrap
from .._many import stack
from .._paper import Result, Row
from ._curve import derivatives, SWING
from ._devices import network, pairs, predicted, swing
from ._tasks import iris_folds


NEURONS = 4000


@eqx.filter_jit
def _slopes(made, current, step, key):
    """Errors of forward and of centred slopes [Ohm], and that of the first reading [V]."""
    made = eqx.tree_at(lambda p: p.step, made, step)
    slope = jax.vmap(jax.grad(made.neuron.voltage))(current - made.shift)
    slope = (1 + made.resistance) * slope
    first, second = made.read(current, key)
    low, high = made.read(current - step / 2, key)
    wrong = first - made.voltage(current)
    return (second - first) / step - slope, (high - low) / step - slope, wrong


@eqx.filter_jit
def _gradients(networks, x, y, keys, step, slope):
    """Of all weights before neurons, `(devices, reads, weights)`."""

    def one(network, key):
        network = eqx.tree_at(
            lambda n: [row.pairs.step for row in n.neurons],
            network,
            [jnp.asarray(step, row.pairs.step.dtype) for row in network.neurons],
        )

        @eqx.filter_grad
        def loss(layers):
            made = eqx.tree_at(lambda n: n.perceptron.layers, network, layers)
            return cross_entropy(DeviceInLoop(slope)(made, x, key), y)

        found = loss(network.perceptron.layers)[:-1]
        return jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(found)])

    over_reads = eqx.filter_vmap(one, in_axes=(None, 0))
    return eqx.filter_vmap(over_reads, in_axes=(eqx.if_array(0), None))(networks, keys)


def gradient(card, session) -> Result:
    """Bias, variance and direction of the gradient over three decades of dI.

    Above: error of single slopes, 4,000 pairs over the swing, forward and centred.
    Below: the gradient of the loss of a 4-8-8-3 network on Iris, before training, with
    respect to all weights before neurons, against the one of the same chips with exact
    slopes and no noise. The found optimum is that of the grid.
    """
    forward, centred = predicted(card)
    count, half = session.size("steps"), session.size("decades") / 2
    steps = forward * np.logspace(-half, half, count)

    made = pairs(card, NEURONS, key=session.key(3, 0))
    x = jnp.asarray(np.resize(SWING, NEURONS))
    current = made.neuron.centre + made.neuron.width * x
    slope_errors = []
    for number, step in enumerate(steps):
        f, c, _ = _slopes(made, current, jnp.asarray(step), session.key(3, 1, number))
        slope_errors.append([float(jnp.sqrt(jnp.mean(e**2))) for e in (f, c)])
    slope_errors = np.array(slope_errors)

    devices, reads = session.size("gradient_devices"), session.size("gradient_reads")
    sizes = (4, 8, 8, 3)
    networks = stack(
        [
            network(card, sizes, weights=session.key(3, 2, n), chip=session.key(3, 3, n))
            for n in range(devices)
        ]
    )
    quiet = eqx.tree_at(
        lambda n: [row.pairs.noise for row in n.neurons],
        networks,
        [0 * row.pairs.noise for row in networks.neurons],
    )
    samples, labels = (a[0] for a in iris_folds(1)[:2])
    keys = jr.split(session.key(3, 4), reads)
    exact = np.asarray(_gradients(quiet, samples, labels, keys[:1], 1e-6, Slope.EXACT))
    exact = exact[:, 0]
    turned = _random_cosine(exact)
    cosine, bias, spread = (np.zeros((count, devices)) for _ in range(3))
    for number, step in enumerate(steps):
        found = np.asarray(
            _gradients(networks, samples, labels, keys, step, Slope.FINITE_DIFFERENCE)
        )
        norm = np.linalg.norm(exact, axis=-1)
        mean = found.mean(axis=1)
        dots = np.einsum("drw,dw->dr", found, exact)
        cosine[number] = (dots / np.linalg.norm(found, axis=-1)).mean(axis=1) / norm
        bias[number] = np.linalg.norm(mean - exact, axis=-1) / norm
        spread[number] = np.sqrt(np.sum(found.var(axis=1), axis=-1)) / norm
        session.progress(number + 1, count)
    forward_error, _, wrong = _slopes(
        made, current, jnp.asarray(forward), session.key(3, 5)
    )
    slope = np.asarray(derivatives(made.neuron, x)[1])
    full = np.mean(slope * float(swing(card)))
    reused = float(jnp.mean(wrong * forward_error)) / full
    *_, other = _slopes(made, current, jnp.asarray(forward), session.key(3, 6))
    apart = float(jnp.mean(other * forward_error)) / full
    return Result(
        _rows(
            card,
            session,
            steps,
            slope_errors,
            cosine,
            bias,
            spread,
            (reused, apart, turned),
        ),
        {
            "step": steps,
            "predicted": np.array([forward, centred]),
            "slope_error": slope_errors,
            "cosine": cosine,
            "bias": bias,
            "spread": spread,
        },
    )


def _random_cosine(exact: np.ndarray) -> float:
    """Mean cosine of the exact gradients with random directions."""
    drawn = np.random.default_rng(0).normal(size=exact.shape)
    norms = np.linalg.norm(drawn, axis=-1) * np.linalg.norm(exact, axis=-1)
    return float(np.mean((drawn * exact).sum(axis=-1) / norms))


def _rows(card, session, steps, slope_errors, cosine, bias, spread, others):
    reused, apart, turned = others
    forward, centred = predicted(card)
    best = [float(steps[i]) for i in slope_errors.argmin(axis=0)]
    at = int(np.abs(np.log(steps / forward)).argmin())
    found = float(steps[np.hypot(bias, spread).mean(axis=1).argmin()])
    devices = f"{cosine.shape[1]} chips x {session.size('gradient_reads')} readings"
    return [
        Row(
            "found best dI of a slope, forward",
            1e6 * best[0],
            "uA",
            runs=f"{NEURONS} pairs, {len(steps)} steps",
            control=f"predicted {1e6 * forward:.3g} uA",
            verdict=f"The closed form is off by a factor of {best[0] / forward:.2f}; the "
            f"grid has steps of {steps[1] / steps[0]:.2f}.",
        ),
        Row(
            "found best dI of a slope, centred",
            1e6 * best[1],
            "uA",
            runs=f"{NEURONS} pairs, {len(steps)} steps",
            control=f"predicted {1e6 * centred:.3g} uA",
        ),
        Row(
            "slope error there, forward and centred",
            slope_errors[:, 0].min() / 1e3,
            "kOhm",
            runs=f"{NEURONS} pairs",
            control=f"centred {slope_errors[:, 1].min() / 1e3:.3g} kOhm",
        ),
        Row(
            "found best dI of the gradient",
            1e6 * found,
            "uA",
            runs=devices,
            control=f"predicted {1e6 * forward:.3g} uA",
        ),
        Row(
            "cosine with the exact gradient at the predicted dI",
            float(cosine[at].mean()),
            interval=bootstrap(cosine[at]),
            runs=devices,
            control=f"worst of the grid {cosine.mean(axis=1).min():.2f}, a random "
            f"direction {turned:+.2f}",
        ),
        Row(
            "bias over norm at the predicted dI",
            float(bias[at].mean()),
            interval=bootstrap(bias[at]),
            runs=devices,
        ),
        Row(
            "noise over norm at the predicted dI",
            float(spread[at].mean()),
            interval=bootstrap(spread[at]),
            runs=devices,
        ),
        Row(
            "bias of activation x slope by one reading of V1 for both",
            100 * reused,
            "%",
            runs=f"{NEURONS} pairs",
            control=f"two readings: {100 * apart:.2g} %",
        ),
    ]


def plot_gradient(figure, arrays, card) -> None:
    """Slope errors, and cosine, bias and noise of the gradient, over dI."""
    del card
    left, right = figure.subplots(1, 2)
    x = 1e6 * arrays["step"]
    for column, name in enumerate(("forward", "centred")):
        left.loglog(x, arrays["slope_error"][:, column] / 1e3, label=name)
        left.axvline(1e6 * arrays["predicted"][column], color=f"C{column}", ls=":")
    left.set(xlabel="dI / uA", ylabel="error of a slope / kOhm", title="dotted: predicted")
    left.legend()
    for name in ("cosine", "bias", "spread"):
        right.semilogx(x, arrays[name].mean(axis=1), label=name.replace("spread", "noise"))
    right.axvline(1e6 * arrays["predicted"][0], color="k", ls=":")
    right.set(xlabel="dI / uA", ylabel="of the gradient", ylim=(0, 1.5))
    right.legend()
