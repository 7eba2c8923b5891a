"""How long a time step may be."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import State
from ._assemble import stiffest_field
from ._constants import GAMMA, K_B
from ._kinds import check_kinds
from ._numbers import concrete
from ._system import System


# gamma B dt of the stiffest mode, and the thermal rotation of a step, in each component
# squared, at which the bias of a step is below a few parts in a thousand: a free moment
# at mu B = .6 kT is off by 3 % at .033 of the latter.
_ANGLE = 0.1
_ROTATION = 0.005


class StepAdvice(eqx.Module):
    """The longest time steps that two limits allow.

    - `dt`: the shorter of the two [s].
    - `precession`: by the stiffest mode of the well, exchange included [s].
    - `thermal`: by the rotation of the freest spin through its noise [s].
    - `stiffest`: flux density of the stiffest mode [T].
    """

    dt: Float[Array, ""]
    precession: Float[Array, ""]
    thermal: Float[Array, ""]
    stiffest: Float[Array, ""]


def step_advice(system: System, start: State = State.PARALLEL) -> StepAdvice:
    r"""The time step that `llg.sweep` should take.

    $$\gamma B\, \Delta t \le 0.1, \qquad
      \frac{2 \alpha \gamma k_B T\, \Delta t}{(1 + \alpha^2)\, \mu} \le 0.005$$

    with the largest field $B$ of any mode and the smallest moment $\mu / \alpha$. Rare
    events, such as error rates below a millionth, want half of it and an extrapolation.
    """
    check_kinds(
        system=(system, System, "a System, such as `device.system(sample)`"),
        start=(start, State, "a State"),
    )
    stiffest = stiffest_field(system, start)
    if np.isnan(concrete(stiffest) or 0.0):
        raise ValueError(
            "`start` must be a stable state of the device, on its side of the reference "
            f"layer, got {start.name}."
        )
    rate = GAMMA * system.alpha * K_B * system.temperature / system.moment
    rate = jnp.max(2 * rate / (1 + system.alpha**2))
    precession = _ANGLE / (GAMMA * stiffest)
    thermal = _ROTATION / rate
    return StepAdvice(jnp.minimum(precession, thermal), precession, thermal, stiffest)
