"""Data simulated from the models that `helpers` does not serve, with the truth of each."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

import mtjax.compact as compact
import mtjax.data as data

from .helpers import GRANULAR


UP, DOWN = data.State.PARALLEL, data.State.ANTIPARALLEL
BREAKDOWN = compact.Breakdown(
    life=1e-2, exponent=40.0, shape=1.4, reference=(1.1 * 1.15 * 1.2 * 1.3) ** 0.25
)
SPIN_ORBIT = compact.SpinOrbitSwitching(
    UP, stability=30.0, critical=0.6, attempt=0.8e9, gain=3.0
)
UPDATE = compact.SynapseUpdate(
    UP,
    threshold=0.55,
    delay=0.8e-9,
    steepness=6.0,
    asymmetry=0.7,
    memory=0.6,
    cycle_mid=0.06,
    cycle_floor=0.006,
    parallel=5e-4,
    antiparallel=2e-4,
)
POPULATION = compact.SynapsePopulation(
    UP,
    spread_threshold=0.05,
    spread_steepness=0.08,
    correlation=-0.4,
    device_floor=0.01,
    **{
        name: getattr(GRANULAR, name)
        for name in (
            "threshold delay steepness asymmetry cycle_mid cycle_floor misfit dispersion "
            "parallel antiparallel write_width weakest strongest"
        ).split()
    },
)
TIMES = compact.MacrospinSwitching(
    (UP,), stability=45.0, critical_from_p=0.5, critical_from_ap=0.5, relaxation=0.9e9
)


def breakdown(key, events=200):
    """Breakdown times at four voltages, given up after .1 s."""
    voltage = jnp.repeat(jnp.array([1.1, 1.15, 1.2, 1.3]), events // 4)
    u = jr.uniform(key, voltage.shape)
    time = BREAKDOWN.scale(voltage) * (-jnp.log(u)) ** (1 / BREAKDOWN.shape)
    return data.SwitchingTimes(
        UP, voltage=voltage, time=jnp.minimum(time, 0.1), switched=(time < 0.1) * 1
    )


def spin_orbit(key, trials=400):
    pulses = data.Pulses.product(
        voltage=jnp.linspace(0.35, 1.1, 12), width=jnp.array([0.5e-9, 2e-9, 10e-9])
    )
    p = SPIN_ORBIT.probability(pulses.mesh("voltage"), pulses.mesh("width"))
    count = jr.binomial(key, trials, p)[None].astype(int)
    return data.Switching(UP, pulses, jnp.full(count.shape, trials), count)


def update(key, events=1500):
    """Pulses of random height and width on random levels."""
    k_level, k_voltage, k_width, k_noise = jr.split(key, 4)
    before = 5e-4 - 3e-4 * jr.uniform(k_level, (events,))
    voltage = jr.uniform(k_voltage, (events,), minval=0.4, maxval=1.2)
    width = jnp.array([1e-9, 2e-9, 4e-9])[jr.randint(k_width, (events,), 0, 3)]
    mean, std = UPDATE.distribution(before, voltage, width)
    full = lambda x: jnp.full(events, x)
    return data.Transitions(
        UP,
        voltage=voltage,
        width=width,
        before=before,
        after=mean + std * jr.normal(k_noise, (events,)),
        parallel=full(5e-4),
        antiparallel=full(2e-4),
    )


def population(key, *, pulses, devices=40, trials=32):
    """Levels of devices drawn from the population; misfit common to all of them."""
    k_draw, k_misfit, k_device, k_cycle = jr.split(key, 4)
    drawn = POPULATION.draw(devices, key=k_draw)
    at = pulses.mesh("voltage"), pulses.mesh("width")
    of = lambda name: jax.vmap(lambda m: getattr(m, name)(*at))(drawn)
    span = POPULATION.parallel - POPULATION.antiparallel
    mean = of("mean") + (span * POPULATION.misfit * jr.normal(k_misfit, pulses.shape))[None]
    mean += span * POPULATION.device_floor * jr.normal(k_device, mean.shape)
    noise = of("cycle_std")[..., None] * jr.normal(k_cycle, (*mean.shape, trials))
    x = mean[..., None] + noise
    return data.Levels(
        UP,
        pulses,
        jnp.full(mean.shape, trials),
        jnp.mean(x, axis=-1),
        jnp.var(x, axis=-1, ddof=1),
        jnp.zeros((*mean.shape, 4)),
        jnp.linspace(0.0, 1.0, 5),
        jnp.full(devices, 5e-4),
        jnp.full(devices, 2e-4),
    )


def times(key, events=400):
    """Switching times at steady voltages through threshold, given up after 1 us."""
    k_time, k_voltage = jr.split(key)
    voltage = jnp.array([0.36, 0.42, 0.48, 0.6, 0.8])[
        jr.randint(k_voltage, (events,), 0, 5)
    ]
    u = jr.uniform(k_time, (events,))
    low, high = jnp.full(events, -26.0), jnp.full(events, jnp.log(1e-6))

    def halve(_, ends):
        low, high = ends
        middle = 0.5 * (low + high)
        late = TIMES.write_error(voltage, jnp.exp(middle), UP) < u
        return jnp.where(late, low, middle), jnp.where(late, middle, high)

    low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
    time = jnp.exp(low)
    switched = (time < 0.99e-6) * 1
    return data.SwitchingTimes(UP, voltage=voltage, time=time, switched=switched)


def fit_population(statistics):
    model = compact.SynapsePopulation.start(statistics)
    model = eqx.tree_at(lambda m: m.dispersion, model, jnp.zeros(()))
    return compact.fit(model, statistics)


def fit_of(kind):
    return lambda statistics: compact.fit(kind.start(statistics), statistics)


WIDE = data.Pulses.product(
    voltage=jnp.linspace(0.35, 1.2, 8), width=jnp.array([1e-9, 2e-9, 4e-9, 8e-9])
)
MODELS = {
    "breakdown": (breakdown, fit_of(compact.Breakdown), BREAKDOWN),
    "spin-orbit": (spin_orbit, fit_of(compact.SpinOrbitSwitching), SPIN_ORBIT),
    "update": (update, fit_of(compact.SynapseUpdate), UPDATE),
    "times": (times, fit_of(compact.MacrospinSwitching), TIMES),
    "population": (functools.partial(population, pulses=WIDE), fit_population, POPULATION),
}
