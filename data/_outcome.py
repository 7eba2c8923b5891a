import equinox as eqx


class Outcome(eqx.Enumeration):
    """How a fit, a solve or a sweep ended; the value is a sentence, never only printed.

    Returned as data: it may be an array inside `jit` and `vmap`. Compare with
    `outcome == Outcome.successful`; read with `Outcome[outcome]`.
    """

    successful = "It succeeded."
    not_converged = "The iteration stopped before it met its tolerance."
    no_maximum = (
        "The likelihood has no maximum at finite parameters: the data do not identify "
        "one of them."
    )
    singular = "The information matrix is singular: a parameter direction is free."
    not_a_number = "Some trials ended in NaN; they are counted apart and left out."
    diverged = "The loss diverged; what is returned is the last good state."
    stopped_early = "The validation loss fell no more; what is returned is the best state."
    did_not_switch = "No trial switched."
    not_resolved = "The estimate of the error is not small against the value."
