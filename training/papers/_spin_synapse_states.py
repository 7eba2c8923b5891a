"""Steps 2 and 3 of `spin_synapse_ptq`: films of one site and of many."""

import functools

import jax.numpy as jnp
import jax.random as jr
import numpy as np

from ._bootstrap import bootstrap
from ._card import Card
from ._paper import Result, Row
from ._session import Session
from ._spin_synapse_sites import KINDS
from ._staircase import confused, judged, Law, staircase, states, variation
from ._verdict import against, of_full


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


def draw(card, session, name, sites, number, path, *, devices=None, spread=True):
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
        one = draw(card, session, name, 1, 11, (2, number))
        same = draw(card, session, name, most, 11, (2, number, 1), spread=False)
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
    each device. They are chosen from a staircase of 41 steps in the same range on every
    other cycle and judged on the cycles between: what is not apart there does not count.

    Post hoc: the ten cycles that are not counted were brought in after a first run, in
    which sites that one pulse hardly turns (most of the orange-peel film) still drifted
    from where they had started; and the card was last changed in the same commit that
    brought the first results of these films onto this page.
    """
    rows, arrays = [], {}
    confusion = card.number("read.confusion")
    fine, alone = card.count("read.fine_currents"), session.result(2).arrays
    count = session.size("cycles")
    for number, name in enumerate(KINDS):
        for sites in session.size("sites"):
            make = functools.partial(_films, card, session, name, sites, fine, confusion)
            own = session.keep(f"3-{name}-{sites}", make)
            steps = own.pop("levels")
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
                    percent(bootstrap(own["range"])),
                    paper="2 % [P]" if tilted else "",
                    runs=runs,
                    control=f"over the mean level {100 * np.mean(own['mean']):.2f} %; "
                    f"range {100 * np.mean(own['reach']):.0f} % of all sites",
                    verdict=of_full(session, _told(100 * own["range"], np.mean, 2, "%"))
                    if tilted
                    else "",
                ),
                Row(
                    f"{what}: states at {100 * confusion:g} % confusion",
                    float(np.median(own["states"])),
                    "",
                    bootstrap(own["states"], np.median),
                    paper="11 [P]" if tilted else "",
                    runs=runs,
                    control=f"{np.median(own['chosen']):g} on the cycles that chose them; "
                    f"one site {len(np.unique(alone[f'{name}_one']))}",
                    verdict=of_full(session, _told(own["states"], np.median, 11, "states"))
                    if tilted
                    else "",
                ),
                Row(
                    f"{what}: distinct states of the 11 equal steps",
                    float(np.median(own["of_eleven"])),
                    "",
                    bootstrap(own["of_eleven"], np.median),
                    paper="11 [P]" if tilted else "",
                    runs=runs,
                    control="the 11 by nearest mean are misread in "
                    f"{100 * np.mean(own['confused']):.0f} %, by chance in "
                    f"{100 * (1 - 1 / steps.shape[-1]):.0f} %",
                    verdict=of_full(
                        session, _told(own["of_eleven"], np.median, 11, "states")
                    )
                    if tilted
                    else "",
                ),
            ]
    return Result(rows, arrays)


def _films(card, session, name, sites, fine, confusion) -> dict[str, np.ndarray]:
    """Films of a kind with so many sites: levels of the 11 steps, variation, states."""
    path = (3, list(KINDS).index(name), sites)
    steps = draw(card, session, name, sites, 11, path)
    many = draw(card, session, name, sites, fine, (*path, 1))
    return variation(steps) | {
        "states": judged(many, confusion),
        "chosen": states(many[:, ::2], confusion),
        "of_eleven": judged(steps, confusion),
        "confused": confused(steps),
        "levels": steps,
    }


def _told(values, statistic, published, unit) -> str:
    """The verdict over devices; the number of sites is ours."""
    interval = bootstrap(values, statistic)
    told = against(float(statistic(values)), interval, published, unit)
    return f"{told} The number of sites is assumed, and decides it."


def percent(interval: tuple[float, float]) -> tuple[float, float]:
    """An interval of shares in per cent."""
    return 100 * interval[0], 100 * interval[1]
