import numpy as np

from ..._distillation import Distillation
from ..._metrics import majority
from .._bootstrap import bootstrap
from .._paper import Result, Row
from .._verdict import change
from ._arms import DIFFERENCE
from ._images import learn, score
from ._tasks import mnist


STUDENT = (784, 32, 10)


def distil(card, session) -> Result:
    """A teacher of tanh neurons, and small students alone and distilled, MTJ and tanh.

    Teacher 784-256-256-10 on all training images; students 784-32-10 on the first
    images of them only, with the labels alone or also with the teacher's soft answers,
    at equal budget. The control is each student alone.
    """
    parts = mnist(session.size("mnist_rows"))
    rows_of_student = session.size("distil_rows")
    images, labels = parts["train"]
    few = images[:rows_of_student], labels[:rows_of_student]
    rate, seeds = card.numbers("training.rates")[1], session.size("distil_seeds")
    hidden = session.size("mnist_hidden")[:2]
    epochs = session.size("mnist_epochs")
    longer = epochs * max(len(parts["train"][1]) // rows_of_student // 2, 1)
    loss = Distillation(
        temperature=card.number("training.temperature"), share=card.number("training.share")
    )
    teacher = learn(
        card, session, "tanh", (784, *hidden, 10), parts["train"],
        step=8, seed=0, rate=rate, epochs=epochs,
    )  # fmt: skip
    taught = 100 * score("tanh", teacher, parts["test"], key=session.key(8, 5))
    found = {}
    for number, arm in enumerate((DIFFERENCE, "tanh")):
        for seed in range(seeds):
            for way, options in (
                ("alone", {}),
                ("distilled", {"teacher": teacher, "loss": loss}),
            ):
                student = learn(
                    card, session, arm, STUDENT, few,
                    step=8, seed=seed, rate=rate, epochs=longer, **options,
                )  # fmt: skip
                right = score(arm, student, parts["test"], key=session.key(8, 6, seed))
                found.setdefault((arm, way), []).append(right)
            session.progress(number * seeds + seed + 1, 2 * seeds)
    values = {k: 100 * np.array(v) for k, v in found.items()}
    trivial = 100 * majority(parts["train"][1], parts["test"][1])
    rows = [Row("teacher, tanh, test", taught, "%", runs="1 seed",
                control=f"majority {trivial:.1f} %")]  # fmt: skip
    for arm in (DIFFERENCE, "tanh"):
        alone, distilled = values[arm, "alone"], values[arm, "distilled"]
        gain = distilled - alone
        low, high = bootstrap(gain)
        name = "MTJ" if arm == DIFFERENCE else "tanh"
        runs = f"{seeds} seeds, {rows_of_student} images"
        for way, v in (("alone", alone), ("distilled", distilled)):
            rows.append(
                Row(
                    f"{name} student {way}, mean test accuracy",
                    float(v.mean()),
                    "%",
                    bootstrap(v),
                    runs=runs,
                )
            )
        rows.append(
            Row(
                f"{name}: gain of distillation",
                float(gain.mean()),
                "points",
                (low, high),
                paper="a distillation table [T], numbers not at hand"
                if name == "MTJ"
                else "",
                runs=f"{seeds} seeds, paired",
                control=f"alone {alone.mean():.2f} %",
                verdict="Not comparable, because its numbers were not at hand; here "
                + change(gain.mean(), (low, high), "the student")
                + "."
                if name == "MTJ"
                else "",
            )
        )
    arrays = {f"{a}_{w}".replace(" ", "_"): v for (a, w), v in values.items()}
    return Result(rows, arrays)
