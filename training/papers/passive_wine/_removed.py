"""Steps 7 and 9: what single non-idealities cost, and where errors are."""

import jax.numpy as jnp
import numpy as np

from .._paper import Result, Row
from ._infer import drawn, read_weights, rows_of, score
from ._units import MIDDLE, over, unit, units
from ._writing import names, used, wanted_states


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
    wrong = np.sum(np.asarray(states != wanted)[..., used(card)])
    splits = solved[f"{part}_first"].shape[0]
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
        got = np.asarray(score(x, y, weights, unit(card)))
        gain = 100 * (got - full)
        more = ""
        if label == "write errors":
            more = f"; {wrong} cells of {states.shape[0] * states.shape[1]} written "
            more += "arrays are wrong after all passes, which is all there is to remove"
        rows.append(
            Row(
                f"{names(card)[number]}: without {label}, gain of the mean",
                float(gain.mean()),
                "points",
                over(gain, splits, np.mean),
                runs=f"{units(got, splits)}, paired",
                control=f"median {100 * np.median(got):.1f} %{more}",
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
    splits = solved[f"{part}_first"].shape[0]
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
        got = np.asarray(score(x, y, weights, unit(card)))
        true = session.result(4).arrays[f"{part}_{number}_one_pass"]
        gain = 100 * (true - got)
        rows.append(
            Row(
                f"{name}: errors where they are, minus shuffled",
                float(gain.mean()),
                "points",
                over(gain, splits, np.mean),
                runs=f"{units(got, splits)}, 1 pass, paired",
                control=f"{wrong.sum(axis=-1).mean():.2f} wrong cells a solution; shuffled "
                f"mean {100 * got.mean():.2f} %",
            )
        )
        arrays[f"{number}_shuffled"] = got
    return Result(rows, arrays)
