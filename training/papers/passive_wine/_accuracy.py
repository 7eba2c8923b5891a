"""Steps 4 to 7, 9 and 10: what the written arrays score."""

import jax.numpy as jnp
import numpy as np

from .._bootstrap import bootstrap
from .._paper import Result, Row
from ._infer import drawn, read_weights, rows_of, score, tuned_score
from ._solutions import accuracies
from ._writing import names, used, verify, wanted_states


MIDDLE = 1  # the diameter of which single non-idealities are removed


def median(values, axis=None) -> float:
    """Median over arrays and solutions together, for bootstrap over arrays."""
    del axis
    return float(np.median(values))


def _unit(card) -> float:
    return 1 / card.number("array.input_range")


def inference(card, session) -> Result:
    """Accuracy on the written arrays: grounded columns, wires, drivers, substrate leak.

    Both layers are read from the same array with all columns at virtual ground, exactly
    solved; the hyperbolic tangent between them is digital. Verifying single cells with
    all other lines floating is scored apart, against grounded lines. 60 % and 40 % are
    the shares of the rows that were trained with.
    """
    solved, written = session.result(1).arrays, session.result(3).arrays
    rows, arrays = [], {}
    parts, counts = session.size("parts"), session.size("arrays")
    for part, count in zip(parts, counts, strict=True):
        x, y = rows_of(solved, part, "x_test", "y_test")
        ideal = accuracies(card, _of(solved, part)).ravel()
        for number, name in enumerate(names(card)):
            devices = drawn(card, session, part, number, count)
            for at, label in ((1, "all passes"), (0, "1 pass")):
                states = jnp.asarray(written[f"{part}_{number}_states"][at])
                weights = read_weights(card, number, devices, states)
                got = np.asarray(score(x, y, weights, _unit(card)))
                if at:
                    arrays[f"{part}_{number}_first"] = np.asarray(weights[0])
                    arrays[f"{part}_{number}_second"] = np.asarray(weights[1])
                arrays[f"{part}_{number}_{'full' if at else 'one_pass'}"] = got
                rows.append(
                    Row(
                        f"{name}, {part} %: on the array, {label}, median",
                        100 * float(np.median(got)),
                        "%",
                        bootstrap(100 * got, median),
                        runs=f"{count} arrays x {got.shape[1]} solutions",
                        control=f"ideal array {100 * np.median(ideal):.1f} %",
                    )
                )
            session.progress(number + 1, len(names(card)))
        arrays[f"{part}_ideal"] = ideal
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
                control=f"others grounded {100 * found[True].mean():.2f} %, always one "
                "state 50 %",
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
        data = rows_of(solved, part, "x", "y", "x_test", "y_test")
        settings = {
            "unit": _unit(card),
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
                    bootstrap(100 * got, median),
                    runs=f"{got.shape[0]} arrays x {got.shape[1]} solutions",
                    control=f"tuning gains {gain.mean():+.2f} points on the mean; ideal "
                    f"array tuned {100 * np.median(arrays[f'{part}_ideal']):.1f} %",
                )
            )
    return Result(rows, arrays)


def table(card, session) -> Result:
    """Float, binary, ideal array, full and tuned: medians, quartiles, paired drops."""
    solved, full, tuned = (session.result(n).arrays for n in (1, 4, 5))
    rows, arrays = [], {}
    for part in session.size("parts"):
        ideal = full[f"{part}_ideal"]
        columns = {"float network": solved[f"{part}_float"].ravel(), "ideal array": ideal}
        for number, name in enumerate(names(card)):
            columns[f"{name} full"] = full[f"{part}_{number}_full"]
            columns[f"{name} tuned"] = tuned[f"{part}_{number}_tuned"]
        for label, values in columns.items():
            low, high = np.quantile(100 * values, [0.25, 0.75])
            drop = 100 * (ideal - values)
            units = drop.mean(axis=1) if drop.ndim == 2 else drop
            a, b = bootstrap(units)
            rows.append(
                Row(
                    f"{label}, {part} %: median",
                    100 * float(np.median(values)),
                    "%",
                    runs="x".join(map(str, values.shape)),
                    control=f"quartiles {low:.1f} to {high:.1f}; mean paired drop from "
                    f"ideal {drop.mean():+.2f} ({a:+.2f} to {b:+.2f})",
                )
            )
            arrays[f"{part}_{label}".replace(" ", "_")] = values
    return Result(rows, arrays)


def plot_table(figure, arrays, card) -> None:
    """Boxes of the accuracies, by device and tuning."""
    del card
    parts = sorted({name.split("_")[0] for name in arrays}, reverse=True)
    many = figure.subplots(1, len(parts), squeeze=False)[0]
    for axes, part in zip(many, parts, strict=True):
        chosen = {k: v.ravel() for k, v in arrays.items() if k.startswith(part)}
        axes.boxplot(
            [100 * v for v in chosen.values()], orientation="horizontal", showfliers=False
        )
        labels = [k.split("_", 1)[1].replace("_", " ") for k in chosen]
        axes.set_yticks(range(1, len(chosen) + 1), labels, fontsize=7)
        axes.invert_yaxis()
        axes.axvline(95.3, color="C3", ls="--")
        axes.set(xlabel="test accuracy / %", title=f"{part} % to train; dashed: published")


def removed(card, session) -> Result:
    """One non-ideality is removed at a time, from the arrays of the middle diameter."""
    part, number = session.size("parts")[0], MIDDLE
    solved, written = session.result(1).arrays, session.result(3).arrays
    full = session.result(4).arrays[f"{part}_{number}_full"]
    count = session.size("arrays")[0]
    x, y = rows_of(solved, part, "x_test", "y_test")
    devices = drawn(card, session, part, number, count)
    alike = drawn(card, session, part, number, count, vary=False)
    states = jnp.asarray(written[f"{part}_{number}_states"][-1])
    wanted = jnp.broadcast_to(wanted_states(card, solved, part), states.shape)
    cases = {
        "device variation": (alike, states, {}),
        "write errors": (devices, wanted, {}),
        "wires, drivers and leak": (devices, states, {"wires": False}),
        "substrate leak": (devices, states, {"shunt": False}),
        "nothing (control)": (devices, states, {}),
    }
    rows, arrays = [], {}
    for done, (label, (made, state, options)) in enumerate(cases.items()):
        weights = read_weights(card, number, made, state, **options)
        got = np.asarray(score(x, y, weights, _unit(card)))
        gain = 100 * (got - full).mean(axis=1)
        rows.append(
            Row(
                f"{names(card)[number]}: without {label}, gain of the mean",
                float(gain.mean()),
                "points",
                bootstrap(gain),
                runs=f"{count} arrays x {got.shape[1]} solutions, paired",
                control=f"median {100 * np.median(got):.1f} %",
            )
        )
        arrays[label.replace(" ", "_").replace(",", "")] = got
        session.progress(done + 1, len(cases))
    return Result(rows, arrays)


def shuffled(card, session) -> Result:
    """The same number of wrong cells at shuffled places: the control of the place.

    Of the states after one pass, where there are errors to move.
    """
    part, count = session.size("parts")[0], session.size("arrays")[0]
    solved, written = session.result(1).arrays, session.result(3).arrays
    mask = used(card)
    x, y = rows_of(solved, part, "x_test", "y_test")
    wanted = np.asarray(wanted_states(card, solved, part))
    rows, arrays = [], {}
    rng = np.random.default_rng(0)
    for number, name in enumerate(names(card)):
        devices = drawn(card, session, part, number, count)
        states = written[f"{part}_{number}_states"][0]  # after one pass
        wrong = (states != wanted)[..., mask]
        moved = rng.permuted(wrong, axis=-1)
        state = np.array(np.broadcast_to(wanted, states.shape))
        state[..., mask] ^= moved
        weights = read_weights(card, number, devices, jnp.asarray(state))
        got = np.asarray(score(x, y, weights, _unit(card)))
        true = session.result(4).arrays[f"{part}_{number}_one_pass"]
        gain = 100 * (true - got).mean(axis=1)
        rows.append(
            Row(
                f"{name}: errors where they are, minus shuffled",
                float(gain.mean()),
                "points",
                bootstrap(gain),
                runs=f"{count} arrays x {got.shape[1]} solutions, 1 pass, paired",
                control=f"{wrong.sum(axis=-1).mean():.2f} wrong cells a solution; shuffled "
                f"mean {100 * got.mean():.2f} %",
            )
        )
        arrays[f"{number}_shuffled"] = got
    return Result(rows, arrays)


def verdict(card, session) -> Result:
    """The published 95.3 % beside the median of every diameter; a best is "selected".

    72 test rows are those of 60 % to train with, the protocol's split; 107 are those of
    40 %: 95.3 % is 102 of 107, and cannot occur on 72. Medians move in whole rows.
    """
    tuned, full = session.result(5).arrays, session.result(4).arrays
    rows = []
    for part in session.size("parts"):
        test = session.result(1).arrays[f"{part}_y_test"].shape[1]
        means, ideal = [], 100 * np.median(tuned[f"{part}_ideal"])
        for number, name in enumerate(names(card)):
            got = 100 * tuned[f"{part}_{number}_tuned"]
            plain = 100 * full[f"{part}_{number}_full"]
            low, high = bootstrap(got, median)
            middle = float(np.median(got))
            means.append(middle)
            reached = high >= 95.3 - 50 / test  # half a test sample
            rows.append(
                Row(
                    f"{name}, {test} test rows: tuned, median of all",
                    middle,
                    "%",
                    (low, high),
                    paper="95.3 % with tuning [P], a median [T]",
                    runs=f"{got.shape[0]} arrays x {got.shape[1]} solutions",
                    control=f"untuned {np.median(plain):.1f} %, ideal array tuned "
                    f"{ideal:.1f} %",
                    verdict="The interval holds it, within half a test row."
                    if reached
                    else f"Not reached by {95.3 - middle:.1f} points: the ideal array, "
                    f"tuned, has {ideal:.1f} %, so the network accounts for "
                    f"{95.3 - ideal:.1f} points and the devices for {ideal - middle:.1f}.",
                )
            )
        best = int(np.argmax(means))
        rows.append(
            Row(
                f"selected diameter {names(card)[best]}, {test} test rows",
                means[best],
                "%",
                paper="95.3 % [P]",
                runs="selected after the score was seen",
                verdict="Not comparable as a median: the best of three, selected.",
            )
        )
    return Result(rows)
