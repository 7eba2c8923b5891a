import itertools
import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..data import Product, require_x64
from ._fit import Fit
from ._model import AbstractModel
from ._transform import Coordinates, replace


class Conditioned(eqx.Module):
    """Compact parameters as smooth functions of device physics; made by `condition`.

    In the coordinates of the fit (logarithms, where a quantity is positive) each is a
    polynomial of the logarithms of the physical quantities (of the quantities themselves,
    where one of the values is not positive), about the centre of the sweep.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    axes: tuple[str, ...] = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    logarithmic: tuple[bool, ...] = eqx.field(static=True)
    model: Any
    scale: Float[Array, " names"]
    centre: Float[Array, " axes"]
    width: Float[Array, " axes"]
    coefficients: Float[Array, "terms names"]
    covariance: Float[Array, "names terms terms"]

    def _basis(self, values: Mapping[str, Any]) -> Float[Array, " terms"]:
        if set(values) != set(self.axes):
            raise ValueError(
                f"`values` must name {', '.join(self.axes)}, got {', '.join(values)}."
            )
        raw = [jnp.asarray(values[axis], float) for axis in self.axes]
        x = [jnp.log(r) if log else r for r, log in zip(raw, self.logarithmic, strict=True)]
        return _monomials((jnp.stack(x) - self.centre) / self.width, self.degree)

    def coordinates(
        self, values: Mapping[str, Any]
    ) -> tuple[Float[Array, " names"], Float[Array, " names"]]:
        """The compact parameters in the coordinates of the fit, with standard errors."""
        basis = self._basis(values)
        variance = jnp.einsum("t,ntu,u->n", basis, self.covariance, basis)
        return basis @ self.coefficients, jnp.sqrt(variance)

    def at(self, values: Mapping[str, Any]) -> Any:
        """The compact model of the device with these physical quantities.

        Differentiable in them. `values` are in SI units, by the names of the sweep.
        """
        coordinates = Coordinates(type(self.model), self.names, self.scale)
        physical = coordinates.to_physical(self.coordinates(values)[0])
        return replace(self.model, self.names, physical)

    def slopes(
        self, values: Mapping[str, Any]
    ) -> tuple[dict[str, Float[Array, " names"]], dict[str, Float[Array, " names"]]]:
        """Derivatives of the coordinates in each physical quantity, with standard errors.

        In its logarithm, where the law is in the logarithm: then the slope of a positive
        parameter is d ln parameter / d ln quantity.
        """
        at = {axis: jnp.asarray(values[axis], float) for axis in self.axes}
        basis = jax.jacfwd(self._basis)(at)
        slopes, errors = {}, {}
        for axis, log in zip(self.axes, self.logarithmic, strict=True):
            row = basis[axis] * (at[axis] if log else 1.0)
            slopes[axis] = row @ self.coefficients
            variance = jnp.einsum("t,ntu,u->n", row, self.covariance, row)
            errors[axis] = jnp.sqrt(variance)
        return slopes, errors


class HeldOut(eqx.Module):
    """Predictions of devices that were left out, one at a time, shape `(devices, names)`.

    - `error`: predicted less fitted, in the coordinates of the fit.
    - `standard_error`: of that difference, from both.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    error: Float[Array, "devices names"]
    standard_error: Float[Array, "devices names"]

    @property
    def rms(self) -> dict[str, float]:
        """Root mean square of the error by name: relative, where positive."""
        values = jnp.sqrt(jnp.mean(self.error**2, axis=0)).tolist()
        return dict(zip(self.names, values, strict=True))


def condition(
    fits: Fit[AbstractModel], product: Product, *, degree: int = 2
) -> tuple[Conditioned, HeldOut]:
    """Regresses the fitted compact parameters of a sweep of devices on their physics.

    Weighted least squares, each parameter apart, with the variances of the fits and one
    common variance for what the polynomial cannot follow, found by moments.

    **Arguments:**

    - `fits`: One fit for each point of `product`, with its axes first.
    - `product`: Of `data.product(device, {...})`.
    - `degree`: Total degree of the polynomial.

    **Returns:** the law, and how well it predicts each device without having seen it.
    """
    require_x64("`compact.condition`")
    n = len(fits.names)
    if fits.covariance.shape[:-2] != product.shape:
        raise ValueError(
            f"`fits` must have the axes {product.axes} of shape {product.shape} first, "
            f"got {fits.covariance.shape[:-2]}."
        )
    terms = math.comb(len(product.axes) + degree, degree)
    if len(product) < terms + 2:
        raise ValueError(
            f"`product` must have {terms + 2} devices for degree {degree}, "
            f"got {len(product)}."
        )
    flat = lambda x: x.reshape(len(product), *x.shape[len(product.shape) :])
    models = jax.tree.map(flat, fits.model)
    first = jax.tree.map(lambda x: x[0], models)
    coordinates = Coordinates.at(first, fits.names)
    fitted = jnp.stack([getattr(models, name) for name in fits.names], axis=1)
    u = jax.vmap(coordinates.to_unbounded)(fitted)
    slope = jax.vmap(lambda u: jnp.diagonal(jax.jacfwd(coordinates.to_physical)(u)))(u)
    diagonal = jnp.diagonal(flat(fits.covariance), axis1=-2, axis2=-1)
    variance = diagonal / slope**2

    grids = jnp.meshgrid(*(product.values[a] for a in product.axes), indexing="ij")
    raw = jnp.stack([g.ravel() for g in grids], axis=1)
    logarithmic = tuple(bool(x) for x in jnp.all(raw > 0, axis=0))
    x = jnp.where(jnp.array(logarithmic)[None], jnp.log(jnp.maximum(raw, 1e-300)), raw)
    centre, width = jnp.mean(x, axis=0), jnp.std(x, axis=0)
    basis = jax.vmap(lambda x: _monomials(x, degree))((x - centre[None]) / width[None])
    all_of = jnp.ones(len(product), bool)
    solve = jax.vmap(_regress, (None, 1, 1, None), (1, 0, 0))
    coefficients, covariance, _ = solve(basis, u, variance, all_of)
    law = Conditioned(
        fits.names,
        product.axes,
        degree,
        logarithmic,
        first,
        coordinates.scale,
        centre,
        width,
        coefficients,
        covariance,
    )

    def leave(i):
        c, v, extra = solve(basis, u, variance, all_of.at[i].set(False))
        error = basis[i] @ c - u[i]
        spread = jnp.einsum("t,ntu,u->n", basis[i], v, basis[i]) + variance[i] + extra
        return error, jnp.sqrt(spread)

    error, standard = jax.lax.map(leave, jnp.arange(len(product)))
    assert error.shape == (len(product), n)
    return law, HeldOut(fits.names, error, standard)


def _monomials(x: Float[Array, " axes"], degree: int) -> Float[Array, " terms"]:
    columns = []
    for d in range(degree + 1):
        for which in itertools.combinations_with_replacement(range(x.shape[0]), d):
            columns.append(math.prod((x[i] for i in which), start=jnp.ones(())))
    return jnp.stack(columns)


def _regress(
    basis: Float[Array, "devices terms"],
    y: Float[Array, " devices"],
    variance: Float[Array, " devices"],
    used: Bool[Array, " devices"],
):
    """Coefficients, their covariance, and the variance beyond that of the data."""

    def solve(extra):
        weight = jnp.where(used, 1 / (variance + extra), 0.0)
        inverse = jnp.linalg.inv(basis.T @ (weight[:, None] * basis))
        c = inverse @ (basis.T @ (weight * y))
        return c, inverse, jnp.sum(weight * (y - basis @ c) ** 2)

    # The extra variance that makes chi-square its degrees of freedom, if there is one.
    degrees = jnp.sum(used) - basis.shape[1]
    low, high = jnp.zeros(()), 10 * jnp.var(y) + jnp.max(variance)

    def halve(_, ends):
        low, high = ends
        middle = jnp.where(low > 0, jnp.sqrt(low * high), 1e-6 * high)
        large = solve(middle)[2] > degrees
        return jnp.where(large, middle, low), jnp.where(large, high, middle)

    low, high = jax.lax.fori_loop(0, 60, halve, (low, high))
    extra = jnp.where(solve(0.0)[2] > degrees, high, 0.0)
    c, inverse, _ = solve(extra)
    return c, inverse, extra
