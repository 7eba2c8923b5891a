"""Steps 4 and 5: what the written arrays score, as they are and tuned."""

import jax.numpy as jnp
import numpy as np

from .._bootstrap import bootstrap
from .._paper import Result, Row
from ._infer import drawn, read_weights, rows_of, score, tuned_score
from ._solutions import accuracies
from ._units import over, unit, units
from ._writing import names, verify


def inference(card, session) -> Result:
    """Accuracy on the written arrays: grounded columns, wires, drivers, substrate leak.

    Both layers are read from the same array with all columns at virtual ground, exactly
    solved; the hyperbolic tangent between them is digital. Verifying single cells with
    all other lines floating, but for their leak to the substrate, is scored apart,
    against grounded lines. 60 % and 40 % are the shares of the rows that were trained
    with.
    """
    solved, written = session.result(1).arrays, session.result(3).arrays
    rows, arrays = [], {}
    parts, counts = session.size("parts"), session.size("arrays")
    for part, count in zip(parts, counts, strict=True):
        x, y = rows_of(solved, part, "x_test", "y_test")
        ideal = accuracies(card, _of(solved, part))
        for number, name in enumerate(names(card)):
            devices = drawn(card, session, part, number, count)
            for at, label in ((1, "all passes"), (0, "1 pass")):
                states = jnp.asarray(written[f"{part}_{number}_states"][at])
                weights = read_weights(card, number, devices, states)
                got = np.asarray(score(x, y, weights, unit(card)))
                if at:
                    arrays[f"{part}_{number}_first"] = np.asarray(weights[0])
                    arrays[f"{part}_{number}_second"] = np.asarray(weights[1])
                arrays[f"{part}_{number}_{'full' if at else 'one_pass'}"] = got
                rows.append(
                    Row(
                        f"{name}, {part} %: on the array, {label}, median",
                        100 * float(np.median(got)),
                        "%",
                        over(100 * got, ideal.shape[0], np.median),
                        runs=units(got, ideal.shape[0]),
                        control=f"ideal array {100 * np.median(ideal):.1f} %",
                    )
                )
            session.progress(number + 1, len(names(card)))
        arrays[f"{part}_ideal"] = ideal.ravel()
    part = parts[0]
    for number, name in enumerate(names(card)):
        found = verify(card, session, part, number)
        rows.append(
            Row(
                f"{name}: cells read rightly, other lines floating",
                100 * float(found[False].mean()),
                "%",
                bootstrap(100 * found[False]),
                runs=f"{len(found[True])} arrays",
                control=f"others grounded {100 * found[True].mean():.2f} %, always the "
                f"commoner state {100 * found['commoner']:.1f} %",
            )
        )
    return Result(rows, arrays)


def _of(solved, part: int) -> dict[str, np.ndarray]:
    return {
        k.removeprefix(f"{part}_"): v for k, v in solved.items() if k.startswith(f"{part}_")
    }


def tuning(card, session) -> Result:
    """A gain and an offset for each output, fitted on the training rows only."""
    solved, before = session.result(1).arrays, session.result(4).arrays
    rows, arrays = [], {}
    for part in session.size("parts"):
        splits = solved[f"{part}_first"].shape[0]
        data = rows_of(solved, part, "x", "y", "x_test", "y_test")
        settings = {
            "unit": unit(card),
            "rate": card.number("training.tuning_rate"),
            "steps": card.count("training.tuning_steps"),
        }
        plain = tuple(
            jnp.asarray(solved[f"{part}_{n}"]).reshape(
                1, -1, *solved[f"{part}_{n}"].shape[2:]
            )
            for n in ("first", "second")
        )
        arrays[f"{part}_ideal"] = np.asarray(tuned_score(*data, plain, **settings))[0]
        for number, name in enumerate(names(card)):
            weights = tuple(
                jnp.asarray(before[f"{part}_{number}_{n}"]) for n in ("first", "second")
            )
            got = np.asarray(tuned_score(*data, weights, **settings))
            arrays[f"{part}_{number}_tuned"] = got
            gain = 100 * (got - before[f"{part}_{number}_full"]).mean(axis=1)
            rows.append(
                Row(
                    f"{name}, {part} %: tuned, median",
                    100 * float(np.median(got)),
                    "%",
                    over(100 * got, splits, np.median),
                    runs=units(got, splits),
                    control=f"tuning gains {gain.mean():+.2f} points on the mean; ideal "
                    f"array tuned {100 * np.median(arrays[f'{part}_ideal']):.1f} %",
                )
            )
    return Result(rows, arrays)
