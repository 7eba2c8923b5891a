"""Published systems, reproduced: `mtjax reproduce` runs what is listed in `PAPERS`."""

from ._bootstrap import bootstrap as bootstrap
from ._card import Card as Card
from ._cifar import (
    answers as answers,
    cifar_images as cifar_images,
    cifar_resnet18 as cifar_resnet18,
    ESTIMATED as ESTIMATED,
)
from ._page import page as page
from ._paper import Paper as Paper, Result as Result, Row as Row, Step as Step
from ._session import Session as Session
from ._table import markdown as markdown, table as table
from .finite_difference import PAPER as _finite_difference
from .granular_synapse import PAPER as _granular_synapse
from .passive_wine import PAPER as _passive_wine
from .sot_binary import PAPER as _sot_binary
from .spin_synapse_ptq import PAPER as _spin_synapse_ptq


PAPERS: dict[str, Paper] = {
    paper.name: paper
    for paper in (
        _finite_difference,
        _granular_synapse,
        _sot_binary,
        _passive_wine,
        _spin_synapse_ptq,
    )
}
