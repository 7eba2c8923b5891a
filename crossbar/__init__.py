from ._calibrate import (
    Affine as Affine,
    calibrate as calibrate,
    converter_range as converter_range,
)
from ._cells import (
    AbstractLaw as AbstractLaw,
    AccessTransistor as AccessTransistor,
    BiasDependence as BiasDependence,
    Selector as Selector,
)
from ._columns import (
    column_currents as column_currents,
    ColumnCurrents as ColumnCurrents,
    offset_levels as offset_levels,
    pair_currents as pair_currents,
    take_reference as take_reference,
)
from ._comparators import Flash as Flash, SAR as SAR
from ._converters import ADC as ADC, DAC as DAC
from ._cost import (
    Cost as Cost,
    cost as cost,
    Item as Item,
    read_table as read_table,
    Row as Row,
    TABLE as TABLE,
    with_growth as with_growth,
)
from ._crossbar import Crossbar as Crossbar, Sides as Sides
from ._figures import (
    plot_array as plot_array,
    plot_cost as plot_cost,
    plot_levels as plot_levels,
)
from ._noise import (
    LogNormalSpread as LogNormalSpread,
    ReadOut as ReadOut,
    RelativeTo as RelativeTo,
    Retention as Retention,
    Spread as Spread,
    StateSpread as StateSpread,
    Stuck as Stuck,
)
from ._nonlinear import solve_nonlinear as solve_nonlinear
from ._pairs import (
    merge as merge,
    quantise as quantise,
    split as split,
    step_conductance as step_conductance,
    whole as whole,
)
from ._passive import (
    Bias as Bias,
    Disturb as Disturb,
    disturb as disturb,
    floating as floating,
    read_cell as read_cell,
    write_voltages as write_voltages,
)
from ._ports import (
    column_admittance as column_admittance,
    settling_time as settling_time,
)
from ._program import (
    nearest_levels as nearest_levels,
    OpenLoop as OpenLoop,
    program as program,
    Programmed as Programmed,
    WriteVerify as WriteVerify,
)
from ._slices import (
    Coding as Coding,
    exact_bits as exact_bits,
    input_bits as input_bits,
    integer_product as integer_product,
    join_slices as join_slices,
    slice_weights as slice_weights,
)
from ._solve import (
    effective as effective,
    Inflow as Inflow,
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
