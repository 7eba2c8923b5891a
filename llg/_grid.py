import equinox as eqx

from ..data import quantity, Scalar
from ._numbers import check_count


class TimeGrid(eqx.Module):
    """Equal time steps, the same for all samples of a sweep.

    - `steps`: number of steps, static; the longest pulse must fit in.
    - `settle`: steps at zero voltage before the pulse, static.
    """

    dt: Scalar = quantity("s", above=0, doc="time step")
    steps: int = eqx.field(static=True, kw_only=True)
    settle: int = eqx.field(static=True, kw_only=True, default=0)

    def __check_init__(self):
        check_count(self.steps, "steps", 1)
        check_count(self.settle, "settle", 0)
