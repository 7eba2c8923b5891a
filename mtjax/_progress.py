"""What a command tells while it works: on standard error, so that results stay clean."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def stage(title: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a bar while its body runs; call the value as `report(done, total)`.

    On a terminal the bar moves; in a file there is one line, with the time, at the end.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    start, console = time.monotonic(), Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        print(f"{title} ({time.monotonic() - start:.1f} s)", file=sys.stderr, flush=True)
        return
    columns = TextColumn("{task.description:<44}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None)

        def report(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield report
        progress.update(task, completed=1, total=1)
