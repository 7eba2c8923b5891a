"""Derivatives that there are not are refused, where a zero would be silent."""

import equinox as eqx
import jax


@eqx.filter_custom_vjp
def without_derivative(moved, values):
    """The values, which depend on what moved, but have no derivative."""
    return values


@without_derivative.def_fwd
def _forward(perturbed, moved, values):
    return values, None


@without_derivative.def_bwd
def _backward(residuals, cotangent, perturbed, moved, values):
    raise ValueError(
        "`sweep` was asked for a derivative that it does not have: `gradient` must be "
        "llg.Pathwise() or llg.Score() for levels, llg.Score() for counts; times and "
        "energies have none."
    )


@jax.custom_jvp
def differentiated_once(tree):
    """A derivative, which has no derivative of its own."""
    return tree


@differentiated_once.defjvp
def _again(primals, tangents):
    raise ValueError(
        "`sweep` has first derivatives only: its derivative must not be differentiated."
    )


@jax.custom_jvp
def not_differentiated(dt):
    """Refuses a time step that moves: a sweep depends on it by its errors only."""
    return dt


@not_differentiated.defjvp
def _moves(primals, tangents):
    raise ValueError("`dt` must not be differentiated: it is a setting, not a parameter.")
