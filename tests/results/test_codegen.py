"""Generated files as text: layout, header, and names that try to be code."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nasea.backends.records import FileOptions
from nasea.errors import NotAvailableError, SpaceError
from nasea.results.codegen import ModelHeader, render_model
from nasea.results.codegen.source import WIDTH, Call, assignment, comment, literal
from nasea.space import Candidate

from .architectures import FIXED, FLAVOURS, IMAGE, Architecture, layers_of, make_header, of_blocks

_ROOT = Path(__file__).parents[2]
_GOLDEN = _ROOT / "tests" / "golden"

_PLAIN = of_blocks(["skip"], [8], [1])
_DEEP = of_blocks(["inverted_k5_e6_se"] * 30, [1536] * 30, [1] * 30, taps=tuple(range(30)))


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_golden(framework: str) -> None:
    golden = _GOLDEN / f"model_arch_result_3.{framework}.py.txt"
    assert FIXED.text(flavour=framework) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [88, 100])
def test_linter_and_formatter_have_nothing_to_say(width: int, tmp_path: Path) -> None:
    architectures = {"fixed": FIXED, "plain": _PLAIN, "deep": _DEEP}
    for flavour, (name, architecture) in itertools.product(FLAVOURS, architectures.items()):
        folder = tmp_path / f"{flavour}_{name}"
        folder.mkdir()
        text = architecture.text(flavour=flavour)
        (folder / "model_arch_result_3.py").write_text(text, encoding="utf-8")
    config = ["--config", str(_ROOT / "pyproject.toml"), "--config", f"line-length={width}"]
    for verb in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *verb, "--no-cache", *config, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_only_what_is_needed_is_defined(framework: str) -> None:
    fixed, plain = (each.text(flavour=framework) for each in (FIXED, _PLAIN))
    assert "class Gate" in fixed and "TAPS = (1,)" in fixed
    for absent in ("class Gate", "class Sum", "TAPS", "keeping_layers", "transpose"):
        assert absent not in plain


@pytest.mark.parametrize(
    ("flavour", "needed"),
    [
        ("pytorch", {"torch", "onnxruntime"}),
        ("tensorflow", {"tensorflow"}),
        ("tensorflow-call", {"tensorflow"}),
    ],
)
def test_no_import_but_the_framework_and_the_standard_library(
    flavour: str, needed: set[str]
) -> None:
    roots = set()
    for node in ast.walk(ast.parse(FIXED.text(flavour=flavour))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add(str(node.module).split(".")[0])
    assert roots - set(sys.stdlib_module_names) == needed


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow"])
def test_the_header_can_be_read_without_running_the_file(framework: str) -> None:
    header = make_header(blocks=("skip", "basic_x1"), note="3f9c")
    found = {"metric": np.float64(1e-5), "genome": tuple(np.array([0, 21])), "latency_ms": 2.5}
    header = replace(header, member=replace(header.member, **found))
    assert _facts(_PLAIN.text(header, framework)) == {
        "model_param_size": 2_310_154,
        "accuracy": 0.9312,
        "metric": 1e-5,
        "metric_mode": "min",
        "search_metric": 0.0712,
        "flops": 340_000_000,
        "latency_ms": 2.5,
        "genome": (0, 21),
        "blocks": ("skip", "basic_x1"),
        "seed": 7,
        "config_digest": "3f9c",
        "nasea_version": "3f9c",
        "framework_version": "3f9c",
    }


_BREAKOUTS = [
    "x\nimport os; os.abort()",
    "x\r\x0b\x0c\x1c\x85\u2028import os",
    '"""\nimport os\n"""',
    "', __import__('os'), '",
    "\\",
    "$body ${name}",
    "\ud800",
    "{0} %s \x00",
]


@settings(deadline=None, max_examples=40)
@given(st.text())
@example("x" * 300)
def test_no_name_can_become_code(name: str) -> None:
    _expect_inert(name)


@pytest.mark.parametrize("name", _BREAKOUTS)
def test_known_tricks_do_not_become_code(name: str) -> None:
    _expect_inert(name)


def _expect_inert(name: str) -> None:
    for framework in ("pytorch", "tensorflow"):
        _expect_inert_in(framework, name)


def _expect_inert_in(framework: str, name: str) -> None:
    def text(of: str) -> str:
        [placed] = of_blocks(["basic_x1"], [8], [1]).candidates
        candidate = Candidate(of, of, placed.program)
        header = make_header(blocks=(of,), note=of)
        return Architecture(8, (candidate,)).text(header, framework)

    hostile = text(name)
    assert hostile.isascii() and "\r" not in hostile
    assert _code(hostile) == _code(text("harmless"))
    facts = _facts(hostile)
    assert facts["blocks"] == (name,)
    assert facts["config_digest"] == facts["nasea_version"] == facts["framework_version"] == name


def _facts(text: str) -> dict[str, object]:
    return {
        target: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        and (target := ast.unparse(node.targets[0])).islower()
        and target != "layers"  # a short name for what Keras has
    }


def _code(text: str) -> str:
    """The syntax tree without the values of the facts."""
    facts = _facts(text)
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in facts:
            node.value = ast.Constant(None)
    return ast.dump(tree)


def test_a_framework_without_writer_is_refused() -> None:
    with pytest.raises(NotAvailableError, match="cannot be written for JAX"):
        render_model(
            "JAX", FIXED.candidates, [], (), FIXED.in_shape, IMAGE, make_header(), FileOptions()
        )


def test_blocks_that_do_not_fit_are_refused() -> None:
    layers = layers_of("pytorch", FIXED.candidates)
    with pytest.raises(SpaceError):
        render_model(
            "pytorch", FIXED.candidates, layers, (), (5, 9, 7), IMAGE, make_header(), FileOptions()
        )


def test_the_name_is_that_of_the_file() -> None:
    header: ModelHeader = make_header(number=12)
    assert header.name == "model_arch_result_12"
    assert 'NAME = "model_arch_result_12"' in _PLAIN.text(header)


@given(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none())
def test_literals_are_read_back_exactly(value: int | float | str | None) -> None:
    assert ast.literal_eval(literal(value)) == value


@given(st.lists(st.text(max_size=20)))
def test_assignments_are_read_back_exactly(values: list[str]) -> None:
    assert _facts(assignment("values", tuple(values))) == {"values": tuple(values)}


@given(st.text())
def test_a_comment_is_one_line_of_printable_ascii(text: str) -> None:
    shown = comment(text)
    assert shown.isascii() and (shown.isprintable() or not shown)
    assert len(shown) <= 40


def test_a_call_too_long_for_a_line_is_spread() -> None:
    call = Call("f", ("a" * 20,) * 3 + ("a" * 13,))
    line = call.source()
    assert "\n" not in line and len(line) < WIDTH
    spread = call.source(" " * 8)
    assert spread.splitlines()[1] == " " * 12 + "a" * 20 + ","
    assert spread.endswith("\n        )")
