from . import (
    compact as compact,
    crossbar as crossbar,
    data as data,
    llg as llg,
    training as training,
)

__version__: str
