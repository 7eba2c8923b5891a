import csv
import dataclasses
import pathlib
from collections.abc import Iterable, Sequence

from ._spec import Spec


@dataclasses.dataclass(frozen=True)
class Row:
    """One number of the table of costs: of one operation of one component.

    `energy` in J and `time` in s are those of an operation, `area` in m^2 that of one
    instance. Of a converter they are at `bits`, and grow as `growth` says.
    """

    component: str
    energy: float
    time: float
    area: float
    bits: int
    growth: str
    source: str


_ISAAC = (
    "Shafiee et al., ISCA 2016, doi 10.1109/ISCA.2016.12 (ISAAC, 32 nm), parameters of the "
    "in-situ multiply-accumulate unit: "
)

# Stand-in values: those of one published design at 32 nm, with reads of 100 ns; powers and
# areas there are sums over the instances that a row names. Replace the table by the
# numbers of the technology in question.
TABLE: tuple[Row, ...] = (
    Row(
        component="cell",
        energy=0.0,
        time=100e-9,
        area=0.0002e-6 / (8 * 128 * 128),
        bits=0,
        growth="none",
        source=_ISAAC + "8 arrays of 128 x 128 cells, 0.0002 mm2, read in 100 ns; the "
        "energy of a read is that of the array itself",
    ),
    Row(
        component="dac",
        energy=4e-3 * 100e-9 / (8 * 128),
        time=0.0,
        area=0.00017e-6 / (8 * 128),
        bits=1,
        growth="exponential",
        source=_ISAAC + "8 x 128 one-bit converters, 4 mW, 0.00017 mm2, over a read",
    ),
    Row(
        component="sample and hold",
        energy=10e-6 * 100e-9 / (8 * 128),
        time=0.0,
        area=0.00004e-6 / (8 * 128),
        bits=0,
        growth="none",
        source=_ISAAC + "8 x 128 circuits, 10 uW, 0.00004 mm2, over a read",
    ),
    Row(
        component="adc",
        energy=16e-3 / (8 * 1.2e9),
        time=1 / 1.2e9,
        area=0.0096e-6 / 8,
        bits=8,
        growth="exponential",
        source=_ISAAC + "8 SAR converters of 8 bits at 1.2 GS/s, 16 mW, 0.0096 mm2; after "
        "Kull et al., ISSCC 2013, doi 10.1109/ISSCC.2013.6487818 (3.1 mW measured)",
    ),
    Row(
        component="shift and add",
        energy=0.2e-3 / (8 * 1.2e9),
        time=0.0,
        area=0.00024e-6 / 4,
        bits=0,
        growth="none",
        source=_ISAAC + "4 units, 0.2 mW, 0.00024 mm2, for 8 converters at 1.2 GS/s",
    ),
)


def with_growth(
    growth: str, table: Iterable[Row] = TABLE, component: str = "adc"
) -> tuple[Row, ...]:
    """`table` with another law of growth with the bits for one component.

    A flash converter has `2**bits - 1` comparators: `exponential`; one of successive
    approximation makes `bits` decisions: `linear`, as long as its comparator, not its
    capacitors, is what costs.
    """
    return tuple(
        dataclasses.replace(row, growth=growth) if row.component == component else row
        for row in table
    )


def read_table(path: str | pathlib.Path) -> tuple[Row, ...]:
    """A table from a CSV file with the fields of `Row` as its header."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [field.name for field in dataclasses.fields(Row)]
    for row in rows:
        if list(row) != names:
            raise ValueError(
                f"`path` must have the columns {', '.join(names)}, got {', '.join(row)}."
            )
    return tuple(
        Row(
            component=row["component"],
            energy=float(row["energy"]),
            time=float(row["time"]),
            area=float(row["area"]),
            bits=int(row["bits"]),
            growth=row["growth"],
            source=row["source"],
        )
        for row in rows
    )


@dataclasses.dataclass(frozen=True)
class Item:
    """What one component costs for one product: number of operations times its row."""

    component: str
    operations: int
    instances: int
    energy: float
    time: float
    area: float
    row: Row


@dataclasses.dataclass(frozen=True)
class Cost:
    """Energy [J], latency [s] and area [m^2] of a matrix-vector product, by component."""

    items: Sequence[Item]

    @property
    def energy(self) -> float:
        """Of one product [J]."""
        return sum(item.energy for item in self.items)

    @property
    def time(self) -> float:
        """Of one product [s]; components work one after the other."""
        return sum(item.time for item in self.items)

    @property
    def area(self) -> float:
        """Of all tiles [m^2]."""
        return sum(item.area for item in self.items)

    def __str__(self) -> str:
        head = f"{'component':16s}{'energy [J]':>13s}{'time [s]':>13s}{'area [m^2]':>13s}"
        line = lambda n, i: f"{n:16s}{i.energy:13.3e}{i.time:13.3e}{i.area:13.3e}"
        rows = [f"{line(i.component, i)}  {i.row.source}" for i in self.items]
        return "\n".join([head, *rows, line("total", self)])


def cost(
    shape: tuple[int, int],
    spec: Spec,
    *,
    power: float = 0.0,
    pulses: int = 1,
    slices: int = 1,
    columns_per_adc: int = 8,
    table: Iterable[Row] = TABLE,
) -> Cost:
    """What one product of a vector with a matrix of `shape` costs on tiles of pairs.

    **Arguments:**

    - `shape`: Rows and columns of the matrix.
    - `power`: Drawn by all cells while they are read [W], such as the sum of V^2 G.
    - `pulses`: Pulses of a bit-serial input.
    - `slices`: Cells that share the bits of one weight.
    - `columns_per_adc`: Columns that take turns at one converter.
    """
    if columns_per_adc < 1:
        raise ValueError(f"`columns_per_adc` must be at least 1, got {columns_per_adc}.")
    rows = {row.component: row for row in table}
    down, across = (-(-size // spec.tile) for size in shape)
    tiles = down * across * slices * 2
    lines = tiles * spec.tile
    adcs = -(-spec.tile // columns_per_adc) * tiles
    items = []

    def add(component, operations, instances, turns, bits, energy=0.0):
        row = rows.get(component)
        if row is None:
            raise ValueError(
                f"`table` must have a row for {component!r}, got {', '.join(sorted(rows))}."
            )
        grown = growth(row, bits)
        items.append(
            Item(
                component,
                operations,
                instances,
                operations * row.energy * grown + energy,
                turns * row.time,
                instances * row.area * grown,
                row,
            )
        )

    read = rows["cell"].time if "cell" in rows else 0.0
    cells = lines * spec.tile
    add("cell", pulses * cells, cells, pulses, 0, power * read * pulses)
    add("dac", pulses * lines, lines, pulses, spec.dac_bits or 1)
    add("sample and hold", pulses * lines, lines, pulses, 0)
    add("adc", pulses * lines, adcs, pulses * columns_per_adc, spec.adc_bits or 8)
    add("shift and add", pulses * lines, adcs, pulses * columns_per_adc, 0)
    return Cost(tuple(items))


def growth(row: Row, bits: int) -> float:
    """Factor of energy and area at `bits`: as 2^b (`exponential`), as b (`linear`)."""
    if row.growth == "none":
        return 1.0
    if row.growth == "exponential":
        return 2.0 ** (bits - row.bits)
    if row.growth == "linear":
        return bits / row.bits
    raise ValueError(f"`growth` must be none, linear or exponential, got {row.growth!r}.")
