from ._converters import ADC as ADC, DAC as DAC
from ._crossbar import Crossbar as Crossbar, Sides as Sides
from ._pairs import (
    merge as merge,
    quantise as quantise,
    split as split,
    step_conductance as step_conductance,
    whole as whole,
)
from ._program import (
    OpenLoop as OpenLoop,
    program as program,
    Programmed as Programmed,
)
from ._solve import (
    effective as effective,
    Method as Method,
    Solution as Solution,
    solve as solve,
)
from ._spec import Spec as Spec
from ._tiles import (
    join_outputs as join_outputs,
    tile as tile,
    tile_inputs as tile_inputs,
    untile as untile,
)
