"""What a program says when something is wrong: values, shapes, sizes, whatever is undefined on the way."""

import pickle


import numpy as np
import pytest
from programs import assert_same_results, equation_a, with_gradient

from autograd_engine import Program, gradient
from autograd_nodes import Constant, Graph, Sigmoid, Variable


@pytest.fixture(scope="module")
def runs():
    y, variables = equation_a()
    program = with_gradient(y, variables)
    return program, program.compile()


@pytest.mark.parametrize("point, error, message", [
    ((-9.0, 3.0, 1.5), FloatingPointError, r"t4 = Sqrt\(-3.75\)"),
    ((2.0, 0.0, 1.5), ZeroDivisionError, r"t8 = Divide\(4.25, 0.0\)"),
    ((1e308, 1e308, 1.5), OverflowError, r"t1 = Add\(1e\+308, 1e\+308\)"),
    ((1.0, -1.0, 1e-160), OverflowError, r"t3_bar = Divide\(1.0, -1e-320\)"),
    ((float("nan"), 3.0, 1.5), ValueError, "finite"),
    ((float("inf"), 3.0, 1.5), ValueError, "finite"),
    (("2", 3.0, 1.5), TypeError, "str is not a real number"),
    ((2.0, 3.0, 1.5j), TypeError, "complex is not a real number"),
    ((2.0, 3.0), TypeError, "argument|inputs"),
    ((2.0, 3.0, 1.5, 1.5), TypeError, "argument|inputs"),
    ((np.ones(2), 3.0, 1.5), ValueError, r"made for shapes \[\(\), \(\), \(\)\] cannot take"),
])  # fmt: skip
def test_a_call_says_what_is_wrong(point, error, message, runs):
    for run in runs:
        with pytest.raises(error, match=message):
            run(*point)


def test_errors_in_arrays_name_the_line():
    x, y = Variable([1.0, 2.0], "x"), Variable([1.0, 2.0], "y")
    program = with_gradient(np.sum(np.log(x) / y), [x, y])
    for run in (program, program.compile()):
        with pytest.raises(FloatingPointError, match=r"t1 = Log\(\[ 1., -2.\]\)"):
            run(np.array([1.0, -2.0]), np.ones(2))
        with pytest.raises(FloatingPointError, match="t2 = Divide"):
            run(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
        with pytest.raises(ValueError, match="could not be broadcast"):
            run(np.ones(2), np.ones(3))
        with pytest.raises(ValueError, match="NaN"):
            run(np.array([1.0, np.nan]), np.ones(2))


def test_a_power_that_is_not_real_is_refused():
    x, k = Variable(8.0, "x"), Variable([1.0, 2.0], "k")
    program = Program([x ** (1 / 3), k * x ** (1 / 3)], [x, k])
    for run in (program, program.compile()):
        with pytest.raises(FloatingPointError, match=r"t1 = Power\(-8.0, 0.33"):
            run(-8.0, np.ones(2))


def test_wrong_outputs_and_inputs_are_refused():
    x = Variable(2.0)
    for outputs, inputs, error, message in [
        ([x * 2], x, TypeError, r"\[x\]"), ([x], [x * 2], TypeError, "Multiply"),
        ([x], [Constant(1.0)], TypeError, "Constant"), ([2.0], [x], TypeError, "float"), ([], [x], ValueError, "at least one"),
        ([x], [x, x], ValueError, "twice"),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            Program(outputs, inputs)


def test_what_was_broadcast_has_to_be_still():
    x, y = Variable([1.0, 2.0, 3.0], "x"), Variable([2.0], "y")
    program = with_gradient(np.sum(x * y), [x, y])
    for run in (program, program.compile()):
        assert_same_results(run(np.ones(5), np.array([2.0])), (10.0, np.full(5, 2.0), np.array([5.0])))
        for shapes in [(5, 5), (5, 2), (3, 3)]:
            with pytest.raises(ValueError, match="broadcast"):
                run(*map(np.ones, shapes))
        with pytest.raises(ValueError, match="made for shapes"):
            run(np.ones((5, 1)), np.ones(1))


def swept(program, arguments):
    values = program.sweep(arguments)
    return [values[y] for y in program.graph.outputs]


def test_sizes_that_happened_to_be_equal_may_differ():
    x, y = Variable([1.0, 2.0, 3.0], "x"), Variable([2.0, 2.0, 2.0], "y")
    program = with_gradient(np.sum(x**2) * np.sum(y**3), [x, y])
    compiled = program.compile()
    for sizes in [(4, 4), (2, 3), (1, 1), (0, 0), (5, 7), (9, 0)]:
        arguments = [np.linspace(1.0, 2.0, n) for n in sizes]
        for run in (compiled, compiled, program):  # the first call for some sizes is another one than the next
            assert_same_results(run(*arguments), swept(program, arguments))


def test_parts_of_equal_sizes_may_become_unequal():
    x, y = Variable([1.0, 2.0, 3.0, 4.0], "x"), Variable([2.0, 2.0, 2.0], "y")
    program = with_gradient(np.sum(np.exp(x[1:])) + np.sum(np.exp(y)), [x, y])
    compiled = program.compile()
    for sizes in [(4, 3), (4, 4), (6, 3), (40, 3)]:
        arguments = [np.linspace(1.0, 2.0, n) for n in sizes]
        for run in (compiled, compiled, program):  # the first call for some sizes is another one than the next
            assert_same_results(run(*arguments), swept(program, arguments))


def test_empty_arrays_broadcast_against_one_element():
    x, one = Variable(np.ones(3), "x"), Variable([2.0], "one")
    program = with_gradient(np.sum(np.sin(one) * x), [x, one])
    compiled = program.compile()
    for n in (0, 4, 0):
        assert_same_results(compiled(np.ones(n), np.ones(1)), program(np.ones(n), np.ones(1)))


def test_an_index_out_of_bounds_is_an_error_in_compiled_code_too():
    x, k = Variable(np.ones(10), "x"), Variable(1.0, "k")
    for outputs in ([x[7]], [x[-7]], gradient(k * x[9], [x])):
        program = Program(outputs, [x, k])
        for run in (program, program.compile()):
            with pytest.raises(IndexError, match=r"Index|PlaceLike"):
                run(np.ones(3), 1.0)
    table = Variable(np.ones((4, 5)), "table")
    for index in ((..., 4), (3, None), (None, -4)):
        program = Program([np.sum(table[index])], [table])
        for run in (program, program.compile()):
            assert_same_results(run(np.ones((4, 5))), [np.sum(np.ones((4, 5))[index]).item()])
            with pytest.raises(IndexError):
                run(np.ones((2, 2)))


def test_slices_and_constants_have_to_broadcast_as_they_did():
    x, y, k = Variable([1.0, 2.0], "x"), Variable(np.ones(5), "y"), Constant([1.0, 2.0, 3.0], "k")
    z = Variable(np.ones(3), "z")
    for program, arguments in [
        (with_gradient(np.sum(x[1:] * y), [x, y]), (np.arange(6.0), np.ones(5))),
        (with_gradient(np.sum(z * k), [z]), (np.ones(1),)),
    ]:
        for run in (program, program.compile()):
            with pytest.raises(ValueError, match="broadcast"):
                run(*arguments)


def test_sizes_may_become_one_where_nothing_is_broadcast_then():
    table, v = Variable(np.ones((3, 3)), "table"), Variable(np.ones(3), "v")
    program = with_gradient(np.sum(table * v), [table, v])
    arguments = np.full((1, 3), 2.0), np.arange(3.0)
    for run in (program, program.compile()):
        assert_same_results(run(*arguments), (6.0, np.arange(3.0)[None], np.full(3, 2.0)))


@pytest.mark.parametrize("function", [np.tanh, lambda x: np.maximum(0.0, x), lambda x: 1.0 / x, lambda x: Constant(2.0)])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -float("inf")])
def test_what_is_not_finite_is_refused_although_no_output_shows_it(function, value):
    for x, given in ((Variable(1.0, "x"), value), (Variable([1.0, 2.0], "x"), np.array([1.0, value]))):
        program = Program([function(x)], [x])
        for run in (program, program.compile()):
            with pytest.raises(ValueError, match="finite"):
                run(given)


def test_an_overflow_of_single_precision_is_an_error():
    x = Variable(np.array([1.0, 2.0], np.float32), "x")
    program = Program([np.exp(x)], [x])
    for run in (program, program.compile()):
        with pytest.raises(FloatingPointError, match="Exp"):
            run(np.array([1.0, 100.0], np.float32))


def test_a_failed_call_leaves_no_trace():
    x, v = Variable(1.0, "x"), Variable([1.0, 2.0], "v")
    for variable, wrong, right in ((x, -1.0, 2.0), (v, np.array([1.0, -1.0, 2.0]), np.array([3.0]))):
        program = Program([np.log(variable)], [variable])
        with pytest.raises(FloatingPointError):
            program(wrong)
        for run in (program.compile(), pickle.loads(pickle.dumps(program))):
            assert_same_results(run(right), [np.log(right) if np.ndim(right) else float(np.log(right))])
        assert np.size(program.to_sympy()[0]) == np.size(variable.value)


HIDING = {  # what passes over an infinity or a NaN: the expression, where it is defined, and a point at which it is not
    "equal": (lambda v: np.sqrt(v) == 1.0, 4.0, -1.0),
    "equal to a logarithm": (lambda v: 1.0 == np.log(v), 2.0, 0.0),  # noqa: SIM300
    "tanh of infinity": (lambda v: np.tanh(1.0 / v), 2.0, 0.0),
    "a quotient by infinity": (lambda v: 1.0 / (v * v), 2.0, 1e200),
    "exp of minus infinity": (lambda v: np.exp(-(v * v)), 1.0, 1e200),
    "a maximum": (lambda v: np.maximum(-(v * v), 1.0), 1.0, 1e200),
    "sigmoid": (lambda v: Sigmoid(v * 1e10), 1.0, 1e300),
    "a power of infinity": (lambda v: (v * v) ** -1.0, 2.0, 1e200),
    "a power by 0": (lambda v: (v * v) ** (v - v), 2.0, 1e200),
    "a power that is not real": (lambda v: v**0.5 == 1.0, 2.0, -2.0),
}
HIDING_IN_ARRAYS = {
    "an index": (lambda v: np.log(v)[1:], 2.0, -1.0),
    "an index of a quotient": (lambda v: (v / (v - 3.0))[-1], 2.0, 3.0),
    "the maximum": (lambda v: np.max(-(v * v)), 1.0, 1e200),
    "a product of vectors": (lambda v: np.tanh(v @ v), 1.0, 1e200),
}


@pytest.mark.parametrize("name", [*HIDING, *HIDING_IN_ARRAYS])
def test_what_is_undefined_on_the_way_is_an_error_in_every_order_of_calls(name):
    function, good, bad = (HIDING | HIDING_IN_ARRAYS)[name]
    points = [(np.full(3, good), np.array([bad, good, good])), (np.full(40_000, good), np.r_[bad, np.full(39_999, good)])]
    for right, wrong in [*points, *[(good, bad)] * (name in HIDING)]:
        v = Variable(right, "v")
        graph, program = Graph(function(v)), Program([function(v)], [v])
        with pytest.raises(ArithmeticError) as swept:
            graph.evaluate({v: wrong})
        for order in ([wrong, right, wrong, wrong, right], [right, wrong, right, wrong]):
            for run in (program, program.compile()):
                for point in order:
                    if point is right:
                        np.testing.assert_allclose(run(point)[0], graph.forward(), 1e-12)
                        continue
                    with pytest.raises(type(swept.value), match=r"t\d+ = ") as raised:
                        run(point)
                    assert type(raised.value) is type(swept.value)


def test_an_input_of_one_element_keeps_it():
    one, x = Variable([2.0], "one"), Variable(np.ones(3), "x")
    for outputs in ([np.sum(one, keepdims=True)], gradient(np.sum(one * x), [one]), [np.reshape(one, ())], [one * 2.0]):
        program = Program(outputs, [one, x])
        for run in (program, program.compile()):
            for wrong in (np.ones(0), np.ones(2)):
                with pytest.raises(ValueError, match=r"broadcast|reshape"):
                    run(wrong, np.ones(3))


def test_an_empty_array_hides_nothing():
    x, s = Variable(np.ones(3), "x"), Variable(2.0, "s")
    program = Program([(s * s) * x, np.sum((s * s) * x)], [x, s])
    for run in (program, program.compile()):
        for _ in range(3):
            assert_same_results(run(np.ones(0), 1.0), (np.ones(0), 0.0))
            with pytest.raises(OverflowError, match="t1 = Multiply"):
                run(np.ones(0), 1e200)


@pytest.mark.parametrize("build, point", [
    (lambda s, k: 1.0 / (k * (s * s)), 1e200), (lambda s, k: np.tanh(k * (s * s)), 1e200),
    (lambda s, k: np.sum(k * s ** (1 / 3)), -8.0), (lambda s, k: (k * s ** (1 / 3))[0], -8.0),
    (lambda s, k: np.stack([s**0.5, s]) @ k, -1.0),
], ids=["1/infinity", "tanh of infinity", "complex sum", "complex element", "complex stack"])  # fmt: skip
def test_what_is_undefined_in_a_number_on_the_way_to_an_array_is_an_error(build, point):
    s, k = Variable(2.0), Variable(np.ones(2))
    program = Program([build(s, k)], [s, k])
    for run in (program, program.compile()):
        for _ in range(2):
            with pytest.raises(ArithmeticError, match="t1 = "):
                run(point, np.ones(2))


def test_sizes_are_those_of_the_graph_as_it_was_given():
    y, z = Variable(np.ones(3)), Variable(np.ones(3))
    program = Program(gradient(np.sum(y * z), [y, z]), [y, z])  # each is the other one: no line tells that they are multiplied
    for run in (program, program.compile(), pickle.loads(pickle.dumps(program))):
        for sizes in ((3, 1), (1, 3), (5, 4)):
            with pytest.raises(ValueError):
                run(*[np.ones(size) for size in sizes])
        assert_same_results(run(np.full(4, 2.0), np.full(4, 5.0)), (np.full(4, 5.0), np.full(4, 2.0)))


def test_an_overflow_in_an_array_of_out_is_an_error():
    x = Variable(np.ones(2))
    with pytest.raises(FloatingPointError):
        Program([x * 1.0], [x]).compile()(np.full(2, 1e200), out=(np.empty(2, np.float32),))
