"""Independent pieces of work side by side: compiling one leaves the other core free."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any


Progress = Callable[[int, int], None]


def together(
    work: Mapping[str, Callable[[Progress], Any]], progress: Progress, *, threads: int = 2
) -> dict[str, Any]:
    """The results by name; `progress` is told the mean share done, in thousandths."""
    shares = dict.fromkeys(work, 0.0)

    def one(name: str) -> Any:
        def report(done: int, total: int) -> None:
            shares[name] = done / total
            progress(round(1000 * sum(shares.values()) / len(shares)), 1000)

        return work[name](report)

    with ThreadPoolExecutor(threads) as executor:
        return dict(zip(work, executor.map(one, work), strict=True))
