"""The table of engines: this library, its peers, and the limit, the derivative written by hand.

An engine is a function in a file of this package. The file imports the engine's library, and only the engine's own process
imports the file. The function is given a formula, its arguments, and by how many of these, the first ones, to differentiate;
it returns what computes value and gradient whenever it is called.
"""

import importlib
from typing import NamedTuple

OURS, BY_HAND, PEER, BUFFER = "ours", "by hand", "peer", "peer that is not called with numbers"


class Engine(NamedTuple):
    place: str  # its file and function
    role: str
    works: str  # the kinds of works that it does
    color: str
    marker: str

    def load(self):
        file, function = self.place.split(".")
        return getattr(importlib.import_module(f"{__name__}.{file}"), function)


ENGINES = {  # the first one that does a work gives the reference for the others
    "by hand, NumPy": Engine("hand.with_numpy", BY_HAND, "point fit summed", "#000000", "x"),
    "by hand, Python": Engine("hand.with_python", BY_HAND, "point", "#000000", "+"),
    "by hand, Numba loop": Engine("hand.with_numba", BY_HAND, "point fit summed", "#000000", "|"),
    "compiled": Engine("program.compiled", OURS, "point fit summed soon long", "#c00000", "D"),
    "compiled, without out=": Engine("program.compiled_without_out", OURS, "summed", "#e8826b", "D"),
    "uncompiled program": Engine("program.uncompiled", OURS, "step", "#5f9ed1", "D"),
    "uncompiled sweep": Engine("sweep.uncompiled", OURS, "point first demo fit summed chain soon long", "#1f5fb4", "s"),
    "sweep of new values": Engine("sweep.with_new_values", OURS, "step", "#1f5fb4", "D"),
    "PyTorch": Engine("pytorch.eager", PEER, "point first demo step fit summed chain", "#e07b00", "o"),
    "torch.compile": Engine("pytorch.compiled", PEER, "point fit summed soon", "#e07b00", "^"),
    "JAX": Engine("jax.eager", PEER, "first", "#7b3fa0", "o"),
    "JAX jit": Engine("jax.jit", PEER, "point fit summed chain soon", "#7b3fa0", "v"),
    "HIPS autograd": Engine("hips.eager", PEER, "point first demo step fit summed chain", "#2a8f5b", "o"),
    "MyGrad": Engine("mygrad.eager", PEER, "point first demo step fit summed chain", "#8a6d3b", "o"),
    "micrograd": Engine("micrograd.eager", PEER, "point first demo step chain", "#d9579b", "o"),
    "CasADi": Engine("casadi.called", PEER, "point chain", "#6b7785", "P"),
    "CasADi, buffer": Engine("casadi.on_buffer", BUFFER, "point", "#6b7785", "X"),
}
