import itertools

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._quantity import quantity


class Pulses(eqx.Module):
    """The pulses of a measurement or a sweep, on named axes.

    Each quantity is a scalar (the same for all pulses) or one-dimensional; those named
    in `axes` span a grid in that order: with `axes == ("voltage", "width")` the grid
    has the shape `(len(voltage), len(width))`. Make one with `Pulses.product`.
    """

    axes: tuple[str, ...] = eqx.field(static=True)
    voltage: Float[Array, "..."] = quantity(
        "V", doc="source voltage; positive current drives the free layer to antiparallel"
    )
    width: Float[Array, "..."] = quantity(
        "s", above=0, doc="pulse width at half maximum of the edges"
    )
    rise: Float[Array, "..."] = quantity(
        "s", lower=0, default=0.0, doc="duration of the linear rising edge"
    )
    fall: Float[Array, "..."] = quantity(
        "s", lower=0, default=0.0, doc="duration of the linear falling edge"
    )

    def __check_init__(self):
        for name in ("voltage", "width", "rise", "fall"):
            value, wanted = getattr(self, name), 1 if name in self.axes else 0
            if value.ndim != wanted:
                raise ValueError(
                    f"`{name}` must have {wanted} dimension(s) with axes {self.axes}, "
                    f"got shape {value.shape}."
                )

    @classmethod
    def product(cls, **values) -> "Pulses":
        """The grid of all combinations; a one-dimensional value makes an axis."""
        arrays = {k: jnp.asarray(v) for k, v in values.items()}
        return cls(tuple(k for k, v in arrays.items() if v.ndim == 1), **arrays)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(getattr(self, name).shape[0] for name in self.axes)

    def mesh(self, name: str) -> Float[Array, "..."]:
        """The quantity `name` at every point of the grid, with the grid's `shape`."""
        value = getattr(self, name)
        if name not in self.axes:
            return jnp.broadcast_to(value, self.shape)
        ones = [1] * len(self.axes)
        ones[self.axes.index(name)] = -1
        return jnp.broadcast_to(value.reshape(ones), self.shape)

    def points(self) -> list[tuple[int, ...]]:
        """The indices of the grid in row-major order."""
        return list(itertools.product(*(range(n) for n in self.shape)))
