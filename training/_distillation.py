import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ._metrics import cross_entropy


class Distillation(eqx.Module):
    r"""The loss of a student that also learns what its teacher answers.

    $$(1 - a) H(y, z) + a T^2 H(\mathrm{softmax}(t / T), z / T)$$

    with the cross-entropy $H$, logits $z$ of the student and $t$ of the teacher (Hinton,
    Vinyals and Dean 2015). For `loss` of `train`, which is then given a `teacher`.

    - `temperature`: $T$, which softens both answers.
    - `share`: $a$, from 0 (labels only) to 1 (teacher only).
    """

    temperature: float = eqx.field(static=True, default=4.0)
    share: float = eqx.field(static=True, default=0.9)

    def __check_init__(self):
        if not self.temperature > 0:
            raise ValueError(f"`temperature` must be > 0, got {self.temperature}.")
        if not 0 <= self.share <= 1:
            raise ValueError(f"`share` must be from 0 to 1, got {self.share}.")

    def __call__(
        self,
        logits: Float[Array, "samples classes"],
        labels: Int[Array, " samples"],
        taught: Float[Array, "samples classes"],
    ) -> Float[Array, ""]:
        wanted = jax.nn.softmax(taught / self.temperature)
        answer = jax.nn.log_softmax(logits / self.temperature)
        soft = -jnp.mean(jnp.sum(wanted * answer, axis=-1))
        hard = cross_entropy(logits, labels)
        return (1 - self.share) * hard + self.share * self.temperature**2 * soft
