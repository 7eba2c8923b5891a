import pathlib
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, HealthCheck, settings, strategies as st

from mtjax import data

from .helpers import levels, same, switching


FIXTURE = HealthCheck.function_scoped_fixture
MESSY = pathlib.Path(__file__).parent / "measured.csv"
COLUMNS = {
    "device": "device",
    "voltage": "Vp",
    "width": "tp",
    "trials": "attempts",
    "switched": "switched",
}


def read(path, columns=COLUMNS, kind: Any = data.Switching, **how: Any):
    return data.read(path, kind, columns, start=data.State.ANTIPARALLEL, **how)


def test_a_messy_file_is_read_and_says_what_is_left_out():
    measured = read(MESSY, where={"direction": "AP-P"})
    s = measured.statistics
    assert s.pulses.axes == ("voltage", "width")
    assert s.pulses.voltage.tolist() == [0.35, 0.4]
    assert s.pulses.width.tolist() == [1e-8, 1e-7, 1e-6]
    assert s.trials.tolist() == [[[100, 100, 50], [100, 100, 0]], [[100, 0, 0], [10, 0, 0]]]
    assert s.switched.tolist() == [[[3, 41, 50], [22, 93, 0]], [[0, 0, 0], [2, 0, 0]]]
    assert measured.devices == ("C4-1", "C4-2")
    assert measured.rows == 8
    assert measured.skipped == ("line 11 has no `switched`", "line 17 has no `switched`")
    other = read(MESSY, where={"direction": "P-AP", "device": "C4-2"})
    assert other.statistics.trials.tolist() == [[[100]]]
    assert other.statistics.pulses.voltage.tolist() == [-0.35]


def write(path, text):
    path.write_text(text)
    return path


def test_a_row_may_be_one_attempt_and_a_value_hold_for_the_file(tmp_path):
    text = "V,out\n0.5 V,yes\n500 mV,no\n0.6V,1\n0.5 V,true\n"
    path = write(tmp_path / "a.csv", text)
    s = read(path, {"voltage": "V", "width": "=10 ns", "switched": "out"}).statistics
    assert s.pulses.axes == ("voltage",)
    assert s.pulses.width == 1e-8
    assert s.trials.tolist() == [[3, 1]]
    assert s.switched.tolist() == [[2, 1]]


CYCLES = {
    "voltage": "V in V",
    "width": "=1 ns",
    "conductance": "R in kOhm",
    "parallel": "=2 kOhm",
    "antiparallel": "=0.25 mS",
}


def test_levels_are_the_moments_of_the_cycles(tmp_path):
    resistance = np.random.default_rng(0).uniform(2e3, 4e3, (2, 50))
    rows = [f"{v}\t{r / 1e3!r}" for v, rs in enumerate(resistance.tolist()) for r in rs]
    path = write(tmp_path / "a.txt", "V\tR\n" + "\n".join(rows) + "\n1\tNaN\n")
    measured = read(path, CYCLES, data.Levels)
    x, g = measured.statistics, 1 / resistance
    np.testing.assert_allclose(x.mean[0], g.mean(1), rtol=1e-12)
    np.testing.assert_allclose(x.variance[0], g.var(1, ddof=1), rtol=1e-9)
    assert x.trials.tolist() == [[50, 50]]
    level = (g - 2.5e-4) / 2.5e-4
    for i in range(2):
        expected = np.histogram(level[i], np.linspace(0, 1, 65))[0]
        np.testing.assert_array_equal(x.histogram[0, i], expected)
    assert x.parallel.tolist() == [5e-4]
    assert measured.skipped == ("line 102 has no `conductance`",)


def test_blanks_separate_and_cells_may_have_units(tmp_path):
    text = "  V    G\n 0.5   2kOhm\n 0.5   0.4mS\n  1.0  1e-4S \n"
    columns = CYCLES | {"conductance": "G"}
    x = read(write(tmp_path / "a.dat", text), columns, data.Levels)
    np.testing.assert_allclose(x.statistics.mean, [[4.5e-4, 1e-4]], rtol=1e-12)
    with pytest.raises(data.FileError, match=r"line 5: `conductance` .* \[S\] or \[Ohm\]"):
        read(
            write(tmp_path / "a.dat", text + "1 1kg"),
            CYCLES | {"conductance": "G"},
            data.Levels,
        )


def test_levels_are_read_from_a_summary(tmp_path):
    text = "d,V,G,s,n,P,AP\na,1,2,.5,10,3,1\na,2,2.5,.5,20,3,1\nb,1,2,.1,5,4,1\n"
    path = write(tmp_path / "a.csv", text)
    columns = {"device": "d", "voltage": "V in V", "width": "=1 ns", "trials": "n"} | {
        "mean": "G in mS",
        "std": "s in mS",
        "parallel": "P in mS",
        "antiparallel": "AP in mS",
    }
    x = read(path, columns, data.Levels).statistics
    assert x.trials.tolist() == [[10, 20], [5, 0]]
    np.testing.assert_allclose(x.variance, [[2.5e-7, 2.5e-7], [1e-8, 0]], rtol=1e-12)
    np.testing.assert_allclose(x.parallel, [3e-3, 4e-3], rtol=1e-12)
    write(path, text + "a,1,2,.5,10,3,1\n")
    with pytest.raises(data.FileError, match="one row for each device and pulse, line 5"):
        read(path, columns, data.Levels)


GOOD = "V [V],t [ns],n,k\n1,2,10,3\n"
SHORT = {"voltage": "V", "width": "t", "trials": "n", "switched": "k"}


@pytest.mark.parametrize(
    "text, sentence",
    (
        (GOOD + "1,2,10,30\n", "line 3: `switched` must be at most `trials`, got 30"),
        (GOOD + "1,2,-10,3\n", "line 3: `trials` must be a count, 0 or more, got -10"),
        (GOOD + "1,2,10,.5\n", "line 3: `switched` must be a count, 0 or more, got 0.5"),
        (GOOD + "1,0,10,5\n", r"line 3: `width` must be > 0 \[s\], got 0"),
        (GOOD + "1,2\n", "must have 4 cells in line 3, it has 2"),
        (GOOD + "1,two,10,5\n", "line 3: `width` must be a number .* got 'two'"),
        (GOOD + "1,2 kg,10,5\n", "line 3: `width` .* 'kg' is not a unit of"),
        (GOOD.replace("V [V]", "V"), "must say the unit of `voltage`, .* `V in V`"),
        (GOOD.replace("[V]", "[A]"), "wrong unit for `voltage`: 'A' is not a unit of"),
        (GOOD.replace("[V]", "[9**9**9]"), "wrong unit for `voltage`"),
        (GOOD.replace("n,k", "n,m"), "must have a column `k`, it has V"),
        (GOOD.replace("n,k", "n,k,k"), "must have one column `k`, it has more"),
        ("", "must have a column `V`, no line is a header"),
        ("V [V],t [ns],n,k\n", "must have rows with all of the values"),
        (GOOD + ",2,10,5\n" * 3, None),
        ("\0\0\0", "must be a text file"),
        ("x" * 200_000, "no line is a header"),
        (
            GOOD + "".join(f"{i},{i},1,1\n" for i in range(1, 3000)),
            "must have set values for voltage, width, not measured ones: 3000 rows",
        ),
    ),
)
def test_a_wrong_table_is_one_sentence(text, sentence, tmp_path):
    path = write(tmp_path / "a.csv", text)
    if sentence is None:
        assert len(read(path, SHORT).skipped) == 3
        return
    with pytest.raises(data.FileError, match=sentence) as caught:
        read(path, SHORT)
    assert str(caught.value).startswith(f"`{path}`")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "columns, sentence",
    (
        (SHORT | {"colour": "c"}, "`columns` must name .*, got 'colour'"),
        ({"voltage": "V", "switched": "k"}, "must name voltage, width and either switched"),
        (SHORT | {"width": "=10"}, "`width` must have a unit, got '=10'"),
        (SHORT | {"width": "=10 kg"}, "`width` must be a number with a unit of"),
    ),
)
def test_a_wrong_mapping_is_one_sentence(columns, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        read(write(tmp_path / "a.csv", GOOD), columns)


def test_foreign_hdf5_columns_and_grids(tmp_path):
    s = switching()
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["bias/V"] = np.asarray(s.pulses.voltage) * 1e3
        file["bias/V"].attrs["units"] = "mV"
        file["t"] = np.asarray(s.pulses.width)
        file["n"] = np.asarray(s.trials)
        file.create_dataset("k", data=np.asarray(s.switched), compression="lzf")
        file["flat/V"] = [0.1, 0.1, 0.2]
        file["flat/on"] = [True, False, True]
        file["link"] = h5py.ExternalLink("other.h5", "k")
    over = {"voltage": "bias/V", "width": "t in s", "trials": "n", "switched": "k"}
    grid = data.read(
        path,
        data.Switching,
        over,
        start=data.State.PARALLEL,
        dims=("device", "voltage", "width"),
    )
    assert same(grid.statistics, s)
    flat = {"voltage": "flat/V in V", "width": "=1 ns", "switched": "flat/on"}
    assert read(path, flat).statistics.switched.tolist() == [[1, 1]]
    for columns, how, sentence in (
        (over, {}, "must have columns of one length, or `dims` must name"),
        (over, {"dims": ("voltage", "width")}, "must have an array over voltage, width"),
        (flat | {"voltage": "flat/V"}, {}, "must say the unit of `voltage`"),
        (flat | {"switched": "none"}, {}, "must hold `none`"),
        (flat | {"switched": "link"}, {}, "must hold `link` itself"),
    ):
        with pytest.raises(data.FileError, match=sentence):
            read(path, columns, **how)
    with pytest.raises(ValueError, match="`dims` must be left out"):
        read(MESSY, dims=("voltage",))


def test_our_own_files_are_no_less_readable_than_foreign_ones(tmp_path):
    data.save(tmp_path / "x.h5", levels())
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        file["std"] = np.sqrt(np.asarray(levels().variance))
    names = ("voltage", "width", "trials", "mean", "parallel", "antiparallel")
    columns = {name: name for name in names} | {"std": "std in S"}
    dims = ("device", "voltage", "width")
    x = read(tmp_path / "x.h5", columns, data.Levels, dims=dims).statistics
    np.testing.assert_allclose(x.mean, levels().mean, rtol=1e-15)
    np.testing.assert_allclose(x.variance, levels().variance, rtol=1e-12)
    np.testing.assert_array_equal(x.parallel, levels().parallel)


UNITS = {"V": 1.0, "mV": 1e-3, "kV": 1e3}


@settings(deadline=None, max_examples=40, suppress_health_check=[FIXTURE])
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(-3, 3), st.integers(1, 3))
        .flatmap(lambda key: st.tuples(st.just(key), st.integers(0, 50)))
        .flatmap(lambda row: st.tuples(st.just(row), st.integers(0, row[1]))),
        min_size=1,
        max_size=12,
    ),
    unit=st.sampled_from(sorted(UNITS)),
    delimiter=st.sampled_from(",;\t|"),
)
def test_the_counts_of_any_table_are_kept(rows, unit, delimiter, tmp_path):
    lines = [delimiter.join(("name", f"V [{unit}]", "t", "n", "k"))]
    lines += [
        delimiter.join((name, str(v), f"{t} ns", str(n), str(k)))
        for ((name, v, t), n), k in rows
    ]
    path = write(tmp_path / "a.csv", "\n".join(lines))
    measured = read(path, SHORT | {"device": "name"})
    s = measured.statistics
    voltages, widths = s.pulses.voltage.tolist(), s.pulses.width.tolist()
    trials, switched = np.zeros(s.trials.shape, int), np.zeros(s.trials.shape, int)
    for ((name, v, t), n), k in rows:
        at = (
            measured.devices.index(name),
            voltages.index(pytest.approx(v * UNITS[unit])),
            widths.index(pytest.approx(t * 1e-9)),
        )
        trials[at] += n
        switched[at] += k
    np.testing.assert_array_equal(s.trials, trials)
    np.testing.assert_array_equal(s.switched, switched)
    assert measured.rows == len(rows)
