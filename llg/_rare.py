import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ..data import check_quantities, Outcome, Pulses, require_x64, State
from ._block import (
    glimpse,
    initial,
    pairs_needed,
    Samples,
    source_voltage,
    thermal_of_two,
)
from ._checks import (
    check_breakdown,
    check_counters,
    check_device,
    check_request,
    check_rotation,
    check_stiffness,
    concrete,
)
from ._grid import TimeGrid
from ._guide import expected_share, Guide, guide_of
from ._integrator import Integrator
from ._microstructure import Microstructure
from ._requests import check_sweep
from ._resolved import resolved
from ._step import advance
from ._sweep import _block_size, _key_words, _points, _prepare
from ._system import check_shares


# Trials that count; with fewer, their scatter does not tell the error.
_FEWEST = 50
# Share of the trials that are not pushed at all.
_FREE = 0.1


class RareErrors(eqx.Module):
    r"""Write-error rates from paths that are pushed to fail, weighed by what that took.

    All of shape `(device, *pulses)`.

    - `rate`: Probability that the level has not passed one half by the end of the pulse.
    - `standard_error`: From the scatter of the weights.
    - `effective`: Number of failures that the weighted ones are worth,
      $(\sum w)^2 / \sum w^2$.
    - `outcome`: Not resolved where `effective` is below 50: the scatter of so few
      weights does not tell the error.
    - `spin_steps`: Steps of single spins that a rate took, settling included.
    """

    rate: Float[Array, "device *pulses"]
    standard_error: Float[Array, "device *pulses"]
    effective: Float[Array, "device *pulses"]
    outcome: Outcome
    spin_steps: int = eqx.field(static=True)


def rare_errors(
    device: Any,
    microstructures: Microstructure,
    pulses: Pulses,
    grid: TimeGrid,
    *,
    key: Array,
    trials: int,
    start: State = State.PARALLEL,
    share: float | None = None,
    dtype: Any = jnp.float64,
    integrator: Integrator = Integrator.HEUN,
) -> RareErrors:
    r"""Write-error rates that are too small to count, by importance sampling.

    The steps and the noise are those of `llg.sweep`, but the noise has a mean that keeps
    columns of spins near where they started, before and during the pulse: the optimal one
    for the motion linearised at the pole, and for one axial spin down to the equator.
    Each column is pushed with the probability $\pi$, else left alone, and in a share
    $\rho = 0.1$ of the trials none is; with the likelihood ratio $e^{l_c}$ of pushed to
    free noise along the path of column $c$, a trial that fails counts

    $$w = \frac{1}{\rho + (1 - \rho) \prod_c (1 - \pi + \pi e^{l_c})} \le \frac{1}{\rho}.$$

    The mean of $w$ has no bias, whatever the push and the coupling of the columns. A trial
    that ends in NaN makes the rate NaN. Where failing takes another way than staying at
    the pole, as of columns that a continuous layer couples, the push does not help: the
    weights then scatter, and `outcome` says so. Of several columns half and one must fail,
    in any of their ways.
    Time steps bias the tail more than the middle: take $\gamma B \Delta t = 0.05$ or
    less, and extrapolate from two.

    **Arguments:**

    - `device`, `microstructures`, `pulses`, `start`, `integrator`: As in `llg.sweep`. A
        column is the spins `i % grains` of a microstructure.
    - `grid`: `settle` must give the push time to act before the pulse: about three
        relaxation times $1 / (\alpha\gamma B)$.
    - `trials`: Of each pulse on each device.
    - `share`: $\pi$; by default that of half of the columns and one.
    - `dtype`: Floating type of the time loop.
    """
    require_x64("The weights of rare events")
    if share is not None and not 0 < share <= 1:
        raise ValueError(f"`share` must be > 0 and <= 1, got {share}.")
    systems, points, keys, choices = prepared(
        device, microstructures, pulses, grid, start, integrator, key, trials
    )
    (devices, number), spins = keys.shape[:2], systems.alpha.shape[1]
    columns = microstructures.grains
    share = expected_share(columns) if share is None else share
    block = min(_block_size(spins), 2 ** int(np.ceil(np.log2(trials))))
    total = grid.steps + grid.settle
    moments = []
    for d in range(devices):
        system = jax.tree.map(lambda x, d=d: x[d], systems)
        for i in range(number):
            words = keys[d, i]
            one = Samples(
                **{k: v[i] for k, v in points.items()}, key=words, trial=jnp.uint32(0)
            )
            static = (trials, columns, total, grid.settle, share, block, dtype)
            moments.append(_point(system, one, choices[d, i], *static))
    shape = (devices, *pulses.shape)
    first, second = (jnp.stack(x).reshape(shape) for x in zip(*moments, strict=True))
    rate = first / trials
    variance = jnp.maximum(second / trials - rate**2, 0.0) / max(trials - 1, 1)
    effective = jnp.where(second > 0, first**2 / jnp.where(second > 0, second, 1.0), 0.0)
    return RareErrors(
        rate=rate,
        standard_error=jnp.sqrt(variance),
        effective=effective,
        outcome=resolved(effective >= _FEWEST),
        spin_steps=trials * total * spins,
    )


def prepared(device, microstructures, pulses, grid, start, integrator, key, trials):
    """What both ways to sample need: systems, pulses in steps, key words, more keys."""
    check_sweep(device, microstructures, pulses, grid, key, trials, jnp.float32)
    end = pulses.mesh("width") + (pulses.mesh("rise") + pulses.mesh("fall")) / 2
    check_device(device, microstructures, pulses)
    check_request(end, grid, (), trials, None, start, integrator)
    systems, bare, stiffest = _prepare(
        device, microstructures, grid.dt, start, None, integrator
    )
    check_quantities(bare)
    check_shares(bare)
    upright = concrete(jnp.min(bare.polariser[:, 2]))
    if upright is not None and upright < 1 - 1e-6:
        raise ValueError(
            "`polariser` must be along z for rare errors, got a component of "
            f"{upright:.3g} along z."
        )
    check_breakdown(bare.circuit, pulses)
    check_stiffness(stiffest, grid)
    check_rotation(systems)
    if concrete(jnp.min(systems.noise)) == 0:
        raise ValueError(
            "`alpha` and `temperature` must be > 0 for errors by thermal noise."
        )
    check_counters(grid, systems.alpha.shape[1], trials)
    points = _points(pulses, end, grid, stretch=False)
    shape = (systems.alpha.shape[0], points["end"].shape[0])
    noise_key, choice_key = jax.random.split(key)
    return (
        systems,
        points,
        _key_words(noise_key, *shape),
        jax.random.split(choice_key, shape),
    )


@eqx.filter_jit
def _point(system, one, choice, trials, columns, steps, settle, share, block, dtype):
    """Sums of the weights of the failures of one pulse, and of their squares."""
    cast = lambda tree: jax.tree.map(
        lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree
    )
    guide = cast(guide_of(system, one, columns, steps, settle))
    system, one = cast(system), cast(one)

    def some(index):
        wide = lambda x: jnp.broadcast_to(x, (block,))
        samples = Samples(
            *(wide(x) for x in (one.voltage, one.rise, one.fall, one.end, one.stretch)),
            key=jnp.broadcast_to(one.key[:, None], (2, block)),
            trial=index.astype(jnp.uint32),
        )
        draw = lambda k: jax.random.uniform(jax.random.fold_in(choice, k), (columns,))
        free = (index % round(1 / _FREE)) == 0
        chosen = (jax.vmap(draw, out_axes=1)(index) < share) & ~free[None]
        cosine, ratio = _pushed(system, samples, guide, chosen.astype(dtype), settle)
        ratio = ratio.astype(float)
        log_free = jnp.log1p(-share) if share < 1 else -jnp.inf
        pushed = jnp.sum(jnp.logaddexp(log_free, jnp.log(share) + ratio), 0)
        none = math.ceil(_FREE * trials - 1e-9) / trials
        apart = math.log1p(-none) if none < 1 else -math.inf
        either = jnp.logaddexp(math.log(none), apart + pushed)
        fails = (cosine * system.sign >= 0) & (index < trials)
        counted = jnp.where(fails, jnp.exp(-either), 0.0)
        lost = jnp.isnan(cosine) & (index < trials)
        counted = jnp.where(lost, jnp.nan, counted)
        return jnp.sum(counted), jnp.sum(counted**2)

    blocks = -(-trials // block)
    first, second = lax.map(some, jnp.arange(blocks * block).reshape(blocks, block))
    return jnp.sum(first), jnp.sum(second)


def _pushed(system, samples: Samples, guide: Guide, chosen, settle: int):
    """Mean cosines at the end, and the logarithm of the likelihood ratio of each column."""
    columns = chosen.shape[0]
    spins = system.alpha.shape[0]
    on = jnp.tile(chosen, (3 * spins // columns, 1))

    def two(pair, carry):
        for half, xi in enumerate(thermal_of_two(system, samples, pair)):
            carry = one(2 * pair + half, carry, xi)
        return carry

    def one(step, carry, xi):
        m, seen, ratio = carry
        source = source_voltage(system, samples, step, settle)
        push = guide.push(system, m, jnp.minimum(step, guide.table.shape[0] - 1))
        noise = xi + on * push
        gain = push * (noise - push / 2)
        ratio = ratio + jnp.sum(gain.reshape(-1, columns, gain.shape[1]), 0)
        m, cosine = advance(system, m, source, noise)
        return m, seen + glimpse(samples, step, settle, cosine), ratio

    m, seen = initial(system, samples)
    carry = (m, seen, jnp.zeros_like(chosen))
    _, seen, ratio = lax.fori_loop(0, pairs_needed(samples, settle), two, carry)
    return seen, ratio
