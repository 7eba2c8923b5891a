import numpy as np

from .._paper import Result, Row
from ._curve import derivatives, fitted, SWING
from ._devices import difference_error, errors, predicted


def pair(card, session) -> Result:
    """Errors of a pair are fixed, and the step dI follows from them in closed form.

    Offset, gain mismatch, white and 1/f noise and the bits of the converter come from the
    card. 1/f noise that is slower than a batch adds to the offset, faster noise to that
    of a reading. The gain mismatch is an offset that grows with the bias, so nulling the
    offset leaves it. No score is looked at.
    """
    del session
    found = errors(card)
    v = np.asarray(derivatives(fitted(card), SWING)[0])
    rms = lambda x: float(np.sqrt(np.mean(np.square(x))))
    mismatch = found["mismatch"] * v
    noise = np.sqrt(2) * found["noise"]
    converter = np.sqrt(2 / 12) * found["resolution"]
    total, nulled = difference_error(card), difference_error(card, nulled=True)
    forward, centred = predicted(card)
    best, _ = predicted(card, nulled=True)
    mv = lambda x: 1e3 * float(x)
    rows = [
        Row("offset, with slow 1/f noise", mv(found["offset"]), "mV"),
        Row(
            "gain mismatch at mid-swing",
            mv(rms(mismatch)),
            "mV",
            control=f"{mv(mismatch[0]):.3g} to {mv(mismatch[-1]):.3g} mV over the swing",
        ),
        Row("noise of both readings, with fast 1/f", mv(noise), "mV"),
        Row("rounding of both readings", mv(converter), "mV"),
        Row(
            "error e of V2 - V1, all together",
            mv(rms(total)),
            "mV",
            control=f"offset nulled {mv(rms(nulled)):.3g} mV",
        ),
        Row(
            "predicted best dI, forward: sqrt(2 e / V'')",
            1e6 * forward,
            "uA",
            control=f"offset nulled {1e6 * best:.3g} uA",
        ),
        Row("predicted best dI, centred: (12 sqrt2 e / V''')^(1/3)", 1e6 * centred, "uA"),
    ]
    return Result(
        rows, {"swing": v, "total": total, "nulled": nulled, "mismatch": mismatch}
    )


def plot_pair(figure, arrays, card) -> None:
    """The error of the difference over the swing, with and without nulling."""
    del card
    axes = figure.subplots()
    x = 1e3 * arrays["swing"]
    axes.plot(x, 1e3 * arrays["total"], label="all errors")
    axes.plot(x, 1e3 * arrays["nulled"], label="offset nulled")
    axes.plot(x, 1e3 * arrays["mismatch"], "--", label="gain mismatch alone")
    axes.set(xlabel="voltage of the neuron / mV", ylabel="error of V2 - V1 / mV", ylim=0)
    axes.legend()
