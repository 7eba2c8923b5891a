"""aihwkit's layer, for `crossbar_layer.py`: runs under another Python, beside it.

    python benchmarks/aihwkit_layer.py SIZE BATCH

Reads numbers of repetitions from the standard input, one a line, and answers each with
the CPU time of so many forward and backward passes [s].
"""

import sys
import time

import torch
from aihwkit import __version__
from aihwkit.nn import AnalogLinear
from aihwkit.simulator.configs import InferenceRPUConfig, TorchInferenceRPUConfig


def analog(size):
    """The layer on the tile in C++, or on that in torch if the first refuses to work."""
    try:
        config = InferenceRPUConfig()
        return AnalogLinear(size, size, bias=False, rpu_config=config), "tile in C++"
    except RuntimeError as reason:
        config = TorchInferenceRPUConfig()
        made = AnalogLinear(size, size, bias=False, rpu_config=config)
        return made, f"tile in torch, that in C++ says: {reason}"


def main():
    size, batch = map(int, sys.argv[1:3])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    plain = torch.nn.Linear(size, size, bias=False)
    array, kind = analog(size)
    x = torch.randn(batch, size, requires_grad=True)

    def run(layer):
        layer.zero_grad()
        x.grad = None
        (layer(x) ** 2).sum().backward()

    print(f"aihwkit {__version__}, torch {torch.__version__}, {kind}", flush=True)
    for line in sys.stdin:
        times = []
        for layer in (plain, array):
            run(layer)
            start = time.process_time()
            for _ in range(int(line)):
                run(layer)
            times.append(time.process_time() - start)
        print(*times, flush=True)


if __name__ == "__main__":
    main()
