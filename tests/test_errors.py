"""What a user is told when something is wrong: the right error, in words that say where and what, and nothing lost."""

import copy
import re
from decimal import Decimal
from itertools import product

import numpy as np
import pytest

import autograd_nodes as op
from autograd_engine import gradient, hessian, jacobian
from autograd_nodes import Constant, Graph, Variable


def state(graph):
    return [(node.value, node.grad) for node in graph.nodes]


def assert_unchanged(graph, before):
    """The very objects, so that not even an equal value was put in their place."""
    for (value, grad), (old_value, old_grad) in zip(state(graph), before, strict=True):
        assert value is old_value and grad is old_grad


def type_name(thing):
    return type(thing).__name__


def swept(node):
    """A graph after a backward sweep, so that every node has something to lose."""
    graph = Graph(node)
    graph.backward(np.ones(node.shape))
    return graph


# ----------------------------------------------------------------------------------- values outside an operation's domain

# operation, operands where it is defined, operands where it is not
UNDEFINED = {
    "log of a negative number": (op.Log, (2.0,), (-1.5,)),
    "log of zero": (op.Log, (2.0,), (0.0,)),
    "sqrt of a negative number": (op.Sqrt, (2.0,), (-1.5,)),
    "division by zero": (op.Divide, (2.0, 3.0), (2.5, 0.0)),
    "zero by zero": (op.Divide, (2.0, 3.0), (0.0, 0.0)),
    "a quotient too large": (op.Divide, (2.0, 3.0), (1e300, 1e-300)),
    "a sum too large": (op.Add, (1.0, 2.0), (1.5e308, 1e308)),
    "a difference too large": (op.Subtract, (1.0, 2.0), (-1.5e308, 1e308)),
    "a product too large": (op.Multiply, (1.0, 2.0), (1e200, -1e200)),
    "a square too large": (op.Square, (2.0,), (-1e200,)),
    "exp too large": (op.Exp, (2.0,), (1000.0,)),
    "a power too large": (op.Power, (2.0, 3.0), (10.0, 400.0)),
    "a complex power": (op.Power, (8.0, 0.5), (-8.0, 0.5)),
    "a negative power of zero": (op.Power, (2.0, -1.0), (0.0, -1.0)),
}
KINDS = {"numbers": lambda x: x, "arrays": lambda x: np.array([[1.0, x], [1.0, 1.0]])}
undefined = pytest.mark.parametrize("operation, good, bad", UNDEFINED.values(), ids=UNDEFINED.keys())
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
ARITHMETIC = (FloatingPointError, ZeroDivisionError, OverflowError)


def assert_names(error, operation, operands, label=""):
    """One of three kinds of error; a message with the operation, its operands' values and, from a sweep, the label."""
    message = str(error.value)
    assert type(error.value) in ARITHMETIC
    assert re.search(rf"\b{label} = {operation}\b" if label else rf"\b{operation}\b", message)
    assert set(operands) <= {float(number) for number in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", message)}


@each_kind
@undefined
def test_an_undefined_operation_is_an_error_as_it_is_built(operation, good, bad, kind):
    with pytest.raises(ArithmeticError) as error:
        operation(*(Variable(kind(x)) for x in bad))
    assert_names(error, operation.__name__, bad)


@each_kind
@undefined
def test_an_undefined_operation_is_an_error_in_a_forward_sweep_that_changes_nothing(operation, good, bad, kind):
    leaves = [Variable(kind(x)) for x in good]
    first = leaves[0] * 1.0
    graph = swept(np.sum(operation(first, *leaves[1:])))
    for x, value in zip(leaves, bad, strict=True):
        x.value = kind(value)
    before = state(graph)
    with pytest.raises(ArithmeticError) as error:
        graph.forward()
    assert_names(error, operation.__name__, bad, label="t2")
    assert_unchanged(graph, before)
    with pytest.raises(ArithmeticError):
        graph.backward()
    assert_unchanged(graph, before)
    for x, value in zip(leaves, good, strict=True):
        x.value = kind(value)
    graph.backward()


@each_kind
@undefined
def test_a_node_that_has_become_undefined_has_no_derivatives(operation, good, bad, kind):
    leaves = [Variable(kind(x)) for x in good]
    y = operation(*leaves)
    for x, value in zip(leaves, bad, strict=True):
        x.value = kind(value)
    for build in (lambda: gradient(np.sum(y), leaves), lambda: jacobian(y, leaves[0])):
        with pytest.raises(ArithmeticError) as error:
            build()
        assert_names(error, operation.__name__, bad)


@pytest.mark.parametrize("build, operation", [
    (lambda x: np.sum(x), op.Sum),
    (lambda x: x @ x, op.Matmul),
    (lambda x: np.stack([x, x]) @ x, op.Matmul),
    (lambda x: np.stack([x, x]) @ np.stack([x, x]).T, op.Matmul),
])  # fmt: skip
@pytest.mark.parametrize("dtype, large", [(float, 1.7e308), (np.float32, 3e38)])
def test_a_sum_or_a_product_of_matrices_that_overflows_is_an_error(build, operation, dtype, large):
    with pytest.raises(ArithmeticError, match=operation.__name__):
        build(Variable(np.full(3, large, dtype)))
    x = Variable(np.ones(3, dtype))
    graph = swept(build(x))
    before = state(graph)
    x.value = np.full(3, large, dtype)
    changed = [(x.value, x.grad) if node is x else old for node, old in zip(graph.nodes, before, strict=True)]
    with pytest.raises(ArithmeticError, match=rf"t\d = {operation.__name__}\("):
        graph.forward()
    assert_unchanged(graph, changed)


@pytest.mark.parametrize("place", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
def test_an_overflow_anywhere_in_a_large_product_of_matrices_is_an_error(place):
    """A BLAS shares a large product out among threads, and each keeps its floating-point flags to itself."""
    large, other = np.zeros((1024, 1024)), np.zeros((1024, 1024))
    large[place[0], 0], other[0, place[1]] = 1e200, 1e200
    with pytest.raises(ArithmeticError, match="Matmul"):
        Variable(large) @ other


@pytest.mark.parametrize("build", [
    lambda x: x * 1e300, lambda x: x + 1e300, lambda x: np.maximum(x, 1e300), lambda x: np.exp(x * 100.0),
    lambda x: (x * 10) ** 60.0,
])  # fmt: skip
def test_what_float32_cannot_hold_is_an_error(build):
    with pytest.raises(ArithmeticError):
        build(Variable(np.ones(3, np.float32)))


def test_a_long_array_is_shown_in_short():
    with pytest.raises(ArithmeticError) as error:
        np.log(Variable(np.full((300, 300), -1.5)))
    assert "-1.5" in str(error.value) and len(str(error.value)) < 300


# --------------------------------------------------------------------------------------- derivatives that do not exist

NO_DERIVATIVE = {
    "sqrt at 0": (lambda x: np.sqrt(x), "Sqrt", 0.0),
    "x ** 0.5 at 0": (lambda x: x**0.5, "Power", 0.0),
    "1 / x, too steep": (lambda x: 1.0 / x, "Divide", 1e-200),
    "√x, too steep": (lambda x: np.sqrt(x) * 1e200 * 1e100, "Sqrt", 1e-300),
}


@each_kind
@pytest.mark.parametrize("build, name, at", NO_DERIVATIVE.values(), ids=NO_DERIVATIVE.keys())
def test_a_derivative_that_does_not_exist_is_an_error_of_the_backward_sweep_that_changes_nothing(build, name, at, kind):
    x = Variable(kind(at))
    y = np.sum(build(x * 1.0))
    graph = Graph(y)
    x.value = kind(2.0)
    graph.backward()
    x.value = kind(at)
    graph.forward()
    before = state(graph)
    with pytest.raises(ArithmeticError) as error:
        graph.backward()
    assert_names(error, name, [at], label=r"backward from t\d")
    assert_unchanged(graph, before)
    with pytest.raises(ArithmeticError):
        gradient(y, [x])
    with pytest.raises(ArithmeticError):
        jacobian(y, x)
    for (value, grad), (old_value, old_grad) in zip(state(graph), before, strict=True):
        np.testing.assert_array_equal(value, old_value)  # evaluated again by graphs that did not know the change
        assert grad is old_grad


def test_a_derivative_that_does_not_exist_matters_only_where_it_is_asked_for():
    x = Variable(2.0)
    assert Graph(x * np.sqrt(Constant(0.0)) + x**0.5).backward()[x] == pytest.approx(0.5**1.5, rel=1e-15)


@pytest.mark.parametrize("exponent", [3.0, [3.0, 2.0]])
def test_a_power_of_a_negative_base_has_no_derivative_for_its_exponent(exponent):
    y = Variable(exponent)
    graph = Graph(np.power(-2.0, y))
    with pytest.raises(ArithmeticError) as error:
        graph.backward(np.ones(y.shape))
    assert_names(error, "Power", [-2.0, 3.0], label="backward from t1")
    assert [node.grad for node in graph.nodes] == [None] * 3


def test_adjoints_that_add_up_to_infinity_are_an_error():
    x = Variable(1.0)
    with pytest.raises(ArithmeticError, match="t"):
        Graph(x * 1e308 + x * 1e308 - x * 1.5e308).backward()


# ---------------------------------------------------------------------------------- neither NaN nor infinity, nor a warning

EXTREMES = [0.0, 1.0, -1.0, 0.5, -3.0, 5e-324, -1e-300, 1e-160, 1e160, -1e300, 1.7e308, -750.0, 710.0]
SMOOTH = [op.Negative, op.Square, op.Sqrt, op.Exp, op.Log, op.Sin, op.Cos, op.Tanh, op.Sigmoid, op.Sum, op.Max]
OF_TWO = [op.Add, op.Subtract, op.Multiply, op.Divide, op.Power, op.Maximum, op.Equal]


def outcome(operation, operands):
    """All values and adjoints of the operation, up to the error that ends them, and of its gradient graph."""
    found, variables = [], [Variable(x) for x in operands]
    try:
        y = np.sum(operation(*variables))
        found.append(y.value)
        found += Graph(y).backward().values()
        found += [slope.value for slope in gradient(y, variables)]
    except ArithmeticError:
        pass
    return [float(np.sum(value)) for value in found]


@pytest.mark.parametrize("operation", SMOOTH + OF_TWO, ids=lambda operation: operation.__name__)
def test_at_extremes_there_is_a_finite_result_or_an_error_the_same_for_numbers_and_arrays(operation):
    for operands in product(EXTREMES, repeat=1 if operation in SMOOTH else 2):
        number = outcome(operation, operands)
        assert np.isfinite(number).all()
        np.testing.assert_allclose(outcome(operation, [[x] for x in operands]), number, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("value", [0.1, [0.1, 0.2]])
def test_finite_contributions_that_add_up_to_infinity_are_an_error_that_changes_nothing(value):
    x = Variable(value)
    graph = Graph(1.5e308 * x + 1.5e308 * x)
    before = state(graph)
    with pytest.raises(ARITHMETIC, match=r"backward from t\d = Multiply"):
        graph.backward(np.ones(x.shape))
    assert_unchanged(graph, before)


# -------------------------------------------------------------------------------------------------------- wrong shapes


@pytest.mark.parametrize("old, new", [
    (1.0, [1.0]), ([1.0, 2.0], 1.0), ([1.0, 2.0], [1.0, 2.0, 3.0]), ([[1.0, 2.0]], [1.0, 2.0]),
])  # fmt: skip
@pytest.mark.parametrize("leaf", [Variable, Constant])
def test_a_leaf_refuses_a_value_of_another_shape_and_names_both(leaf, old, new):
    x = leaf(old)
    before = x.value
    with pytest.raises(ValueError) as error:
        x.value = new
    assert str(np.shape(old)) in str(error.value) and str(np.shape(new)) in str(error.value)
    assert x.value is before


@pytest.mark.parametrize("shape, seed", [
    ((), [1.0]), ((3,), 1.0), ((3,), [1.0, 2.0]), ((3,), [[1.0, 2.0, 3.0]]), ((2, 1), [1.0, 2.0]),
])  # fmt: skip
def test_a_seed_of_another_shape_is_refused_and_both_are_named(shape, seed):
    graph = swept(Variable(np.ones(shape)) * 2.0)
    before = state(graph)
    with pytest.raises(ValueError) as error:
        graph.backward(seed)
    assert str(shape) in str(error.value) and str(np.shape(seed)) in str(error.value)
    assert_unchanged(graph, before)


@pytest.mark.parametrize("operation, shapes", [
    *((operation, [(2,), (3,)]) for operation in [*OF_TWO, op.Stack]),
    (op.Multiply, [(2, 3), (2,)]), (op.Divide, [(2, 3), (3, 2)]), (op.Stack, [(), (1,)]),
    (op.Matmul, [(3,), (2,)]), (op.Matmul, [(2, 3), (2, 3)]), (op.Matmul, [(), (3,)]), (op.Matmul, [(3,), ()]),
    (op.Matmul, [(), ()]), (op.Matmul, [(1, 2, 2), (2, 2)]), (op.Matmul, [(2, 2), (1, 2, 2)]),
])  # fmt: skip
def test_operands_that_do_not_fit_are_refused_and_both_shapes_are_named(operation, shapes):
    with pytest.raises(ValueError) as error:
        operation(*(Variable(np.ones(shape)) for shape in shapes))
    assert operation.__name__ in str(error.value) and all(str(shape) in str(error.value) for shape in shapes)


@pytest.mark.parametrize("operation, shape, parameters", [
    (op.Sum, (3,), {"axis": 1}), (op.Sum, (), {"axis": 1}), (op.Max, (2, 3), {"axis": (0, 2)}), (op.Max, (), {"axis": 1}),
    (op.Max, (0,), {}), (op.Reshape, (3,), {"shape": (2,)}), (op.Reshape, (), {"shape": (2,)}),
    (op.Stack, (3,), {"axis": 2}), (op.Stack, (), {"axis": 1}),
])  # fmt: skip
def test_parameters_that_do_not_fit_the_shape_are_refused_and_it_is_named(operation, shape, parameters):
    with pytest.raises(ValueError) as error:
        operation(Variable(np.ones(shape)), **parameters)
    assert operation.__name__ in str(error.value) and str(shape) in str(error.value)


def test_an_index_out_of_range_is_an_index_error():
    x = Variable([1.0, 2.0])
    for index in (2, -3, (0, 0), (None, 0, 2)):
        with pytest.raises(IndexError):
            x[index]
    assert [node.value for node in x] == [1.0, 2.0]


@pytest.mark.parametrize("index", [0, slice(None), (0, 0)])
def test_a_number_cannot_be_indexed_and_the_error_says_that_it_is_one(index):
    with pytest.raises((IndexError, TypeError, ValueError), match=r"scalar|number|shape \(\)|0-dimensional"):
        Variable(2.0)[index]


@pytest.mark.parametrize("index", [True, 1.0, "a", [0, 1], np.array([0, 1]), (0, [1]), Variable(1.0)])
def test_a_node_is_indexed_by_integers_slices_none_and_ellipses_only(index):
    with pytest.raises(TypeError, match="indexed by integers, slices"):
        Variable([[1.0, 2.0], [3.0, 4.0]])[index]


# --------------------------------------------------------------------------------------------------- not a real number

NOT_REAL = {
    "str": "1.5", "NoneType": None, "complex": 1j, "complex128": np.array([1j, 2.0]), "object": np.array([object()]),
    "bytes": b"1", "dict": {}, "list": ["a", "b"], "datetime64": np.datetime64(1, "s"), "Decimal": Decimal("1.5"),
    "function": lambda: 1.0, "set": {1.0}, "type": float,
}  # fmt: skip


def give(x, value):
    x.value = value


USES = {
    "a variable": lambda x, v: Variable(v),
    "a constant": lambda x, v: Constant(v),
    "an operand": lambda x, v: op.Multiply(x, v),
    "a new value": give,
    "a seed": lambda x, v: Graph(x * 2.0).backward(v),
}


@pytest.mark.parametrize("use, name", [
    pytest.param(use, name, id=f"{name} as {where}") for (where, use), name in product(USES.items(), NOT_REAL)
    if (where, name) != ("a seed", "NoneType")
])  # fmt: skip
def test_what_is_no_real_number_is_refused_by_the_name_of_its_type(use, name):
    x = Variable(2.0)
    with pytest.raises(TypeError, match=name):
        use(x, NOT_REAL[name])
    assert x.value == 2.0 and x.grad is None


@pytest.mark.parametrize("build", [
    lambda x: x + "1", lambda x: None + x, lambda x: x * 1j, lambda x: 1j - x, lambda x: x / {}, lambda x: x ** "2",
    lambda x: "2" ** x, lambda x: x @ None, lambda x: x == "x", lambda x: np.maximum(x, None),
])  # fmt: skip
def test_an_operator_refuses_what_is_no_real_number(build):
    with pytest.raises(TypeError, match=r"(str|NoneType|complex|dict) is not a real number"):
        build(Variable([1.0, 2.0]))


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
@pytest.mark.parametrize("value", [
    float("nan"), float("inf"), -np.inf, np.float64("nan"), np.float32("inf"), np.array(np.nan), [1.0, np.nan],
    np.array([np.inf], np.float32), [[-np.inf]], np.longdouble("1e4000"), np.array([np.longdouble("1e4000")]),
], ids=repr)  # fmt: skip
def test_nan_and_infinity_and_what_no_float_can_hold_are_refused(use, value):
    x = Variable(np.ones(np.shape(value)))
    before = x.value
    with pytest.raises(ValueError, match=r"finite|infinity|NaN"):
        use(x, value)
    assert x.value is before and x.grad is None


def test_a_ragged_list_is_refused():
    with pytest.raises(ValueError):
        Variable([[1.0], [2.0, 3.0]])


@pytest.mark.parametrize("name", [1, b"x", 1.0, ["x"], Variable(1.0)], ids=type_name)
@pytest.mark.parametrize("leaf", [Variable, Constant])
def test_a_name_that_is_no_text_is_refused(leaf, name):
    with pytest.raises(TypeError, match=f"text.*{type(name).__name__}"):
        leaf(1.0, name)


# ----------------------------------------------------------------------------------------- asked for what there is not


def test_backward_of_an_array_without_a_seed_says_what_to_give():
    graph = Graph(Variable([1.0, 2.0, 3.0]) * 2.0)
    with pytest.raises(ValueError, match=r"\(3,\).*seed"):
        graph.backward()


def test_backward_of_several_outputs_is_refused():
    x = Variable(2.0)
    with pytest.raises(ValueError, match=r"one output.*2"):
        Graph(x * 1.0, x * 2.0).backward()


@pytest.mark.parametrize("differentiate", [
    lambda y, x: gradient(y, [x]), lambda y, x: jacobian(y, x), lambda y, x: hessian(y, [x]),
], ids=["gradient", "jacobian", "hessian"])  # fmt: skip
@pytest.mark.parametrize("other", [Constant(2.0), Variable(2.0) * 2.0, 2.0, "x", None, np.ones(2)], ids=type_name)
def test_a_derivative_with_respect_to_what_is_no_variable_is_refused_by_its_type(differentiate, other):
    with pytest.raises(TypeError, match=f"Variables.*{type(other).__name__}"):
        differentiate(Variable(2.0) * 3.0, other)


def test_variables_are_given_as_a_list():
    x = Variable(2.0)
    for differentiate in (gradient, hessian):
        with pytest.raises(TypeError, match=r"list.*\[x\]"):
            differentiate(x * x, x)


def test_the_gradient_of_an_array_says_what_to_do_instead():
    x = Variable([1.0, 2.0])
    with pytest.raises(ValueError, match=r"\(2,\).*sum.*jacobian"):
        gradient(x * x, [x])
    with pytest.raises(ValueError):
        hessian(x * x, [Variable(1.0)])


def test_the_hessian_with_respect_to_an_array_says_what_to_do_instead():
    x = Variable([1.0, 2.0])
    with pytest.raises(ValueError, match=r"\(2,\).*jacobian"):
        hessian(np.sum(x * x), [x])


@pytest.mark.parametrize("use", [
    Graph, lambda y: gradient(y, [Variable(1.0)]), lambda y: jacobian(y, Variable(1.0)), lambda y: hessian(y, [Variable(1.0)]),
], ids=["Graph", "gradient", "jacobian", "hessian"])  # fmt: skip
@pytest.mark.parametrize("y", [2.0, None, "y", np.ones(3)], ids=type_name)
def test_what_is_no_node_has_neither_graph_nor_derivative(use, y):
    with pytest.raises(TypeError, match=f"nodes.*{type(y).__name__}"):
        use(y)


def test_a_graph_without_outputs_is_refused():
    with pytest.raises(ValueError, match="at least one output"):
        Graph()


@pytest.mark.parametrize("function, name", [
    (np.median, "np.median"), (np.arctan, "np.arctan"), (np.cbrt, "np.cbrt"), (np.floor, "np.floor"),
    (np.add.reduce, "np.add.reduce"), (np.linalg.det, "np.linalg.det"), (np.fft.fft, "np.fft.fft"),
    (np.not_equal.outer, "np.not_equal.outer"),
])  # fmt: skip
def test_a_numpy_function_without_an_operation_says_what_to_do(function, name):
    x = Variable([1.0, 2.0])
    with pytest.raises(TypeError, match=rf"no operation stands for {name}:.*Node subclass.*= {name},.*\.value"):
        function(*[x, x] if name == "np.not_equal.outer" else [x])


@pytest.mark.parametrize("call, keyword", [
    (lambda x: np.add(x, x, out=np.ones(2)), "out"),
    (lambda x: np.add(x, x, where=[True, False]), "where"),
    (lambda x: np.exp(x, dtype=np.float32), "dtype"),
    (lambda x: np.sum(x, initial=1.0), "initial"),
    (lambda x: np.sum(x, dtype=int), "dtype"),
    (lambda x: np.max(x, where=[True, False], initial=0.0), "initial, where"),
    (lambda x: np.transpose(x, (0,)), "axes"),
    (lambda x: np.reshape(x, (2, 1), order="F"), "order"),
    (lambda x: np.stack([x, x], dtype=np.float32), "dtype"),
])  # fmt: skip
def test_a_keyword_that_an_operation_does_not_know_is_refused_by_its_name(call, keyword):
    with pytest.raises(TypeError, match=f"does not take .*{keyword}"):
        call(Variable([1.0, 2.0]))


@pytest.mark.parametrize("use", [lambda x: x and 1.0, lambda x: not x, lambda x: x == 1.0 or 2.0, lambda x: x != 1.0])
def test_a_node_has_no_truth_value_and_the_error_says_what_to_compare(use):
    with pytest.raises(TypeError, match=r"truth value.*\.value"):
        use(Variable(1.0))


@pytest.mark.parametrize("use", [
    np.asarray, np.array, lambda x: np.array([x, x]), lambda x: np.asarray([1.0, x]), Variable, lambda x: Variable([x]),
])  # fmt: skip
def test_a_node_does_not_turn_into_an_array_and_the_error_says_what_to_do(use):
    with pytest.raises(TypeError, match=r"\.value.*np\.stack"):
        use(Variable(1.0))


def test_an_array_is_not_changed_in_place_by_a_node():
    array = np.ones(2)
    with pytest.raises(TypeError, match=r"does not take out; .*array = array \+ node"):
        array += Variable([1.0, 2.0])
    np.testing.assert_array_equal(array, np.ones(2))


def test_the_value_of_an_operation_cannot_be_set():
    y = Variable(2.0) * 3.0
    with pytest.raises(AttributeError, match="give a leaf a new value"):
        y.value = 7.0
    assert y.value == 6.0


def test_an_operation_alone_is_not_copied():
    with pytest.raises(TypeError, match=r"Graph\(node\)"):
        copy.copy(op.Index(Variable([1.0, 2.0]), index=0))


# ------------------------------------------------------------------------------------------ operations of one's own


@pytest.mark.parametrize("backward", [(), (None, None), lambda grad, t, x: grad], ids=["none", "too many", "no tuple"])
def test_an_operation_with_another_number_of_rules_than_operands_is_refused(backward):
    with pytest.raises(TypeError, match=r"Cosh\.backward has to be a tuple of rules.*\(x\)"):
        type("Cosh", (op.Node,), {"forward": lambda x: np.cosh(x), "backward": backward})


@pytest.mark.parametrize("result", ["a", None, [1.0], object()])
def test_an_operation_that_yields_no_number_is_refused(result):
    class Odd(op.Node):
        def forward(x): return result
        backward = (None,)

    with pytest.raises(TypeError, match="is not a number or an array"):
        Odd(Variable(1.0))


def test_a_rule_that_yields_another_shape_is_refused():
    class Odd(op.Node):
        def forward(x): return x
        backward = (lambda grad, t, x: np.ones((2, 2)),)

    x = Variable([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Odd"):
        Graph(np.sum(Odd(x))).backward()


def test_a_masked_array_is_refused():
    with pytest.raises(TypeError, match="fill it first"):
        Variable(np.ma.array([1.0, 2.0], mask=[False, True]))


def test_an_index_out_of_range_is_explained():
    with pytest.raises(IndexError, match=r"Index of shapes \(2,\)"):
        Variable([1.0, 2.0])[5]


@pytest.mark.parametrize("contribution, shape, expected", [
    (np.ones(3), (4, 1), np.full((4, 1), 3.0)), (np.ones((2, 3)), (3,), np.full(3, 2.0)), (2.0, (2, 2), np.full((2, 2), 2.0)),
    (np.ones((4, 1)), (1, 3), np.full((1, 3), 4.0)), (np.ones(3), (2, 2, 1), np.full((2, 2, 1), 3.0)),
])  # fmt: skip
def test_a_contribution_is_summed_and_expanded_to_the_shape_of_its_operand(contribution, shape, expected):
    class Given(op.Node):
        def forward(x): return x
        backward = (lambda grad, t, x: contribution,)

    x = Variable(np.ones(shape))
    np.testing.assert_array_equal(Graph(np.sum(Given(x))).backward()[x], expected)


@pytest.mark.parametrize("index", [[0, 0, 1], (0, [1]), True, np.array([0])])
def test_an_index_is_checked_by_the_operation_itself(index):
    with pytest.raises(TypeError, match="indexed by integers, slices"):
        op.Index(Variable([1.0, 2.0]), index=index)


def test_an_index_may_be_any_kind_of_integer():
    x = Variable([[1.0, 2.0], [3.0, 4.0]])
    for index in ((None, np.int64(1)), np.int64(1), (..., np.int32(0))):
        y, expected = op.Index(x, index=index), np.zeros((2, 2))
        np.copyto(expected[index], 1.0)
        np.testing.assert_array_equal(Graph(y).backward(np.ones(y.shape))[x], expected)
