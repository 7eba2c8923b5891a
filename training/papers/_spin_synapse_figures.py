"""Figures of `spin_synapse_ptq`."""

from typing import Any

import numpy as np

from ._card import Card


NAMES = {
    "orange_peel": "orange-peel",
    "interlayer_dmi": "interlayer DMI",
    "tilted": "tilted axis",
}
ORDER = ("min-max", "MSE", "percentile", "entropy")


def sites(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Probability of reversal over the torque, for three barriers."""
    draws, ratios = arrays["draws"], arrays["ratios"]
    axes = figure.subplots(1, 3, sharey=True)
    for axis, (name, title) in zip(axes, NAMES.items(), strict=True):
        for at in (len(draws) // 4, len(draws) // 2, 3 * len(draws) // 4):
            barrier = card.number("site.barrier") * np.exp(
                card.number("site.barrier_spread") * draws[at]
            )
            (line,) = axis.plot(
                ratios, arrays[f"{name}_down"][at], label=f"{barrier:.0f} kT"
            )
            axis.plot(ratios, arrays[f"{name}_up"][at], ":", color=line.get_color())
        axis.set(title=title, xlabel="torque field / anisotropy field")
    axes[0].set_ylabel("share that one pulse reverses")
    axes[0].legend(title="wanted; dotted: back")


def levels(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """The staircase of one device of each kind, all cycles."""
    axes = figure.subplots(1, 3, sharey=True)
    for axis, (name, title) in zip(axes, NAMES.items(), strict=True):
        shown = arrays[f"{name}_levels"][0]
        steps = np.arange(1, shown.shape[-1] + 1)
        axis.plot(steps, shown.T, color="C0", alpha=0.15, lw=0.8)
        axis.errorbar(steps, shown.mean(0), shown.std(0), fmt="o", color="C3", ms=3)
        axis.set(title=title, xlabel="step of current")
    axes[0].set_ylabel("reversed share")


def scaling(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Deviation over range by the number of sites."""
    axis = figure.subplots()
    n = np.array(card.entries["sizes.sites"]["full"], float)
    n = n[: len(arrays["tilted_deviation"])]
    for name, title in NAMES.items():
        deviation = 100 * arrays[f"{name}_deviation"]
        axis.errorbar(
            n, deviation.mean(1), deviation.std(1), fmt="o-", ms=4, capsize=3, label=title
        )
    axis.plot(n, 60 / np.sqrt(n), "k:", label="one over the root")
    axis.axhline(2, color="grey", lw=0.8)
    axis.annotate("2 % (published)", (n[0], 2.05), fontsize=8)
    axis.set(xscale="log", yscale="log", xlabel="sites", ylabel="deviation / range (%)")
    axis.legend()


def observers(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Accuracy of every way to put the network on a grid, by seed."""
    score = 100 * arrays["score"]  # levels, limits, observers, inputs, again, seeds
    axes = figure.subplots(1, 2, sharey=True)
    width = 0.8 / score.shape[3] / 2
    for axis, of, title in zip(axes, score, ("11 levels", "21 levels"), strict=True):
        place = np.arange(2 * of.shape[1])
        for inputs in range(of.shape[2]):
            for again in range(2):
                shown = of[:, :, inputs, again].reshape(len(place), -1)
                at = place + (2 * inputs + again) * width
                label = "8-bit inputs" if inputs else "weights"
                label += ", re-estimated" if again else ""
                axis.bar(at, shown.mean(1), width, label=label, align="edge")
                axis.plot(
                    np.tile(at[:, None] + width / 2, shown.shape[1]), shown, "k.", ms=2
                )
        axis.axhline(100 * arrays["baseline"].mean(), color="k", lw=0.8)
        names = [
            f"{name}\n{limits}"
            for limits in ("channel", "tensor")
            for name in ORDER[: of.shape[1]]
        ]
        axis.set_xticks(place + 0.4, names, fontsize=5)
        axis.set(title=title)
    low = max(0.0, np.floor(score.min() / 5) * 5)
    axes[0].set(ylabel="accuracy (%); line: float", ylim=(low, None))
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, fontsize=6, loc="outside lower center", ncols=4)


def noise(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Accuracy of chips over the noise of a weight."""
    axis = figure.subplots()
    shares = 100 * arrays["shares"]
    for name in ("min_max", "mse", "min_max_again", "mse_again"):
        chips = 100 * arrays[name]  # seeds, noises, chips
        mean = chips.mean((0, 2))
        axis.errorbar(
            shares,
            mean,
            chips.std((0, 2)),
            fmt="o-",
            ms=4,
            capsize=3,
            label=name.replace("_again", ", re-estimated").replace("_", "-"),
        )
    axis.set(xlabel="noise of a weight (% of the range)", ylabel="accuracy (%)")
    axis.legend()
