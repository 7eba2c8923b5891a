from ._cell import LevelTable as LevelTable, TableCell as TableCell
from ._fit import Fit as Fit, fit as fit
from ._granular import GranularSynapse as GranularSynapse
from ._model import AbstractModel as AbstractModel
from ._switching import SwitchingProbability as SwitchingProbability
