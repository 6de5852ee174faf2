"""Architectures as tf.keras code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib import resources
from string import Template

from nasea.backends.network.operations import LayerCall
from nasea.backends.records import FileOptions
from nasea.results.codegen.body import helper_sources, searched_layers
from nasea.results.codegen.header import ModelHeader, facts
from nasea.results.codegen.source import INDENT, assignment, literal
from nasea.results.units import four_digits
from nasea.space import Candidate, Shape


def render_tensorflow(
    candidates: Sequence[Candidate],
    layers: Sequence[LayerCall],
    taps: Sequence[int],
    in_shape: Shape,
    input_chw: Shape,
    header: ModelHeader,
    file: FileOptions,
) -> str:
    """See :func:`nasea.results.codegen.render_model`."""
    template = resources.files("nasea.results") / "templates" / "model_tensorflow.py.txt"
    legacy = file.keras_version != 3
    helpers = helper_sources(layers)
    if file.built_in_call:
        helpers.append(_functions_of("built_in_call"))
    if _shows(file):
        helpers.append(_functions_of("classic", "view"))
    fixed = file.reads_batch_size
    image = _image_shape(input_chw, file)
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=header.name,
        folder=header.folder,
        advice=header.advice,
        number=int(header.member.number),
        parameters=f"{int(header.member.parameters):,}",
        accuracy=four_digits(float(header.member.accuracy)),
        keras="2" if legacy else "3",
        legacy=literal("1" if legacy else "0"),
        package=literal("tf_keras" if legacy else "keras"),
        requirement="tf-keras" if legacy else "'keras>=3'",
        imports=_imports(file),
        facts=facts(header),
        constants=_constants(header.name, image, taps),
        classes="".join(f"{helper.strip()}\n\n\n" for helper in helpers),
        body=_body(candidates, layers, in_shape, INDENT * 2),
        image=", ".join(map(str, image)),
        shown=_shows(file),
        batch="1" if fixed else "None",
        images="one image" if fixed else "any number of images",
        samples="1" if fixed else "3",
        batch_in_words="1" if fixed else "free",
        call=_call(taps, file),
    )


def _image_shape(input_chw: Shape, file: FileOptions) -> tuple[int, int, int]:
    channels, height, width = map(int, input_chw)
    if file.data_format == "channels_first":
        return (channels, height, width)
    return (height, width, channels)


def _imports(file: FileOptions) -> str:
    """Return the standard library imports of the file, sorted as linters require."""
    keeps, shows = file.built_in_call, bool(_shows(file))
    abstract = ", ".join(["Iterator"] * keeps + ["Sequence"] * shows)
    lines = [
        *(f"import {name}" for name in ("importlib", "importlib.util", "os", "re", "sys", "types")),
        *(["from collections import Counter"] if keeps else []),
        *([f"from collections.abc import {abstract}"] if abstract else []),
        *(["from contextlib import contextmanager"] if keeps else []),
        "from pathlib import Path",
        *(["from typing import Any"] if abstract else []),
    ]
    return "\n".join(lines)


def _shows(file: FileOptions) -> str:
    """Return the lines that provide what the user's files expect of TensorFlow."""
    folder, lines = 'f"{folder}{os.sep}"', []
    if file.tensorflow_version is not None:
        lines.append(f"show_version({folder}, {literal(file.tensorflow_version)})")
    if file.old_keras:
        lines += ["old = [", *(f"{INDENT}{literal(name)}," for name in file.old_keras), "]"]
        lines.append(f"show_keras({folder}, old)")
    return "".join(f"{INDENT * 3}{line}\n" for line in lines)


def _functions_of(*module: str) -> str:
    """Return the source of the functions of a module of ``backends/tensorflow/user``."""
    *folders, name = module
    place = "/".join(("tensorflow", "user", *folders, f"{name}.py"))
    path = resources.files("nasea.backends") / place
    source = path.read_text(encoding="utf-8")
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    first = min([functions[0].lineno, *(d.lineno for d in functions[0].decorator_list)])
    return "\n".join(source.splitlines()[first - 1 : functions[-1].end_lineno])


def _constants(name: str, image: Sequence[int], taps: Sequence[int]) -> str:
    lines = [
        assignment("NAME", name),
        assignment("INPUT_SHAPE", tuple(image)),
        *([assignment("TAPS", tuple(sorted(map(int, taps))))] if taps else []),
    ]
    return "\n".join(lines)


def _call(taps: Sequence[int], file: FileOptions) -> str:
    """Return the lines of ``Model.call``."""
    first = file.data_format == "channels_first"
    lines = [
        *_end("x", "pre_net", "images", file),
        *(["x = tf.transpose(x, (0, 2, 3, 1))  # the body has its channels last"] * first),
        *(["tapped = []"] if taps else []),
        f"for {'index, layer in enumerate(self.body)' if taps else 'layer in self.body'}:",
        f"{INDENT}x = layer(x, training=training)",
        *([f"{INDENT}if index in TAPS:", f"{INDENT * 2}tapped.append(x)"] if taps else []),
    ]
    features = "[*tapped, x]" if taps else "x"
    if first and taps:
        lines.append("features = [tf.transpose(y, (0, 3, 1, 2)) for y in [*tapped, x]]")
        features = "features"
    elif first:
        lines.append("x = tf.transpose(x, (0, 3, 1, 2))")
    lines += _end("", "post_net", features, file)
    return "\n".join(f"{INDENT * 2}{line}" for line in lines)


def _end(target: str, name: str, inputs: str, file: FileOptions) -> Iterator[str]:
    """Yield the call of PreNet or PostNet: assigned, or returned without a target."""
    begins = f"{target} =" if target else "return"
    line = f"{begins} self.{name}({inputs}, training=training)"
    if file.built_in_call:
        yield f"with keeping_layers(self.{name}):"
        yield f"{INDENT}{line}"
    else:
        yield line


def _body(
    candidates: Sequence[Candidate], layers: Sequence[LayerCall], shape: Shape, indent: str
) -> str:
    return f"[\n{searched_layers(candidates, layers, shape, indent + INDENT)}{indent}]"
