"""The frame of `mtjax reproduce`: what is finished stays, what differs is refused."""

import hashlib
import json
import subprocess

import numpy as np
import pytest

from mtjax import data
from mtjax._commit import commit
from mtjax._directory import provenance
from mtjax._reproduce import listed, named, one
from mtjax._tree import BadInput
from mtjax.training import papers

from ..test_packaging import ROOT


CARDS = sorted((ROOT / "training/papers/cards").glob("*.toml"))


def paper(*steps):
    """A paper that borrows a card."""
    return papers.Paper("finite_difference", "A title", "Someone (2026).", steps)


def step(number, calls, fails=False, **options):
    def run(card, session):
        """What the step does."""
        calls.append(number)
        kept = session.keep(f"{number}", lambda: calls.append("part") or {"x": np.ones(2)})
        if fails:
            raise KeyboardInterrupt
        row = papers.Row(f"number {number}", 2.5, "%", (2.0, np.inf), paper="3 % [P]")
        return papers.Result([row], {"x": kept["x"] * number})

    return papers.Step(number, f"Step {number}", run, **options)


def test_an_interrupted_run_goes_on_after_the_last_finished_step(tmp_path):
    calls = []
    with pytest.raises(KeyboardInterrupt):
        one(paper(step(1, calls), step(2, calls, fails=True)), tmp_path, True, 0)
    assert calls == [1, "part", 2, "part"]
    text = one(paper(step(1, calls), step(2, calls)), tmp_path, True, 0)
    assert calls == [1, "part", 2, "part", 2], "a finished step or part was made again"
    result = json.loads((tmp_path / "result.json").read_text())
    (row,) = result["steps"]["2"]["rows"]
    assert (row["obtained"], row["interval"]) == (2.5, [2.0, None])
    assert data.load(tmp_path / "step-2.h5", {"x": np.zeros(2)})["x"].tolist() == [2, 2]
    assert not list(tmp_path.glob("part-*"))
    for told in (text, (tmp_path / "finite_difference.md").read_text()):
        assert result["card"] in told
        assert "number 2" in told
        assert "3 % [P]" in told


def test_a_page_says_what_made_each_step_and_what_is_not_there(tmp_path, monkeypatch):
    calls = []
    made = provenance
    old = lambda: made() | {"commit": "0123456789ab"}
    monkeypatch.setattr("mtjax._reproduce.provenance", old)
    with pytest.raises(KeyboardInterrupt):
        one(paper(step(1, calls), step(2, calls, fails=True)), tmp_path, True, 0)
    told = (tmp_path / "finite_difference.md").read_text()
    assert "the quick run without step 2" in told
    assert "commit `0123456789ab`" in told
    new = lambda: made() | {"commit": "ba9876543210"}
    monkeypatch.setattr("mtjax._reproduce.provenance", new)
    one(paper(step(1, calls), step(2, calls)), tmp_path, True, 0)
    told = (tmp_path / "finite_difference.md").read_text()
    head, first = told.split("## 1. Step 1")
    first, second = first.split("## 2. Step 2")
    assert "ba9876543210" in head
    assert "0123456789ab" in first
    assert "commit" not in second
    assert "Student's t" in head


def test_the_commit_is_that_of_the_checkout():
    found = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode or not (ROOT / ".git").exists():
        assert commit() is None
    else:
        assert found.stdout.startswith(str(commit()).removesuffix("+"))


@pytest.mark.parametrize("quick, seed", ((False, 0), (True, 1)))
def test_another_configuration_is_refused(tmp_path, quick, seed):
    calls = []
    one(paper(step(1, calls)), tmp_path, True, 0)
    with pytest.raises(BadInput, match="choose another `--out`"):
        one(paper(step(1, calls)), tmp_path, quick, seed)


def test_a_step_without_its_data_is_left_out_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MTJAX_DATA", raising=False)
    calls = []
    needy = step(2, calls, data=("mnist",))
    told = one(paper(step(1, calls), needy), tmp_path, True, 0)
    assert calls == [1, "part"]
    assert "MTJAX_DATA" in told
    assert "MTJAX_DATA" in capsys.readouterr().err
    assert "Left out" in (tmp_path / "finite_difference.md").read_text()


def test_an_unknown_paper_is_one_sentence_with_the_nearest():
    with pytest.raises(BadInput, match="nearest is `finite_difference`"):
        named("finite_diference")


def test_every_paper_has_a_card_and_is_listed():
    assert {path.stem for path in CARDS} == set(papers.PAPERS)
    assert all(name in listed() for name in papers.PAPERS)


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_every_number_of_a_card_reads_and_has_a_source(path):
    card = papers.Card.read(path.stem)
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    for key, entry in card.entries.items():
        if key.startswith("sizes."):
            assert {"full", "quick", "protocol"} <= set(entry), key
        else:
            assert "unit" in entry, key


def test_a_card_without_a_source_is_refused(tmp_path):
    path = tmp_path / "card.toml"
    path.write_text('[a]\nb = { value = 1, unit = "V", source = "" }\n')
    with pytest.raises(ValueError, match=r"`a.b` of the card x must have a `source`"):
        papers.Card.read("x", path)


def test_bootstrap_of_a_mean_is_that_of_the_normal_law():
    values = np.random.default_rng(1).normal(size=400)
    low, high = papers.bootstrap(values)
    # 2000 resamples: the quantile is known to some .1 standard errors.
    error = values.std() / np.sqrt(400)
    np.testing.assert_allclose(
        [low, high], values.mean() + np.array([-1.96, 1.96]) * error, atol=0.25 * error
    )
