"""Step 1 of `spin_synapse_ptq`: single nucleation sites by stochastic LLG."""

from typing import Any

import numpy as np

from ...data import State
from ._card import Card
from ._nucleation import Breaking, flips, of_equal_strength, Site, site
from ._paper import Result, Row
from ._session import Session


KINDS = {
    "orange_peel": Breaking.ORANGE_PEEL,
    "interlayer_dmi": Breaking.INTERLAYER_DMI,
    "tilted": Breaking.TILTED,
}


def sites_by_llg(card: Card, session: Session) -> Result:
    """Three kinds of nucleation sites under spin-orbit torque.

    The probability that one pulse reverses a site, by stochastic LLG at 300 K, for
    barriers over +-4 standard deviations and from either state. Size, spread and pulse are
    the same for all; only the extra term differs. Sites are independent, so that a film of
    any number of them follows from this table; a train of two pulses tests that a pulse
    starts from what the one before left.
    """
    arrays: dict[str, Any] = {}
    rows = []
    total = 2 * 5 + 3
    for number, (name, breaking) in enumerate(KINDS.items()):
        arrays |= _law(card, session, name, site(card, breaking), 2 * number, total)
        rows += _two_pulses(card, session, name, site(card, breaking), arrays)
        session.progress(2 * number + 3, total)
    same = ("orange_peel", "tilted")  # the DMI's own strength is the common one
    for number, name in enumerate(same):
        device = of_equal_strength(card, KINDS[name])
        arrays |= _law(card, session, f"{name}_37oe", device, 2 * number + 9, total)
    return Result(rows, arrays)


def _nodes(card: Card, session: Session):
    draws = np.linspace(-4, 4, session.size("nodes"))
    lowest, highest = card.number("pulse.lowest"), card.number("pulse.largest_ratio")
    return draws, np.linspace(lowest, highest, session.size("currents"))


def _law(card, session, name, device: Site, done, total):
    draws, ratios = _nodes(card, session)
    found = {"draws": draws, "ratios": ratios}
    for start, way in ((State.PARALLEL, "down"), (State.ANTIPARALLEL, "up")):
        make = lambda start=start, way=way: {
            "flips": flips(
                device,
                draws,
                ratios,
                card,
                start=start,
                trials=session.size("trials"),
                key=session.key(1, 0 if way == "down" else 1),
            )
        }
        found[f"{name}_{way}"] = session.keep(f"1-{name}-{way}", make)["flips"]
        done += 1
        session.progress(done, total)
    return found


def _two_pulses(card, session, name, device: Site, arrays):
    """Two equal pulses against the chain of two states, at the median barrier."""
    draws, ratios = _nodes(card, session)
    middle = len(draws) // 2
    down, up = arrays[f"{name}_down"][middle], arrays[f"{name}_up"][middle]
    at = int(np.argmax(down >= down.max() / 2))
    trials = session.size("sequence")
    common = dict(card=card, trials=trials)
    found = session.keep(
        f"1-{name}-two",
        lambda: {
            "share": np.array(
                [
                    flips(
                        device,
                        draws[middle : middle + 1],
                        ratios[at : at + 1],
                        start=start,
                        repeated=repeated,
                        key=session.key(1, 2 + i),
                        **common,
                    )[0, 0]
                    for i, (start, repeated) in enumerate(
                        ((State.PARALLEL, 1), (State.ANTIPARALLEL, 1), (State.PARALLEL, 2))
                    )
                ]
            )
        },
    )["share"]
    down, up, both = found
    law = down * (1 - up) + (1 - down) * down
    slope = (1 - up - down) + (1 - down)
    error = np.sqrt(
        (both * (1 - both) + slope**2 * down * (1 - down) + down**2 * up * (1 - up))
        / trials
    )
    z = (both - law) / max(error, 1e-9)
    verdict = (
        "The train follows the chain."
        if abs(z) < 3
        else "The train differs from the chain: what a pulse leaves is not quite at rest."
    )
    half = 1.96 * np.sqrt(both * (1 - both) / trials)
    return [
        Row(
            f"{name}: reversed by two pulses of {ratios[at]:.2f} of the anisotropy field",
            100 * both,
            "%",
            (100 * (both - half), 100 * (both + half)),
            runs=f"{trials} trials",
            control=f"chain of two states {100 * law:.1f} %, z = {z:+.1f}",
            verdict=verdict,
        )
    ]
