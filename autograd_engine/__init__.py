"""What carries the nodes of autograd_nodes.py: graphs, derivatives, pictures and tables, programs.

Names are imported when they are asked for, so that the nodes do not need Numba.
"""

from importlib import import_module

WHERE = {
    "derivatives": ["gradient", "jacobian", "hessian", "eliminate_common_subexpressions"],
    "formulas": ["contributions"],
    "tables": ["Table", "adjoint_equations", "evaluation_trace"],
    "drawing": ["Drawing", "draw"],
    "explorer": ["Explorer", "explore"],
    "program": ["Program"],
}
__all__ = [name for names in WHERE.values() for name in names]


def __getattr__(name):
    for module, names in WHERE.items():
        if name in names:
            return getattr(import_module(f"autograd_engine.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
