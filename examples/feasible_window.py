"""The feasible window of the granular memory, with the slopes of its borders."""

import sys

import jax
import jax.random as jr
import matplotlib

from mtjax import llg


matplotlib.use("Agg")
jax.config.update("jax_enable_x64", True)

device = llg.presets.granular_memory()
grains = llg.microstructures(device, 1, key=jr.key(0), relaxations=60)
need = llg.Need(width=3e-9, share=0.6)
window = llg.feasible_window(device, grains, key=jr.key(1), need=need)
print(window.table())
figure = llg.window_figure(window, device)
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "feasible_window.png", dpi=110)
