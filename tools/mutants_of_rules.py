"""Break each rule of each operation in turn, and see that the suite goes red.

    python tests/mutants_of_rules.py            all mutants
    python tests/mutants_of_rules.py Divide     those whose title holds this text

A mutant is autograd_nodes.py with one change: a sign, a factor, an operand, a constant, a function, a comparison, a
condition, a whole rule; in the sweeps also a line left out. Changed are the operations, the functions that rules are
written with, and the sweeps. Each mutant meets the tests in a process of its own, up to the first that fails.
"""

import ast
import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import dask.array  # noqa: F401  (the heavy ones, once, before the processes part)
import hypothesis  # noqa: F401
import mpmath  # noqa: F401
import pytest
import sympy  # noqa: F401

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to load than the tests to run

TESTS = Path(__file__).resolve().parent
SOURCE = (TESTS.parent / "autograd_nodes.py").read_bytes()
VALUES, RULES, GRAPHS, ERRORS, PROTOCOL, RANDOM = [
    f"tests/test_{name}.py"
    for name in ("values_and_derivatives", "one_set_of_rules", "graphs", "errors", "numpy_protocol", "random_graphs")
]
SECONDS, BYTES = 300, 4 << 30  # what a mutant may use up; one that never comes back is caught

HELPERS = ["_scalars_by", "maximum", "equal", "matmul", "outer", "keep_axes", "max_rule", "_fitted"]
SWEEPS = [f"Graph.{name}" for name in ("forward", "backward", "_values", "_adjoints", "_commit", "_is_stale", "_refresh")]

# Mutants that mean the same as the original, by a part of their title, and why.
EQUIVALENT = {
    "is float else np.maximum(x, y)  ->  np.maximum(x, y)": "only slower: the result becomes a float again",
    "x + equal(x, 0.0) * equal(y, 0.0)  ->  x - equal": "the sign of a number that is multiplied by y = 0",
    "not isinstance(x, (float, np.ndarray)))  ->  isinstance(like, np.ndarray)": "zeros like a number or an array are an array",
    "not isinstance(x, (float, np.ndarray)))  ->  not isinstance(x": "other chunks, the same zeros",
    "isinstance(like, (float, np.ndarray))  ->  False": "only slower: a product with ones is a broadcast",
}

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
FUNCTIONS = {
    "sin": "cos", "cos": "sin", "exp": "sin", "log": "sin", "sqrt": "sin", "tanh": "sin", "max": "min", "maximum": "equal",
    "equal": "maximum", "sum": "max", "ones_like": "zeros_like", "zeros_like": "ones_like", "transpose": "negative",
    "BroadcastLike": "SumLike", "SumLike": "BroadcastLike", "abs": "float", "any": "all", "all": "any",
}  # fmt: skip


def variants(node, arguments):
    """What is put in the place of a piece of syntax; `arguments` are those of the function around it."""
    match node:
        case ast.BinOp(left, operator, right):
            yield from (left, right)
            if not isinstance(operator, ast.Add | ast.Mult):
                yield ast.BinOp(right, operator, left)
            if type(operator) in OPERATORS:
                yield ast.BinOp(left, OPERATORS[type(operator)](), right)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Name(name, ast.Load()) if name in arguments and len(arguments) > 1:
            yield ast.Name(arguments[(arguments.index(name) + 1) % len(arguments)])
        case ast.Name(name, ast.Load()) if name in FUNCTIONS:
            yield ast.Name(FUNCTIONS[name])
        case ast.Attribute(ast.Name("np"), name) if name in FUNCTIONS:
            yield ast.Attribute(ast.Name("np"), FUNCTIONS[name])
        case ast.Compare(left, [operator], right) if type(operator) in OPERATORS:
            yield ast.Compare(left, [OPERATORS[type(operator)]()], right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(OPERATORS[type(operator)](), values)
            yield from values
        case ast.IfExp(_, body, otherwise):
            yield from (body, otherwise)
        case ast.Lambda(args, body) if arguments:
            yield ast.Lambda(args, ast.UnaryOp(ast.USub(), body))
            yield ast.Lambda(args, ast.BinOp(ast.Constant(2.0), ast.Mult(), body))
            yield ast.Constant(None)
        case ast.Tuple([ast.Lambda() as first, ast.Lambda() as second]) if ast.unparse(first) != ast.unparse(second):
            yield ast.Tuple([second, first])


def pieces(node, arguments=()):
    """Every piece of syntax below a node that a mutation may replace, with what may replace it."""
    if isinstance(node, ast.Lambda | ast.FunctionDef):
        parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments = [parameter.arg for parameter in parameters if parameter.arg != "self"]
    if isinstance(node, ast.expr):
        yield from ((node, new) for new in variants(node, arguments))
    if isinstance(node, ast.If):
        yield from ((node.test, ast.Constant(value)) for value in (True, False))
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.arguments | ast.JoinedStr):  # neither defaults nor messages
            yield from pieces(child, arguments)


def lines(function):
    """Each line of a function left out."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Raise | ast.Continue) or is_call(node):
            yield node, ast.Pass()


def is_call(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def scopes():
    """(title, syntax) of all that is changed."""
    for node in ast.parse(SOURCE).body:
        if isinstance(node, ast.FunctionDef) and node.name in HELPERS:
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            functions = {f"{node.name}.{part.name}": part for part in node.body if isinstance(part, ast.FunctionDef)}
            yield from ((title, part) for title, part in functions.items() if title in SWEEPS)
            if any(title.endswith(".forward") for title in functions) and node.name != "Graph":
                yield from ((node.name, part) for part in node.body)


def mutants():
    """(title, source) of each, in the order of the file."""
    starts = [0]
    for line in SOURCE.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    seen = set()
    for scope, node in scopes():
        for old, new in [*pieces(node), *(lines(node) if scope in SWEEPS else ())]:
            start, end = starts[old.lineno - 1] + old.col_offset, starts[old.end_lineno - 1] + old.end_col_offset
            text = ast.unparse(ast.fix_missing_locations(new))
            source = SOURCE[:start] + (f"({text})" if isinstance(new, ast.expr) else text).encode() + SOURCE[end:]
            if source not in seen:
                seen.add(source)
                yield scope, f"{scope} line {old.lineno}: {' '.join(ast.unparse(old).split())}  ->  {text}", source


def run(source, *arguments):
    """Whether the tests pass with this source in the place of autograd_nodes.py."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "autograd_nodes.py").write_bytes(source)
        sys.path.insert(0, directory)
        os.chdir(TESTS.parent)
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            code = pytest.main(["-qx", "-p", "no:cacheprovider", "-o", f"pythonpath={directory}", *arguments])
    return code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def fate(mutant):
    """Of a mutant in the tests of its own operation first, which take a second, and in the others after them."""

    def give_up(*_):
        raise TimeoutError

    scope, title, source = mutant
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    own = [(VALUES, "-k", f"[{scope}-")] if scope not in HELPERS + SWEEPS else []
    started = time.monotonic()
    try:
        alive = all(run(source, *tests) for tests in (*own, (RULES, GRAPHS, ERRORS), (VALUES,), (PROTOCOL, RANDOM)))
    except (TimeoutError, MemoryError):
        alive = False
    if alive:
        return title, "equal" if any(part in title for part in EQUIVALENT) else "ALIVE"
    return title, "endless" if time.monotonic() - started > SECONDS else "caught"


def main(text=""):
    missing = {*HELPERS, *SWEEPS} - {scope for scope, _ in scopes()}
    if missing:
        sys.exit(f"no longer in autograd_nodes.py: {missing}")
    context = multiprocessing.get_context("fork")
    with context.Pool(2, maxtasksperchild=1) as pool:
        if next(pool.imap(fate, [("Add", "the original", SOURCE)]))[1] != "ALIVE":
            sys.exit("the suite is red before anything is broken")
        titles = {"caught": [], "endless": [], "equal": [], "ALIVE": []}
        for title, end in pool.imap(fate, [mutant for mutant in mutants() if text in mutant[1]]):
            titles[end].append(title)
            print(f"{sum(map(len, titles.values())):4} {end:7} {title}", flush=True)
    equal, endless, alive = len(titles["equal"]), len(titles["endless"]), titles["ALIVE"]
    changed = sum(map(len, titles.values())) - equal
    print(f"\n{changed - len(alive)} of {changed} mutants caught ({endless} never ended); {equal} more equal the original")
    print("Survivors:", *alive or ["none"], sep="\n    ")
    return bool(alive)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
