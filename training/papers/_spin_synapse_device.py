"""The device half of `spin_synapse_ptq`: steps 1 to 4 of its protocol."""

from typing import Any

import jax.numpy as jnp
import jax.random as jr
import numpy as np

from ...data import State
from ._bootstrap import bootstrap
from ._card import Card
from ._nucleation import Breaking, flips, of_equal_strength, Site, site
from ._paper import Result, Row
from ._session import Session
from ._staircase import confused, Law, staircase, states, variation


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


def law(card: Card, session: Session, name: str) -> Law:
    """The table of step 1."""
    arrays = session.result(1).arrays
    return Law(
        arrays["draws"],
        arrays["ratios"],
        arrays[f"{name}_down"],
        arrays[f"{name}_up"],
        card.number("site.barrier_spread"),
    )


def currents(card: Card, table: Law, number: int) -> np.ndarray:
    """So many equal steps in the range of the card's rule."""
    lowest, highest = card.number("pulse.lowest"), card.number("pulse.highest")
    fine = np.linspace(lowest, highest, 201)
    return np.linspace(*table.range(fine, card.numbers("pulse.window")), number)


def _draw(card, session, name, sites, number, path, *, devices=None, spread=True):
    table = law(card, session, name)
    words = np.asarray(jr.bits(session.key(*path), (4,), jnp.uint32)).tolist()
    return staircase(
        table,
        currents(card, table, number),
        sites=sites,
        devices=devices or session.size("devices"),
        cycles=session.size("cycles"),
        generator=np.random.default_rng(words),
        spread=spread,
    )


def macrospin_control(card: Card, session: Session) -> Result:
    """The same staircase on a film of one site: a macrospin has two states.

    And, as a second control, films of 1,000 sites without a spread of barriers.
    """
    rows, arrays = [], {}
    most = sorted(session.size("sites"))[1]
    for number, name in enumerate(KINDS):
        one = _draw(card, session, name, 1, 11, (2, number))
        same = _draw(card, session, name, most, 11, (2, number, 1), spread=False)
        values = np.unique(one)
        wide = variation(same)
        arrays |= {f"{name}_one": one, f"{name}_same": same}
        rows.append(
            Row(
                f"{name}: levels that one site ever shows",
                float(len(values)),
                runs=f"{one.shape[0]} devices, {one.shape[1]} cycles",
                control=f"{most} sites of one barrier: deviation over range "
                f"{100 * np.mean(wide['range']):.1f} %",
                verdict="Two states: many levels come from many sites.",
            )
        )
    return Result(rows, arrays)


def eleven_states(card: Card, session: Session) -> Result:
    """Reset, then 11 equal steps of current, cycle after cycle, ten cycles uncounted.

    Variation is the standard deviation over the cycles, averaged over the 11 states, over
    the range of the mean levels, or over the mean level. The number of states is the
    largest in which neighbours are confused in at most 2.5 % of cycles, with thresholds of
    each device, chosen from a staircase of 41 steps in the same range.
    """
    rows, arrays = [], {}
    confusion = card.number("read.confusion")
    fine = card.count("read.fine_currents")
    count = session.size("cycles")
    for number, name in enumerate(KINDS):
        for sites in session.size("sites"):
            steps = _draw(card, session, name, sites, 11, (3, number, sites))
            many = _draw(card, session, name, sites, fine, (3, number, sites, 1))
            own = variation(steps) | {
                "states": states(many, confusion),
                "of_eleven": states(steps, confusion),
                "confused": confused(steps),
            }
            arrays |= {f"{name}_{sites}_{key}": value for key, value in own.items()}
            if sites == sorted(session.size("sites"))[1]:
                arrays[f"{name}_levels"] = steps
            session.progress(number, len(KINDS))
            what = f"{name}, {sites} sites"
            runs = f"{steps.shape[0]} devices, {count} cycles"
            tilted = name == "tilted"
            rows += [
                Row(
                    f"{what}: cycle deviation over range",
                    100 * np.mean(own["range"]),
                    "%",
                    _percent(bootstrap(own["range"])),
                    paper="2 % [P]" if tilted else "",
                    runs=runs,
                    control=f"over the mean level {100 * np.mean(own['mean']):.2f} %; "
                    f"range {100 * np.mean(own['reach']):.0f} % of all sites",
                    verdict=_against(100 * own["range"], 2, sites) if tilted else "",
                ),
                Row(
                    f"{what}: states at {100 * confusion:g} % confusion",
                    float(np.median(own["states"])),
                    "",
                    bootstrap(own["states"], np.median),
                    paper="11 [P]" if tilted else "",
                    runs=runs,
                    control=f"of the 11 steps {np.median(own['of_eleven']):g}; the 11 by "
                    f"nearest mean are misread in {100 * np.mean(own['confused']):.0f} %",
                    verdict=_states(np.median(own["states"]), sites) if tilted else "",
                ),
            ]
    return Result(rows, arrays)


def _against(values, published, sites):
    low, _ = bootstrap(values)
    if low <= published:
        return f"Reached with {sites} sites, whose number the paper does not give."
    return (
        f"Not reached because {sites} independent sites leave "
        f"{np.mean(values) / published:.1f} times the deviation: it falls as one over the "
        "root of their number."
    )


def _states(value, sites):
    if value >= 11:
        return f"Reached: {sites} sites hold {value:g} or more."
    return f"Not reached because the noise of {sites} independent sites leaves {value:g}."


def _percent(interval):
    return (100 * interval[0], 100 * interval[1])


def ranking(card: Card, session: Session) -> Result:
    """Which of the three varies least, and how the deviation falls with the sites.

    Differences between kinds are over devices drawn independently. The negative control
    gives all three the same strength, that of the interlayer field of 37 Oe: it shows
    whether the mechanism or its assumed strength decides.
    """
    found = session.result(3).arrays
    rows, arrays = [], {}
    numbers = np.array(session.size("sites"), float)
    for name in KINDS:
        deviation = np.stack([found[f"{name}_{int(n)}_range"] for n in numbers])
        slope = lambda d, axis=0: np.polyfit(np.log(numbers), np.log(d.mean(axis=axis)), 1)[
            0
        ]
        arrays[f"{name}_deviation"] = deviation
        rows.append(
            Row(
                f"{name}: exponent of the deviation in the number of sites",
                slope(deviation.T),
                "",
                bootstrap(deviation.T, slope),
                runs=f"{deviation.shape[1]} devices, {len(numbers)} numbers",
                control="independent sites: -0.5",
            )
        )
    middle = sorted(session.size("sites"))[1]
    order = sorted(KINDS, key=lambda n: np.mean(found[f"{n}_{middle}_range"]))
    equal = {"interlayer_dmi": found[f"interlayer_dmi_{middle}_range"]}
    for number, name in enumerate(("orange_peel", "tilted")):
        levels = _draw(card, session, f"{name}_37oe", middle, 11, (4, number))
        equal[name] = variation(levels)["range"]
    arrays |= {f"{name}_37oe": value for name, value in equal.items()}
    with_equal = sorted(equal, key=lambda n: np.mean(equal[n]))
    tilted = found[f"tilted_{middle}_range"]
    runs = f"{len(tilted)} devices, {middle} sites"
    rows.append(
        Row(
            "rank of tilted by cycle deviation over range, 1 the least",
            1.0 + order.index("tilted"),
            paper="1 [P]",
            runs=runs,
            control=f"all at 37 Oe: {1 + with_equal.index('tilted')}",
            verdict=_ranked(order, with_equal),
        )
    )
    for name in order:
        other = found[f"{name}_{middle}_range"]
        if name != "tilted":
            rows.append(
                Row(
                    f"{name} minus tilted: cycle deviation over range",
                    100 * float(np.mean(other - tilted)),
                    "points",
                    _percent(bootstrap(other - tilted)),
                    runs=runs,
                    control="all at 37 Oe: "
                    f"{100 * np.mean(equal[name] - equal['tilted']):.2f} points",
                )
            )
    return Result(rows, arrays)


def _ranked(order, equal):
    if order[0] != "tilted":
        return (
            f"Not reached because {order[0]} varies least with the strengths assumed here."
        )
    if equal[0] == "tilted":
        return "Reached, also with all three at the same strength."
    return (
        "Reached, but by the strength that was assumed: at the same strength of 37 Oe "
        f"{equal[0]} varies least."
    )
