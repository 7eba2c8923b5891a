import jax


def require_x64(what: str) -> None:
    """Raises one sentence, with the line to add, where `what` needs float64 and x64 is off.

    x64 belongs to the program, not to the library: the script turns it on first.
    """
    if not jax.config.read("jax_enable_x64"):
        raise ValueError(
            f"{what} needs float64: add `jax.config.update('jax_enable_x64', True)` "
            "at the top of the program, before any array is made."
        )
