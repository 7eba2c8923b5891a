from ._array_linear import ArrayLinear as ArrayLinear
from ._augment import crop_and_flip as crop_and_flip
from ._calibrate import calibrate as calibrate, off_array as off_array
from ._convolution import Convolution as Convolution
from ._differences import (
    central_differences as central_differences,
    Comparison as Comparison,
    difference_table as difference_table,
)
from ._distillation import Distillation as Distillation
from ._evaluate import Chips as Chips, evaluate_chips as evaluate_chips
from ._figures import (
    plot_confusion as plot_confusion,
    plot_curves as plot_curves,
    plot_sensitivity as plot_sensitivity,
)
from ._grid import Rounding as Rounding, to_grid as to_grid
from ._in_the_loop import (
    DeviceInLoop as DeviceInLoop,
    JunctionPerceptron as JunctionPerceptron,
    Neurons as Neurons,
)
from ._ir_drop import Wires as Wires
from ._layers import layer_inputs as layer_inputs, linear_layers as linear_layers
from ._lenet import LeNet as LeNet, lenet as lenet
from ._metrics import (
    accuracy as accuracy,
    confusion_matrix as confusion_matrix,
    cross_entropy as cross_entropy,
    majority as majority,
)
from ._networks import mlp as mlp, Perceptron as Perceptron
from ._neurons import (
    AbstractPairs as AbstractPairs,
    Instrument as Instrument,
    SimulatedPairs as SimulatedPairs,
    Slope as Slope,
)
from ._noisy_weights import NoisyWeights as NoisyWeights
from ._normalisation import (
    BatchNorm as BatchNorm,
    estimate_statistics as estimate_statistics,
    fold as fold,
    NormedConvolution as NormedConvolution,
)
from ._observers import observe as observe, Observer as Observer
from ._on_array import ArrayNetwork as ArrayNetwork, on_array as on_array
from ._optimizer import adamw as adamw, sgd as sgd
from ._protocol import Protocol as Protocol
from ._ptq import quantise as quantise
from ._quantised import Quantised as Quantised, QuantisedLinear as QuantisedLinear
from ._resnet import ResNet as ResNet, resnet18 as resnet18, Stem as Stem
from ._scores import Scores as Scores
from ._sensitivity import Sensitivity as Sensitivity, sensitivity as sensitivity
from ._statistical import Statistical as Statistical
from ._step import batched as batched
from ._through_array import ThroughArray as ThroughArray
from ._train import train as train, Training as Training
from ._weights import load_weights as load_weights, save_weights as save_weights
