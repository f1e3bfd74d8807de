"""What a beginner does wrong: each mistake is an error at once, whose words say what to write instead."""

import math
import pickle

import numpy as np
import pytest

import autograd_nodes as op
from autograd_engine import Program, adjoint_equations, contributions, draw, evaluation_trace
from autograd_engine.advice import INSTEAD
from autograd_engine.expressions import operations
from autograd_nodes import Constant, Graph, Node, Variable


def surroundings():
    """What a beginner has at hand, anew for each mistake."""
    x, v = Variable(2.0, "x"), Variable([1.0, 2.0], "v")
    return {**vars(op), "np": np, "math": math, "x": x, "v": v, "y": x * 3.0, "array": np.ones(2), "pi": np.float64(3.14)}


RULE = "class Cosh(Node):\n    function = np.cosh\n    def forward({forward}): return np.cosh(x)\n    backward = {backward}"
NUMBER, ORDER = ["not a number", ".value", "np.sin(x)"], ["no order", "node.value", "np.maximum(x, y)", "np.minimum(x, y)"]

MISTAKES = [  # code, the error, words of its message
    # numbers
    ("math.sin(y)", TypeError, NUMBER),
    ("math.floor(y)", TypeError, NUMBER),
    ("float(y)", TypeError, NUMBER),
    ("int(y)", TypeError, NUMBER),
    ("complex(y)", TypeError, NUMBER),
    ("'%.2f' % y", TypeError, NUMBER),
    ("f'{y:.2f}'", TypeError, ["formatted", "{node.value:.2f}"]),
    ("round(y)", TypeError, ["round", "node.value"]),
    ("round(y, 2)", TypeError, ["round", "node.value"]),
    ("y // 2", TypeError, ["//", "node.value"]),
    ("2 // y", TypeError, ["//", "node.value"]),
    ("y % 2", TypeError, ["%", "node.value"]),
    ("2 % y", TypeError, ["%", "node.value"]),
    # comparisons
    ("y > 0", TypeError, ORDER),
    ("y >= 0", TypeError, ORDER),
    ("0 > y", TypeError, ORDER),
    ("0 >= y", TypeError, ORDER),
    ("max(x, y)", TypeError, ORDER),
    ("min(x, y)", TypeError, ORDER),
    ("sorted([x, y])", TypeError, ORDER),
    ("max(y, pi)", TypeError, ["np.greater", "x.value > y.value"]),
    ("np.where(y > 0, y, 0)", TypeError, ["np.where", "np.maximum(x, 0)"]),
    ("bool(y)", TypeError, ["no truth value", ".value"]),
    ("if x == 2.0: pass", TypeError, ["no truth value", ".value"]),
    # arrays
    ("v[0] = 1", TypeError, ["cannot be set", "x.value = [...]", "np.stack"]),
    ("del v[0]", TypeError, ["cannot be set", "x.value = [...]", "np.stack"]),
    ("array[0] = x", ValueError, ["np.stack([x, y])"]),
    ("array[:] = v", TypeError, ["not an array", ".value", "np.stack"]),
    ("np.array([x, y])", TypeError, ["not an array", ".value", "np.stack"]),
    ("np.sum([x, y])", TypeError, ["not an array", ".value", "np.stack"]),
    ("array += v", TypeError, ["out", "array = array + node"]),
    ("np.stack(x)", TypeError, ["scalar", "[x, y]"]),
    ("len(x)", TypeError, ["scalar"]),
    ("list(x)", TypeError, ["scalar"]),
    # NumPy's functions: for others see the table of what to write instead
    ("np.where(v, v, 0)", TypeError, ["np.where", "np.maximum(x, 0)", "mask * x + (1 - mask) * y"]),
    ("np.concatenate([v, v])", TypeError, ["np.concatenate", "np.stack([*v, *w])"]),
    ("np.linalg.norm(v)", TypeError, ["np.linalg.norm", "np.sqrt(np.sum(v**2))"]),
    ("np.median(v)", TypeError, ["np.median", "Node subclass", ".value"]),
    # sweeps
    ("y.backward()", TypeError, ["Graph(node).backward()"]),
    ("x.backward()", TypeError, ["Graph(node).backward()"]),
    ("Graph(y).backward()['x']", KeyError, ["'x'", "up by the Variable itself"]),
    ("Graph(y).backward()[y]", KeyError, ["Multiply(6.0)", "not a Variable of this graph"]),
    # leaves and their values
    ("Variable('x', 3)", TypeError, ["value comes first", "Variable(2.0, 'x')"]),
    ("Variable(10**400)", ValueError, ["finite", "largest float"]),
    ("x * 10**400", ValueError, ["finite", "largest float"]),
    ("x.value = -(10**400)", ValueError, ["finite", "largest float"]),
    ("v.value += 1", ValueError, ["read-only"]),
    ("v.value[0] = 5", ValueError, ["read-only"]),
    ("y.value = 3", AttributeError, ["computed", "give a leaf a new value", "graph.forward()"]),
    ("x.vlaue = 3", AttributeError, ["vlaue"]),
    # operations of one's own
    (RULE.format(forward="x", backward="(lambda grad, t, x: grad)"), TypeError, ["Cosh.backward", "tuple", "comma: (rule,)"]),
    (RULE.format(forward="x", backward="(lambda grad, x: grad,)"), TypeError, ["Cosh.backward", "rule for x", "(grad, t, x)"]),
    (RULE.format(forward="x, y", backward="(None, lambda grad, t, y: grad)"), TypeError, ["rule for y", "(grad, t, x, y)"]),
    (RULE.format(forward="x, axis=0", backward="(lambda grad, t, x: grad,)"), TypeError, ["rule for x", "(grad, t, x, axis)"]),
    (RULE.format(forward="x", backward="(1.0,)"), TypeError, ["rule for x", "a function of (grad, t, x)"]),
    (RULE.format(forward="self, x", backward="(lambda grad, t, x: grad,)"), TypeError, ["has no self", "forward(x)"]),
    (RULE.format(forward="*x", backward="(lambda grad, t, x: grad,)"), TypeError, ["any number of operands", "Cosh.rules"]),
]  # fmt: skip


def messages(error):
    """The words of an error and of what caused it, as a traceback shows them."""
    while error is not None:
        yield str(error)
        error = error.__cause__


@pytest.mark.parametrize("code, kind, words", MISTAKES, ids=[code for code, *_ in MISTAKES])
def test_a_mistake_is_an_error_that_says_what_to_do_instead(code, kind, words):
    with pytest.raises(kind) as error:
        exec(code, surroundings())
    assert error.type is kind
    message = "\n".join(messages(error.value))
    assert not [word for word in words if word not in message], message


def test_a_node_is_shown_in_a_text_without_a_format():
    assert f"{Variable(2.0, 'x')}" == "Variable(2.0, name='x')"


# ----------------------------------------------------------------------------------- what to write for NumPy's functions

ARRAYS = {
    "x": np.array([0.5, 2.0]), "y": np.array([1.5, 0.25]), "v": np.array([1.0, 2.0, 3.0]), "w": np.array([0.5, -1.0, 4.0]),
    "m": np.array([[1.0, 2.0], [3.0, 4.0]]),
}  # fmt: skip
OTHERS = {"np": np, "math": math, "mask": np.array([True, False]), "low": 0.75, "high": 1.0}


@pytest.mark.parametrize("call, code", INSTEAD, ids=[call for call, _ in INSTEAD])
def test_what_to_write_for_a_function_of_numpy_computes_the_same(call, code):
    found = eval(code, OTHERS | {name: Variable(value) for name, value in ARRAYS.items()})
    if isinstance(found, Node):
        assert found.active
        Graph(np.sum(found)).backward()
    np.testing.assert_allclose(getattr(found, "value", found), eval(call, OTHERS | ARRAYS), rtol=1e-14)


@pytest.mark.parametrize("call, code", INSTEAD, ids=[call for call, _ in INSTEAD])
def test_a_function_of_numpy_says_what_to_write_for_it(call, code, monkeypatch):
    function = eval(call.partition("(")[0])
    monkeypatch.delitem(operations, function, raising=False)  # another test may have defined one
    nodes = {name: Variable(value) for name, value in ARRAYS.items()}
    made = call.replace("x > 0", "mask")  # which is refused before NumPy hears of it
    with pytest.raises(TypeError) as error:
        eval(made, OTHERS | nodes)
    assert f"write {code} for {call}" in str(error.value)


# --------------------------------------------------------------------------------------------------- what simply works


def test_a_shape_may_be_an_array():
    v = Variable([1.0, 2.0, 3.0])
    for y in (np.reshape(v, np.array([3, 1])), v.reshape(np.array([3, 1])), v.reshape([3, 1])):
        assert y.shape == (3, 1) and y.parameters == {"shape": (3, 1)}


@pytest.fixture
def registry():
    """The registry of operations, afterwards as it was."""
    before = dict(operations)
    yield operations
    operations.clear()
    operations.update(before)


def test_an_array_of_other_numbers_stays_an_array_as_a_parameter(registry):
    class Interpolate(Node):
        function = np.interp
        def forward(x, xp=(), fp=()): return np.interp(x, xp, fp)
        backward = (None,)

    y = np.interp(Variable(0.5), np.array([0.0, 1.0]), np.array([2.0, 4.0]))
    assert y.value == 3.0 and isinstance(y.parameters["xp"], np.ndarray)


def test_a_rule_written_in_c_need_not_say_what_it_takes(registry):
    class Largest(Node):
        def forward(x): return x
        backward = (max,)  # of grad, t and x

    x = Variable(2.0)
    assert Graph(Largest(x)).backward() == {x: 2.0}


def test_gradients_are_a_dict_and_stay_one_when_pickled():
    x = Variable(2.0, "x")
    found = Graph(x * 3.0).backward()
    assert found == {x: 3.0} and repr(found) == repr({x: 3.0}) and isinstance(found, dict)
    assert found.get("x") is None and "x" not in found
    ((y, gradient),) = pickle.loads(pickle.dumps(found)).items()
    assert (y.name, gradient) == ("x", 3.0)


def test_adding_to_a_variable_makes_another_node_and_leaves_the_variable_alone():
    x = variable = Variable(2.0)
    x += 1
    assert type(x) is op.Add and variable.value == 2.0


def test_a_value_is_as_last_evaluated():
    x = Variable(2.0)
    y = x * 3.0
    x.value += 1
    assert y.value == 6.0 and Graph(y).forward() == y.value == 9.0


def shown(view, y):
    made = view(y)
    return getattr(made, "svg", None) or repr(made)


@pytest.mark.parametrize("view", [draw, evaluation_trace, adjoint_equations, contributions])
def test_a_view_takes_a_node_as_well_as_its_graph(view):
    x = Variable(2.0, "x")
    y = np.sin(x) * x + Constant(1.0)
    assert shown(view, y) == shown(view, Graph(y))


def test_a_program_takes_a_node_as_well_as_a_list_of_one():
    x = Variable(2.0, "x")
    y = np.sin(x) * x
    assert Program(y, [x]).source == Program([y], [x]).source
