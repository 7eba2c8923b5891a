from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Conductances, Pulses, State
from ._junction import Circuit
from ._observables import _shaped, AbstractObservable


class Conductance(AbstractObservable):
    """Zero-bias conductance that every trial ended with: `data.Conductances`.

    Differentiable along each trial's path; its likelihood (`llg.Score`) has a derivative
    of means only.
    """

    smooth: ClassVar[bool] = True

    def collect(
        self,
        level: Float[Array, "device points trials"],
        score: Float[Array, "device points trials"] | None,
        circuit: Circuit,
        pulses: Pulses,
        start: State,
    ) -> Conductances:
        """One number for each trial, NaN for one that was lost."""
        if score is not None:
            raise ValueError(
                "`gradient` must be llg.Pathwise for Conductance, of which every trial is "
                "kept: the likelihood has derivatives of means, got Score."
            )
        parallel, antiparallel = (
            jnp.broadcast_to(x, level.shape[:1])
            for x in (circuit.parallel, circuit.antiparallel)
        )
        window = (parallel - antiparallel)[:, None, None]
        conductance = _shaped(antiparallel[:, None, None] + window * level, pulses)
        return Conductances(start, pulses, conductance, parallel, antiparallel)
