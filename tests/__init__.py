"""Run-time check of annotations; a literal `0` is a `float`, as PEP 484 has it."""

from beartype import beartype, BeartypeConf


check = beartype(conf=BeartypeConf(is_pep484_tower=True))
