"""What to write instead of what nodes do not do: a table for Python, and a table for NumPy."""

NUMBER = (
    "a node is not a number: take its .value, write np.sin(x) where you have math.sin(x), "
    "and put nodes into an array by np.stack([x, y])"
)
WHOLE = "round, // and % are not operations of nodes: apply them to the number, node.value"
ORDER = (
    "nodes have no order, since their values change: compare node.value. The larger of two nodes is np.maximum(x, y), the "
    "smaller np.minimum(x, y), and np.where(x > 0, x, 0) is np.maximum(x, 0)"
)
ENTRIES = "a node's entries cannot be set: give a leaf a whole new array, x.value = [...], or build a node by np.stack([...])"

REFUSED = {  # method, what its error says
    **dict.fromkeys(["__float__", "__int__"], NUMBER),
    **dict.fromkeys(["__round__", "__floordiv__", "__rfloordiv__", "__mod__", "__rmod__"], WHOLE),
    **dict.fromkeys(["__lt__", "__le__", "__gt__", "__ge__"], ORDER),
    **dict.fromkeys(["__setitem__", "__delitem__"], ENTRIES),
    "__format__": "a node cannot be formatted as a number, its value can: f'{node.value:.2f}'",
    "__array__": "a node is not an array: take its .value, or put nodes together with np.stack([...])",
    "__bool__": "a node has no truth value: compare its .value instead",
}

# A call, and what to write for it. Here x and y are nodes of any shape, v and w vectors, m is a matrix; mask, low and high are
# arrays or numbers.
INSTEAD = [
    ("np.where(x > 0, x, 0)", "np.maximum(x, 0)"),
    ("np.where(mask, x, y)", "mask * x + (1 - mask) * y"),
    ("np.clip(x, low, high)", "np.minimum(np.maximum(x, low), high)"),
    ("np.fmax(x, y)", "np.maximum(x, y)"),
    ("np.fmin(x, y)", "np.minimum(x, y)"),
    ("np.fabs(x)", "np.abs(x)"),
    ("np.reciprocal(x)", "1 / x"),
    ("np.float_power(x, y)", "x**y"),
    ("np.exp2(x)", "2**x"),
    ("np.expm1(x)", "np.exp(x) - 1"),
    ("np.log1p(x)", "np.log(1 + x)"),
    ("np.log2(x)", "np.log(x) / np.log(2)"),
    ("np.log10(x)", "np.log(x) / np.log(10)"),
    ("np.logaddexp(x, y)", "np.log(np.exp(x) + np.exp(y))"),
    ("np.tan(x)", "np.sin(x) / np.cos(x)"),
    ("np.sinh(x)", "(np.exp(x) - np.exp(-x)) / 2"),
    ("np.cosh(x)", "(np.exp(x) + np.exp(-x)) / 2"),
    ("np.hypot(x, y)", "np.sqrt(x**2 + y**2)"),
    ("np.linalg.norm(v)", "np.sqrt(np.sum(v**2))"),
    ("np.prod(v)", "math.prod(v)"),
    ("np.average(x)", "np.mean(x)"),
    ("np.var(x)", "np.mean((x - np.mean(x)) ** 2)"),
    ("np.std(x)", "np.sqrt(np.mean((x - np.mean(x)) ** 2))"),
    ("np.ptp(x)", "np.max(x) - np.min(x)"),
    ("np.diff(v)", "v[1:] - v[:-1]"),
    ("np.cumsum(v)", "np.tri(len(v)) @ v"),
    ("np.inner(v, w)", "v @ w"),
    ("np.vdot(v, w)", "v @ w"),
    ("np.outer(v, w)", "v[:, None] * w"),
    ("np.trace(m)", "np.sum(m * np.eye(len(m)))"),
    ("np.ravel(x)", "x.reshape(-1)"),
    ("np.expand_dims(v, 0)", "v[None]"),
    ("np.swapaxes(m, 0, 1)", "m.T"),
    ("np.flip(v)", "v[::-1]"),
    ("np.concatenate([v, w])", "np.stack([*v, *w])"),
    ("np.hstack([v, w])", "np.stack([*v, *w])"),
    ("np.append(v, w)", "np.stack([*v, *w])"),
    ("np.vstack([v, w])", "np.stack([v, w])"),
    ("np.column_stack([v, w])", "np.stack([v, w], axis=1)"),
    ("np.broadcast_to(v, (2, 3))", "v + np.zeros((2, 3))"),
    ("np.greater(x, y)", "x.value > y.value"),
    ("np.greater_equal(x, y)", "x.value >= y.value"),
    ("np.less(x, y)", "x.value < y.value"),
    ("np.less_equal(x, y)", "x.value <= y.value"),
    ("np.zeros_like(x)", "np.zeros(x.shape)"),
    ("np.ones_like(x)", "np.ones(x.shape)"),
]


def refusal(words):
    def refuse(self, *args, **kwargs):
        raise TypeError(words)

    return refuse


Refusals = type("Refusals", (), {"__slots__": ()} | {name: refusal(words) for name, words in REFUSED.items()})


def no_operation(function, method="", unsupported=()):
    """What to do where no operation stands for a NumPy function, or for a keyword of it."""
    module = getattr(function, "__module__", "numpy").replace("numpy", "np", 1)
    name = f"{module}.{function.__name__}{method}"
    if unsupported:
        hint = "; for array += node, write array = array + node" if "out" in unsupported else ""
        return f"{name} of nodes does not take {', '.join(sorted(unsupported))}{hint}"
    known = [f"write {code} for {call}" for call, code in INSTEAD if call.startswith(f"{name}(")]
    own = f"define a Node subclass with function = {name}, or use its .value for a number"
    return f"no operation stands for {name}: {', or '.join(known) or own}"
