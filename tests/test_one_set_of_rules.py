"""No operation has a second rule: numbers, arrays and gradient graphs are differentiated by the very same functions."""

import builtins
import dis
import inspect
from functools import partial

import numpy as np
import pytest

import autograd_nodes as op
from autograd_engine import gradient, jacobian
from autograd_nodes import Graph, Node, Variable

VECTOR, MATRIX = np.array([0.5, 2.0, 3.0]), np.array([[0.5, 1.5, 2.5], [3.0, 4.5, 1.0]])

# One use of each operation, of variables of these values.
USES = {
    op.Add: (lambda x, y: x + y, (0.5, VECTOR)),
    op.Subtract: (lambda x, y: x - y, (VECTOR, 0.5)),
    op.Multiply: (lambda x, y: x * y, (2.0, 3.0)),
    op.Divide: (lambda x, y: x / y, (2.0, VECTOR)),
    op.Negative: (lambda x: -x, (VECTOR,)),
    op.Power: (lambda x, y: x**y, (VECTOR, 1.5)),
    op.Square: (lambda x: x**2, (3.0,)),
    op.Sqrt: (np.sqrt, (VECTOR,)),
    op.Exp: (np.exp, (2.0,)),
    op.Log: (np.log, (VECTOR,)),
    op.Sin: (np.sin, (2.0,)),
    op.Cos: (np.cos, (VECTOR,)),
    op.Tanh: (np.tanh, (VECTOR,)),
    op.Sigmoid: (op.Sigmoid, (0.3,)),
    op.Maximum: (np.maximum, (VECTOR, 2.0)),
    op.Sum: (lambda x: np.sum(x, axis=0), (MATRIX,)),
    op.Max: (lambda x: np.max(x, axis=1, keepdims=True), (MATRIX,)),
    op.Matmul: (lambda x, y: x @ y, (MATRIX, VECTOR)),
    op.Transpose: (np.transpose, (MATRIX,)),
    op.Equal: (lambda x, y: x == y, (VECTOR, 2.0)),
    op.Reshape: (lambda x: np.reshape(x, (3, 2)), (MATRIX,)),
    op.ReshapeLike: (op.ReshapeLike, (MATRIX, np.ones(6))),
    op.Index: (lambda x: x[:, 1], (MATRIX,)),
    op.PlaceLike: (lambda x, y: op.PlaceLike(x, y, index=1), (VECTOR, MATRIX)),
    op.Stack: (lambda x, y, z: np.stack([x, y, z], axis=1), (VECTOR, VECTOR, VECTOR)),
    op.BroadcastLike: (op.BroadcastLike, (VECTOR, MATRIX)),
    op.SumLike: (op.SumLike, (MATRIX, VECTOR)),
}
each_operation = pytest.mark.parametrize("operation", USES, ids=lambda operation: operation.__name__)


def used(operation):
    """Variables, and one use of the operation with a scalar made of it."""
    build, values = USES[operation]
    variables = [Variable(value) for value in values]
    t = build(*variables)
    assert type(t) is operation
    return variables, t, np.sum(t) if t.shape else t


def function_of(rule):
    return rule.func if isinstance(rule, partial) else rule


def replace_rules(monkeypatch, replacement):
    """Every rule of every operation gives way to replacement(operation, rule)."""
    for cls in [cls for cls in (Node, *USES) if "rules" in vars(cls)]:

        def rules(self, original=cls.rules):
            return tuple([rule and replacement(type(self), rule) for rule in original(self)])

        monkeypatch.setattr(cls, "rules", rules)


def test_every_operation_is_used_here():
    classes = [cls for cls in vars(op).values() if inspect.isclass(cls) and issubclass(cls, Node)]
    assert {cls for cls in classes if hasattr(cls, "forward")} == {*USES}


@each_operation
def test_numbers_arrays_and_nodes_are_differentiated_by_the_very_same_functions(operation, monkeypatch):
    calls = []

    def recorded(cls, rule):
        def record(*arguments):
            calls.append((cls, function_of(rule).__code__, {isinstance(x, Node) for x in arguments}))
            return rule(*arguments)

        return record

    def calls_of(differentiate):
        calls.clear()
        differentiate()
        return [call[:2] for call in calls], [call[2] for call in calls]

    variables, _, y = used(operation)
    replace_rules(monkeypatch, recorded)
    by_sweep, of_values = calls_of(Graph(y).backward)
    by_jacobians, _ = calls_of(lambda: [jacobian(y, x) for x in variables])
    by_gradient, of_nodes = calls_of(lambda: gradient(y, variables))
    assert by_sweep == by_gradient and set(by_sweep) == set(by_jacobians)
    assert all(kinds == {False} for kinds in of_values) and all(kinds == {True} for kinds in of_nodes)
    assert operation in [cls for cls, _ in by_sweep] or operation is op.Equal


@each_operation
def test_the_functions_that_are_called_are_those_that_stand_in_the_class(operation):
    _, t, _ = used(operation)
    rules = t.rules()
    assert len(rules) == len(t.inputs)
    if "rules" in vars(operation):
        assert not operation.backward  # either the one or the other
    else:
        assert [rule and function_of(rule) for rule in rules] == list(operation.backward)


@each_operation
def test_a_wrong_rule_makes_the_sweep_and_the_gradient_graph_wrong_alike(operation, monkeypatch):
    variables, _, y = used(operation)
    right = Graph(y).backward()
    replace_rules(monkeypatch, lambda cls, rule: (lambda *x: 3.0 * rule(*x)) if cls is operation else rule)
    wrong = Graph(y).backward()
    for x, slope in zip(variables, gradient(y, variables), strict=True):
        np.testing.assert_array_equal(slope.value, wrong[x])
        factor = 9.0 if operation is op.Sum else 3.0  # the scalar is a sum as well
        np.testing.assert_allclose(wrong[x], factor * right[x], rtol=1e-15)


def test_a_wrong_rule_makes_every_order_of_derivative_wrong(monkeypatch):
    x = Variable(2.0)
    replace_rules(monkeypatch, lambda cls, rule: (lambda *x: 3.0 * rule(*x)) if cls is op.Exp else rule)
    y = np.exp(x)
    for order in range(1, 5):
        (y,) = gradient(y, [x])
        assert y.value == pytest.approx(3.0**order * np.exp(2.0), rel=1e-14)


@each_operation
def test_a_rule_gives_the_same_result_twice_and_changes_nothing_that_it_is_given(operation):
    _, t, _ = used(operation)
    given = [np.ones(t.shape) if t.shape else 1.0, t.value, *(x.value for x in t.inputs)]
    for rule in filter(None, t.rules()):
        arguments = [np.copy(x) if np.ndim(x) else x for x in given]
        np.testing.assert_array_equal(rule(*arguments), rule(*arguments), strict=True)
        for argument, original in zip(arguments, given, strict=True):
            np.testing.assert_array_equal(argument, original)


@each_operation
def test_a_rule_captures_no_state_and_looks_up_nothing_but_functions(operation):
    _, t, _ = used(operation)
    for rule in (t.forward, *filter(None, t.rules())):
        function = function_of(rule)
        assert function.__closure__ is None
        names = {line.argval for line in dis.get_instructions(function) if line.opname == "LOAD_GLOBAL"} - set(dir(builtins))
        assert all(callable(vars(op)[name]) or inspect.ismodule(vars(op)[name]) for name in names)


def test_an_operation_holds_its_rules_and_nothing_else():
    for operation in USES:
        own = {name for name in vars(operation) if not name.startswith("_")}
        assert own - {"defaults"} <= {"function", "forward", "backward", "rules"}  # defaults are read off forward
        assert ("backward" in own) != ("rules" in own)


def test_the_helpers_of_rules_take_a_node_on_either_side():
    x = Variable(2.0)
    for equality in (op.equal(x, 2.0), op.equal(2.0, x)):
        assert type(equality) is op.Equal and equality.value == 1.0
