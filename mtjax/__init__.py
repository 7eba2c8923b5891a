"""Differentiable magnetic tunnel junctions, from one spin to a trained crossbar.

The layers are `mtjax.data`, `mtjax.llg`, `mtjax.compact`, `mtjax.crossbar` and
`mtjax.training`; importing this module imports none of them.
"""

__version__ = "0.1.0"
