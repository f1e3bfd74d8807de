"""Break each rule of each operation, and the sweeps, in turn, and see that the suite goes red.

    python -m tools.mutants_of_rules            all mutants
    python -m tools.mutants_of_rules Divide     those whose title holds this text

A mutant is one module with one change: a sign, a factor, an operand, a constant, a function, a comparison, a condition, a
whole rule, or a line left out. It meets the tests in a copy of the project and a process of its own, up to the first that
fails: file by file, first the tests with its name, which take a second or two, and then all.
"""

import ast
import contextlib
import multiprocessing
import os
import re
import resource
import shutil
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

# module: (the functions and classes in it that are changed, the tests that must notice, the quickest first)
MODULES = {
    "autograd_nodes.py": (
        r".", "one_set_of_rules graphs values_and_derivatives errors numpy_protocol random_graphs composed",
    ),
    "autograd_engine/graph.py": (
        r"Graph\.(sweep_|all_adjoints|forward|backward|refresh|evaluate|fold|_is_stale|_reevaluate|_store)|fit$",
        "graphs changed_leaves errors one_set_of_rules random_graphs numpy_protocol values_and_derivatives",
    ),
    "autograd_engine/order.py": (r".", "graphs changed_leaves"),
}  # fmt: skip
PROJECT = Path(__file__).resolve().parents[1]
SECONDS, BYTES = 300, 4 << 30  # what a mutant may use up; one that never comes back is caught
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to load than the tests to run

# Mutants that mean the same as the original, by a part of their title, and why.
EQUIVALENT = {
    "float else np.maximum(x, y)  ->  np.maximum(x, y)": "only slower: the result becomes a float again",
    "x + equal(x, 0.0) * equal(y, 0.0)  ->  x - equal": "the sign of a number that is multiplied by y = 0",
    "isinstance(like, (float, np.ndarray))  ->  False": "only slower: a product with ones is a broadcast",
    "x * ones  ->  x / ones": "the same numbers",
    "np.sum(x, axis=added) if added else x  ->  np.sum(x, axis=added)": "only slower: a sum over no axes is a copy",
    "if stretched else t  ->  np.sum(t, axis=stretched, keepdims=True)": "only slower, likewise",
    "there == 1 and here != 1  ->  there == 1": "only slower: a sum over one element is the element",
    "values is not self.values  ->  True": "only slower: what is stored is what was there",
    "values  ->  seen": "only slower, in the comparison before it",
    "len(adjoints) < len(self._active)  ->  True": "only slower: there is nothing to fill in",
    "len(adjoints) < len(self._active)  ->  len(adjoints) <=": "only slower, likewise",
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
    match node:
        case ast.expr():
            yield from ((node, new) for new in variants(node, arguments))
        case ast.If(test):
            yield from ((test, ast.Constant(value)) for value in (True, False))
        case ast.Assign() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Expr(ast.Call()):
            yield node, ast.Pass()
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.arguments | ast.JoinedStr):  # neither defaults nor messages
            yield from pieces(child, arguments)


def scopes(source):
    """(name, syntax) of each function, method, and other line of a class."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                yield f"{node.name}.{part.name}" if isinstance(part, ast.FunctionDef) else node.name, part


def mutants():
    """(module, name, title, source) of each, in the order of the files."""
    for module, (changed, _) in MODULES.items():
        original, seen = (PROJECT / module).read_bytes(), set()
        starts = [0]
        for line in original.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        for name, scope in scopes(original):
            for old, new in pieces(scope) if re.match(changed, name) else ():
                start, end = starts[old.lineno - 1] + old.col_offset, starts[old.end_lineno - 1] + old.end_col_offset
                text = ast.unparse(ast.fix_missing_locations(new))
                source = original[:start] + (f"({text})" if isinstance(new, ast.expr) else text).encode() + original[end:]
                if source not in seen:
                    seen.add(source)
                    yield module, name, f"{name} line {old.lineno}: {' '.join(ast.unparse(old).split())}  ->  {text}", source


@contextlib.contextmanager
def copy_with(module, source):
    """A copy of the project with this source in the place of the module, as the working directory."""
    with tempfile.TemporaryDirectory() as directory:
        ignored = shutil.ignore_patterns(".*", "__pycache__", "docs", "build", "*.ipynb")
        shutil.copytree(PROJECT, directory, dirs_exist_ok=True, ignore=ignored)
        Path(directory, module).write_bytes(source)
        sys.path.insert(0, directory)
        os.chdir(directory)
        yield
        os.chdir(PROJECT)


def passes(name, *options):
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        code = pytest.main(["-xq", "-p", "no:cacheprovider", f"tests/test_{name}.py", *options])
    return code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def fate(mutant):
    module, name, title, source = mutant

    def give_up(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    started, tests, own = time.monotonic(), MODULES[module][1].split(), ("-k", name.split(".")[0])
    try:
        with copy_with(module, source):
            alive = all(passes(test, *options) for options in (own, ()) for test in tests)
    except (TimeoutError, MemoryError):
        alive = False
    if alive:
        return title, "equal" if any(part in title for part in EQUIVALENT) else "ALIVE"
    return title, "endless" if time.monotonic() - started > SECONDS else "caught"


def main(text=""):
    titles = {"caught": [], "endless": [], "equal": [], "ALIVE": []}
    with multiprocessing.get_context("fork").Pool(maxtasksperchild=1) as pool:
        originals = [(module, "original", "the original", (PROJECT / module).read_bytes()) for module in MODULES]
        if {end for _, end in pool.map(fate, originals)} != {"ALIVE"}:
            sys.exit("the suite is red before anything is broken")
        for title, end in pool.imap(fate, [mutant for mutant in mutants() if text in mutant[2]]):
            titles[end].append(title)
            print(f"{sum(map(len, titles.values())):4} {end:7} {title}", flush=True)
    equal, endless, alive = len(titles["equal"]), len(titles["endless"]), titles["ALIVE"]
    changed = sum(map(len, titles.values())) - equal
    print(f"\n{changed - len(alive)} of {changed} mutants caught ({endless} never ended); {equal} more equal the original")
    print("Survivors:", *alive or ["none"], sep="\n    ")
    return bool(alive)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
