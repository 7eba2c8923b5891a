from ._differences import (
    central_differences as central_differences,
    Comparison as Comparison,
    difference_table as difference_table,
)
from ._metrics import (
    accuracy as accuracy,
    confusion_matrix as confusion_matrix,
    cross_entropy as cross_entropy,
    majority as majority,
)
from ._networks import mlp as mlp, Perceptron as Perceptron
from ._optimizer import adamw as adamw, sgd as sgd
from ._sensitivity import Sensitivity as Sensitivity, sensitivity as sensitivity
from ._step import batched as batched
from ._train import train as train, Training as Training
