"""Steps 1 and 2: the sweep, and the compact models fitted to it."""

from collections.abc import Callable
from typing import Any

import jax.random as jr
from jaxtyping import PRNGKeyArray

from mtjax import compact, llg
from mtjax.data import Levels, Outcome, quantities, Switching

from ._setup import Setup
from ._tree import BadInput


def sweep(
    setup: Setup, *, key: PRNGKeyArray, progress: Callable[[int, int], None]
) -> tuple[Levels, Switching]:
    """Levels and switching counts of the same cycles."""
    k_grains, k_sweep = jr.split(key)
    try:
        return llg.sweep(
            setup.device,
            llg.microstructures(setup.device, setup.sweep.draws, key=k_grains),
            setup.sweep.pulses,
            setup.sweep.grid,
            observe=(llg.Level(), llg.Switched()),
            key=k_sweep,
            trials=setup.sweep.trials,
            progress=progress,
        )
    except ValueError as error:  # what llg refuses, the configuration asked for
        raise BadInput(str(error)) from error


def fit(levels: Levels, switching: Switching) -> dict[str, compact.Fit]:
    """Maximum-likelihood fits of both models."""
    return {
        "switching": compact.fit(compact.SwitchingProbability.start(switching), switching),
        "levels": compact.fit(compact.GranularSynapse.start(levels), levels),
    }


def describe(fit: compact.Fit) -> dict[str, Any]:
    """The numbers of a fit as plain values: outcome, and each quantity with its error."""
    errors = fit.standard_error
    return {
        "outcome": Outcome[fit.outcome],
        "log_likelihood": float(fit.log_likelihood),
        "chi_square": float(fit.chi_square),
        "degrees": float(fit.degrees),
        "quantities": {
            name: {
                "value": float(getattr(fit.model, name)),
                "standard_error": float(getattr(errors, name))
                if name in fit.names
                else None,
                "unit": quantity.unit,
                "meaning": quantity.doc,
            }
            for name, quantity in quantities(fit.model).items()
        },
    }
