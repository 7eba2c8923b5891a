"""Data simulated from the compact models themselves."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

import mtjax.compact as compact
import mtjax.data as data


PULSES = data.Pulses.product(
    voltage=jnp.array([0.5, 0.7, 0.9, 1.1]), width=jnp.array([1e-9, 2e-9, 4e-9])
)
SWITCHING = compact.SwitchingProbability(
    data.State.PARALLEL, False, threshold=0.6, delay=0.6e-9, steepness=12.0, spread=0.06
)
GRANULAR = compact.GranularSynapse(
    data.State.PARALLEL,
    False,
    threshold=0.55,
    delay=0.8e-9,
    steepness=6.0,
    asymmetry=0.7,
    cycle_mid=0.06,
    cycle_floor=0.004,
    device_mid=0.04,
    device_floor=0.003,
    misfit=0.008,
    dispersion=0.0,
    parallel=5e-4,
    antiparallel=2e-4,
    write_width=4e-9,
    weakest=0.5,
    strongest=1.1,
)


def switching(key, *, model=SWITCHING, pulses=PULSES, devices=24, trials=64):
    k_device, k_count = jr.split(key)
    odds = model.log_odds(pulses.mesh("voltage"), pulses.mesh("width"))
    z = jr.normal(k_device, (devices,) + (1,) * odds.ndim)
    p = jax.nn.sigmoid(odds[None] - model.steepness * model.spread * z)
    count = jr.binomial(k_count, trials, p)
    return data.Switching(model.start_state, pulses, jnp.full(p.shape, trials), count)


def levels(key, *, model=GRANULAR, pulses=PULSES, devices=12, trials=32):
    k_misfit, k_device, k_cycle = jr.split(key, 3)
    at = pulses.mesh("voltage"), pulses.mesh("width")
    shape = (devices, *pulses.shape)
    span = jnp.abs(model.parallel - model.antiparallel)
    mean = model.mean(*at) + span * model.misfit * jr.normal(k_misfit, pulses.shape)
    mean = mean[None] + model.device_std(*at)[None] * jr.normal(k_device, shape)
    noise = model.cycle_std(*at)[None, ..., None] * jr.normal(k_cycle, (*shape, trials))
    x = mean[..., None] + noise
    return data.Levels(
        model.start_state,
        pulses,
        jnp.full(shape, trials),
        jnp.mean(x, axis=-1),
        jnp.var(x, axis=-1, ddof=1),
        jnp.zeros((*shape, 4)),
        jnp.linspace(0.0, 1.0, 5),
        jnp.broadcast_to(model.parallel, (devices,)),
        jnp.broadcast_to(model.antiparallel, (devices,)),
    )


def fit_switching(statistics):
    return compact.fit(compact.SwitchingProbability.start(statistics), statistics)


def fit_levels(statistics, dispersion=0.0):
    model = compact.GranularSynapse.start(statistics)
    model = eqx.tree_at(lambda m: m.dispersion, model, jnp.asarray(dispersion))
    return compact.fit(model, statistics)


def z_scores(fit, truth):
    """Z of each fitted quantity, by name, in the coordinates of the fit."""
    score = {}
    for name in fit.names:
        to, slope = SCALES.get(name, (jnp.log, lambda x: 1 / x))
        value = getattr(fit.model, name)
        error = getattr(fit.standard_error, name) * slope(value)
        score[name] = (to(value) - to(getattr(truth, name))) / error
    return score


SCALES = {
    "correlation": (jnp.arctanh, lambda x: 1 / (1 - x**2)),
    "memory": (lambda x: jnp.log(x / (1 - x)), lambda x: 1 / (x * (1 - x))),
}
