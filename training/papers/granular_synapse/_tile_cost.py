"""Step 7: energy, latency and area of cells of one and of two bits."""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .... import crossbar
from ..._layers import layer_inputs
from .._card import Card
from .._cifar import answers, Networks
from .._paper import Result, Row
from .._session import Session
from ._cells import Sliced
from ._junctions import junction
from ._spreads import of_full_run
from ._tiles import on_tiles, with_bits


LAWS = {"exponential": "2^b", "linear": "b"}
PUBLISHED = {"energy-delay product": 3.2, "area": 1.8, "latency": 1.75}


def cost_of_cells(card: Card, session: Session) -> Result:
    """Cells of two bits against cells of one: the fewest converter bits, then the cost.

    Every layer but the first on tiles of 128 x 128 cells, inputs bit by bit, 8 columns to
    a converter. The fewest bits that lose at most a point to the same slices without
    converters, on training images. Then energy, latency and area of an inference, by the
    cited table of costs, with converters whose cost grows as 2^b and as b, and with
    slices on arrays side by side or one after the other. Wires count in the last row only.
    """
    networks = Networks(card, session, "images")
    number = session.size("cost_images")
    options = [int(b) for b in card.numbers("cost.adc_bits")]
    rows, fewest = [], {}
    arrays: dict[str, Any] = {"bits": np.array(options)}
    for done, cell_bits in enumerate((1, 2)):
        found = _accuracies(card, session, networks, cell_bits, options)
        arrays |= {f"{k}_{cell_bits}": v for k, v in found.items()}
        fewest[cell_bits], row = _fewest(card, cell_bits, options, found, number)
        rows.append(row)
        session.progress(done + 1, 3)
    shapes = _shapes(networks.of(0), networks.x[0])
    slices = {b: -(-(card.count("network.weight_bits") - 1) // b) for b in (1, 2)}
    for growth in LAWS:
        cost = {b: total(card, session, shapes, b, fewest[b], growth) for b in (1, 2)}
        rows += _ratios(growth, cost, slices)
        for b, found in cost.items():
            arrays[f"{growth}_{b}"] = np.array(list(found["shares"].values()))
    rows.append(_wires(card, session))
    session.progress(3, 3)
    return Result([of_full_run(session, row) for row in rows], arrays)


def _accuracies(card, session, networks, cell_bits, options):
    """Accuracies with ideal converters and with each of the options."""
    number = session.size("cost_images")
    x, y = networks.train[0][-number:], networks.train[1][-number:]

    @functools.cache
    def tiles():
        return on_tiles(networks.of(0), card, cell_bits, networks.calibration[:20])

    def make(bits):
        with jax.enable_x64(False):
            found = jnp.argmax(answers(with_bits(tiles(), bits), x), -1)
            return {"accuracy": jnp.mean(found == y)}

    one = lambda bits: float(
        session.keep(f"7-{cell_bits}-{bits}", lambda: make(bits))["accuracy"]
    )
    return {"ideal": np.array(one(None)), "accuracy": np.array([one(b) for b in options])}


def _fewest(card, cell_bits, options, found, number):
    ideal, score = float(found["ideal"]), found["accuracy"]
    good = 100 * (ideal - score) <= card.number("cost.loss")
    told = ", ".join(f"{b}: {100 * s:.1f}" for b, s in zip(options, score, strict=True))
    least = options[int(np.argmax(good))] if good.any() else options[-1]
    row = Row(
        f"{cell_bits}-bit cells: fewest converter bits",
        float(least),
        runs=f"1 network, {number} training images",
        control=f"ideal {100 * ideal:.1f} %; by bits {told} %",
        verdict="" if good.any() else "Not reached with the bits that were tried.",
    )
    return least, row


def _shapes(network, image):
    """Rows, columns and products of an image of each layer but the first."""
    with jax.enable_x64(False):
        seen = jax.eval_shape(lambda x: layer_inputs(network, x), image[None])
    widths = [w.shape[0] for w in Sliced.of(network, 8).whole]
    found = []
    for x, width in zip(seen[1:], widths[1:], strict=True):
        pixels = x.shape[1] if len(x.shape) == 3 else 1
        found.append(((x.shape[-1], width), pixels))
    return found


def total(
    card: Card, session: Session, shapes: Any, cell_bits: int, adc_bits: int, growth: str
) -> dict[str, Any]:
    """Energy, latency and area of all products of an image, and shares of the energy.

    Latency and area are those of slices side by side.
    """
    slices = -(-(card.count("network.weight_bits") - 1) // cell_bits)
    tile = card.count("cost.tile")
    spec = crossbar.Spec(levels=2**cell_bits, tile=tile, adc_bits=adc_bits, dac_bits=1)
    device = junction(card, session)
    parallel = float(device.side) ** 2 / float(device.junction.resistance_area)
    mean = parallel * (1 + 1 / (1 + float(device.junction.tmr))) / 2
    energy: dict[str, float] = {}
    time = area = shared = 0.0
    for (m, n), pixels in shapes:
        # Half of the bits of an input are on, at most.
        power = card.number("cost.read_voltage", "V") ** 2 * mean * m * n * 2 * slices / 2
        cost = crossbar.cost(
            (m, n),
            spec,
            power=power,
            pulses=card.count("cost.input_bits"),
            slices=slices,
            columns_per_adc=card.count("cost.columns_per_adc"),
            table=crossbar.with_growth(growth),
        )
        for item in cost.items:
            energy[item.component] = energy.get(item.component, 0) + pixels * item.energy
            # Slices that take turns share all but their cells.
            shared += item.area / (1 if item.component == "cell" else slices)
        time, area = time + pixels * cost.time, area + cost.area
    whole = sum(energy.values())
    shares = {name: value / whole for name, value in energy.items()}
    return {
        "energy": whole,
        "time": time,
        "area": area,
        "shared area": shared,
        "shares": shares,
    }


def _ratios(growth, cost, slices):
    one, two = cost[1], cost[2]
    energy, time = (one[k] / two[k] for k in ("energy", "time"))
    serial = slices[1] / slices[2]
    # Slices side by side take the time of one; one after the other, that of all.
    spans = {
        "energy-delay product": (energy * time, energy * time * serial),
        "area": tuple(one[k] / two[k] for k in ("area", "shared area")),
        "latency": (time, time * serial),
    }
    shares = ", ".join(f"{k} {100 * v:.0f} %" for k, v in two["shares"].items())
    rows = []
    for name, (beside, after) in spans.items():
        product = name.startswith("energy")
        alone = serial**2 if product else serial
        rows.append(
            Row(
                f"{name}, 1 bit over 2 bits, converters as {LAWS[growth]}",
                beside,
                "x",
                paper=f"{PUBLISHED[name]:g} x [{'P, T' if product else 'T'}]",
                runs=f"slices side by side; one after the other {after:.2f}",
                control=f"the number of slices alone, {slices[1]} over {slices[2]}: "
                f"{alone:.2f}" + (f"; energy of 2 bits: {shares}" if product else ""),
                verdict=ratio_verdict(beside, after, PUBLISHED[name], alone),
            )
        )
    return rows


def ratio_verdict(beside: float, after: float, published: float, alone: float) -> str:
    """Where a published ratio lies in the range, and what the trivial count gives."""
    low, high = min(beside, after), max(beside, after)
    trivial = f"the number of slices alone gives {alone:.2f} whatever the tile"
    if low <= published <= high:
        return f"Reached: in the range, which proves little because {trivial}."
    if low > published:
        return (
            f"Above it: all of ours is; tile, node and converters are unknown; {trivial}."
        )
    return (
        f"Not reached because ours ends at {high:.2f}, with a tile, node and converters "
        f"that stand in for unknown ones; {trivial}."
    )


def _wires(card, session):
    """What wires leave of the current of a tile whose cells are all parallel."""
    device, size = junction(card, session), card.count("cost.tile")
    parallel = float(device.side) ** 2 / float(device.junction.resistance_area)
    wire = card.number("cost.wire", "Ohm/m") * card.number("cost.pitch", "m")
    cells = jnp.full((size, size), parallel)
    array = crossbar.Crossbar.wired(cells, wire)
    arrives = float(jnp.sum(crossbar.effective(array)) / jnp.sum(cells))
    return Row(
        f"current of a {size} x {size} tile of parallel cells that arrives",
        100 * arrives,
        "%",
        runs=f"1 tile, {1 / parallel:.0f} Ohm, {wire:.2g} Ohm a segment",
        control="100 % without wires",
        verdict="Wires can be left out."
        if arrives > 0.95
        else "Wires cannot be left out at this resistance: the costs hold for tiles that "
        "are corrected for them.",
    )


def plot_cost(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Accuracy by converter bits, and shares of the energy."""
    left, right = figure.subplots(1, 2)
    for bits in (1, 2):
        score = 100 * arrays[f"accuracy_{bits}"]
        (line,) = left.plot(arrays["bits"], score, "o-", label=f"{bits} bit")
        left.axhline(100 * arrays[f"ideal_{bits}"], color=line.get_color(), ls=":")
    left.set(xlabel="converter bits", ylabel="accuracy on training images (%)")
    left.legend(title="cell; dotted: ideal")
    names = ("cell", "dac", "sample and hold", "adc", "shift and add")
    bars = list(itertools.product(LAWS, (1, 2)))
    bottom = np.zeros(len(bars))
    for i, name in enumerate(names):
        share = np.array([arrays[f"{g}_{b}"][i] for g, b in bars])
        right.bar(range(len(bars)), 100 * share, bottom=bottom, label=name)
        bottom += 100 * share
    right.set_xticks(range(len(bars)), [f"{b} bit\n{LAWS[g]}" for g, b in bars])
    right.set(xlabel="cells, converters as", ylabel="share of the energy (%)")
    right.legend(fontsize=6, loc="upper left", bbox_to_anchor=(1, 1))
