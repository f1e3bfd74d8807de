"""What the benchmark's page says of a peer that fails: its targets are not judged, whoever is the next."""
import pytest

from benchmarks import chart, report
from benchmarks.engines import ENGINES
from benchmarks.formulas import BINARY, random_steps
from benchmarks.report import ANY_PEER, COMPILED, SWEEP, target_row
from benchmarks.results import Results
from benchmarks.works import WORKS


def measured(**failing):
    """Results in which every engine takes 2 s and the compiled program 1 s, but for those that fail at a kind of work."""
    works = {}
    for name, work in WORKS.items():
        engines = [engine for engine in ENGINES if work.kind in ENGINES[engine].works.split()]
        works[name] = {
            engine: {"failed": "CppCompileError: C++ compile error"} if engine in failing.get(work.kind, ())
            else {"times": [1.0 if engine == COMPILED else 2.0] * 3, "memory": 1000 * work.size, "off": 0.0}
            for engine in engines
        }  # fmt: skip
    return Results(3, "a machine", works, {"A, one point": 0.0})


def verdict(results, *target):
    return target_row(results, *target)[2:]


def test_a_target_is_judged_where_everybody_was_measured():
    target = "B, N = 1,000", "time", COMPILED, ANY_PEER, 0.5
    assert verdict(measured(), *target) == ["0.50", "reached"]
    assert verdict(measured(), *target[:-1], 0.4) == ["0.50", "**not reached**"]


def test_what_is_compared_with_a_peer_that_failed_is_not_judged():
    results = measured(fit=["torch.compile"])
    for against in (ANY_PEER, "torch.compile"):
        row = verdict(results, "B, N = 1,000", "time", COMPILED, against, 0.5)
        assert row == ["torch.compile failed", "not judged"]
    assert verdict(results, "B, N = 1,000", "time", COMPILED, "by hand, Numba loop", 0.5) == ["0.50", "reached"]
    rows = [row for row in report.page(results).splitlines() if "B, N = 1,000: compiled" in row]
    assert rows and not any(["reached" in row or "JAX" in row for row in rows])


def test_nobody_is_called_the_fastest_where_a_peer_failed():
    def fastest(results):
        return [row.split("|")[1].strip() for row in report.page(results).splitlines() if "s (2.00)**" in row]

    assert fastest(measured()) == ["PyTorch", "torch.compile"]  # the first of each table, since all are alike
    assert fastest(measured(**dict.fromkeys(["point", "fit", "summed"], ("PyTorch",)), soon=["torch.compile"])) == []


def test_a_random_expression_uses_every_step():
    steps = random_steps(300, 10)
    used = {place for name, x, y in steps for place in ((x, y) if name in BINARY else (x,))}
    assert {*range(10, 10 + len(steps) - 1)} <= used
    assert len(steps) >= 300


def test_a_target_is_not_reached_where_ours_failed():
    results = measured(fit=[COMPILED, "torch.compile"])
    assert verdict(results, "B, N = 1,000", "time", COMPILED, ANY_PEER, 0.5) == ["compiled failed", "**not reached**"]


@pytest.mark.parametrize("failing", [
    {}, {kind: ["torch.compile"] for kind in ("point", "fit", "summed")} | {"soon": ["torch.compile", "JAX jit"]},
    {"chain": [SWEEP]}, {"chain": list(ENGINES)}, {"fit": list(ENGINES)}, {"soon": [COMPILED], "long": [COMPILED]},
])  # fmt: skip
def test_page_and_chart_are_made_whoever_fails(failing, tmp_path):
    results = measured(**failing)
    page = report.page(results)
    assert ("CppCompileError" in page) == bool(failing)
    chart.draw(results, tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").read_text().startswith("<?xml")


def test_the_page_says_which_peer_is_sooner():
    results = measured()
    results.works["time to first result: A"]["JAX jit"]["times"] = [0.25] * 3
    assert "first result sooner than `compiled`: A: JAX jit 250 ms, instead of 1.00 s." in report.page(results)
    assert "sooner" not in report.page(measured())
