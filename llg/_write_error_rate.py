import functools

import jax
from jaxtyping import Array, Float

from ._fokker_planck import axial_evolve, axial_well
from ._modes_needed import check_modes, check_positive, modes_for
from ._numbers import check_count, concrete, Number


def write_error_rate(
    delta: Number,
    overdrive: Number,
    tau: Number,
    *,
    modes: int | None = None,
    substeps: int = 8,
) -> Float[Array, ""]:
    r"""Probability that a spin from the $+z$ well is still at $m_z > 0$ after a pulse.

    Starts in thermal equilibrium inside the well; the result carries an absolute error
    of about 1e-13, so it is not positive for certain below that. Differentiable in
    every number.

    **Arguments:**

    - `delta`: Thermal stability $KV / k_B T$ (at most 400, strongly driven less).
    - `overdrive`: $i = I / I_{c0}$, positive towards $-z$.
    - `tau`: Reduced pulse width $\alpha\gamma B_k t / (1 + \alpha^2)$.
    - `modes`: Static number of Legendre modes, odd; `modes_for(delta, overdrive)` if left
      out, which needs values known outside `jit` and `vmap`.
    - `substeps`: See `axial_evolve`.
    """
    check_count(substeps, "substeps", 1)
    check_positive(delta=delta, tau=tau)
    stability, drive = concrete(delta), concrete(overdrive)
    if stability is not None and drive is not None:
        modes = modes_for(stability, drive) if modes is None else modes
        check_modes(modes, stability * (1 + abs(drive)))
    elif modes is None:
        raise ValueError(
            "`modes` must be given where `delta` or `overdrive` is traced by `jit` "
            "or `vmap`; `llg.modes_for` suggests a number."
        )
    return _write_error_rate(delta, overdrive, tau, modes, substeps)


@functools.partial(jax.jit, static_argnums=(3, 4))
def _write_error_rate(delta, overdrive, tau, modes, substeps):
    start = axial_well(delta, modes=modes)
    return axial_evolve(start, delta, -overdrive, tau, substeps=substeps).above(0.0)
