import functools
import importlib.resources
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..data import require_x64


@dataclass(frozen=True)
class Check:
    """One number of the reference table beside what mtjax obtains.

    - `row`: The row of the table, such as `"J_WER"`.
    - `case`: What was computed, in words.
    - `tolerance`: Largest accepted difference; None for a thermal row.
    - `standard_error`: Of `obtained`, for a thermal row, which passes if its z-score
      is below 4.
    """

    row: str
    case: str
    expected: float
    obtained: float
    tolerance: float | None = None
    standard_error: float | None = None

    @property
    def z(self) -> float | None:
        """Difference in standard errors, for a thermal row."""
        if self.standard_error is None:
            return None
        return (self.obtained - self.expected) / self.standard_error

    @property
    def passed(self) -> bool:
        """Whether the difference is accepted; NaN is not."""
        if self.z is not None:
            return abs(self.z) < 4
        assert self.tolerance is not None
        return abs(self.obtained - self.expected) <= self.tolerance


def within(
    row: str,
    case: str,
    expected: Any,
    obtained: Any,
    relative: float,
    absolute: float = 0.0,
) -> Check:
    """A check with the tolerance `absolute + relative * |expected|`."""
    expected, obtained = float(expected), float(obtained)
    tolerance = absolute + relative * abs(expected)
    return Check(row, case, expected, obtained, tolerance)


@functools.lru_cache(maxsize=1)
def reference_rows() -> dict[str, Any]:
    """The table of closed-form and independently computed answers in the package."""
    path = importlib.resources.files(__package__) / "_validation_rows.json"
    return json.loads(path.read_text())


def validate(*, thermal: bool = True) -> Iterator[Check]:
    """Computes every row of the reference table, one check at a time.

    Needs float64. Deterministic rows carry a tolerance; thermal rows, which are Monte
    Carlo with key 0, a standard error. See `overall` for their sum.
    """
    from ._validation_axial import AXIAL
    from ._validation_drives import DRIVES
    from ._validation_dynamics import DYNAMICS
    from ._validation_modes import MODES
    from ._validation_thermal import THERMAL

    require_x64("The validation")
    rows = reference_rows()
    fixed = (*AXIAL, *DYNAMICS, *DRIVES, *MODES)
    for checks in (*fixed, *(THERMAL if thermal else ())):
        yield from checks(rows)


def overall(checks: list[Check]) -> float:
    """Probability of the sum of z^2 of the thermal rows, or larger; 1 without any."""
    from scipy.stats import chi2

    scores = [check.z for check in checks if check.z is not None]
    return float(chi2.sf(math.fsum(z * z for z in scores), len(scores))) if scores else 1.0
