"""Architectures as tf.keras code.

The layers follow the rule of the network that nasea itself builds: one layer is itself, several are
a ``tf.keras.Sequential``, none is an identity; so the weights of the one load into the other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib import resources
from string import Template

from nasea.backends.records import FileOptions
from nasea.results.codegen.body import class_names, options, searched_layers
from nasea.results.codegen.header import ModelHeader, facts
from nasea.results.codegen.source import INDENT, Call, assignment, literal
from nasea.results.units import four_digits
from nasea.space import (
    Act,
    Add,
    Candidate,
    Conv,
    GlobalPool,
    Norm,
    Op,
    Pool,
    Program,
    Scale,
    Shape,
)
from nasea.space.ops import NORM_EPS, NORM_MOMENTUM

_HELPERS = {
    "Sum": '''
class Sum(layers.Layer):
    """Sum of branches that read the same input."""

    def __init__(self, *branches: layers.Layer) -> None:
        super().__init__()
        self.branches = list(branches)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', C')."""
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total
''',
    "Gate": '''
class Gate(layers.Layer):
    """The input times a gate computed from it."""

    def __init__(self, gate: layers.Layer) -> None:
        super().__init__()
        self.gate = gate

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H, W, C)."""
        return x * self.gate(x)
''',
    "Subsample": '''
class Subsample(layers.Layer):
    """Every so many rows and columns."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', C)."""
        return x[:, :: self.stride, :: self.stride]
''',
    "HardSigmoid": '''
class HardSigmoid(layers.Layer):
    """relu6(x + 3) / 6; Keras 2 calls another line so."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape."""
        return tf.nn.relu6(x + 3.0) / 6.0
''',
    "HardSwish": '''
class HardSwish(layers.Layer):
    """x * relu6(x + 3) / 6."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Any shape."""
        return x * tf.nn.relu6(x + 3.0) / 6.0
''',
    "strided_point": '''
def strided_point(x: tf.Tensor, kernel: tf.Tensor, stride: int) -> tf.Tensor:
    """A convolution with a kernel of 1 and a stride, (N, H, W, C) -> (N, H', W', C').

    Its gradient is that of picking every so many values and convolving them without a
    stride: the same, and TensorFlow's own crashes where channels are few (oneDNN).
    """

    @tf.custom_gradient
    def convolved(x: tf.Tensor, kernel: tf.Tensor) -> tuple:
        def gradient(upstream: tf.Tensor) -> list:
            with tf.GradientTape() as tape:
                tape.watch([x, kernel])
                picked = tf.nn.avg_pool2d(x, 1, stride, "SAME")
                y = tf.nn.conv2d(picked, kernel, 1, "SAME")
            return tape.gradient(y, [x, kernel], upstream)

        return tf.nn.conv2d(x, kernel, stride, "SAME"), gradient

    return convolved(x, kernel)
''',
    "Conv2D": '''
class Conv2D(layers.Conv2D):
    """A convolution with a kernel of 1 and a stride, whose gradient does not crash."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', filters)."""
        x = strided_point(x, tf.convert_to_tensor(self.kernel), self.strides[0])
        return x + tf.convert_to_tensor(self.bias) if self.use_bias else x
''',
    "GroupedConv2D": '''
class GroupedConv2D(layers.Layer):
    """A convolution in groups of channels, which that of Keras cannot train on CPUs."""

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        groups: int,
        strides: int = 1,
        padding: str = "valid",
        use_bias: bool = True,
    ) -> None:
        super().__init__()
        self.filters = filters
        self.kernel_size = kernel_size
        self.groups = groups
        self.strides = strides
        self.padding = padding.upper()
        self.use_bias = use_bias

    def build(self, shape: tf.TensorShape) -> None:
        """Make the weights."""
        sides = (self.kernel_size, self.kernel_size)
        kernel = (*sides, shape[-1] // self.groups, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=kernel)
        if self.use_bias:
            bias = (self.filters,)
            self.bias = self.add_weight(name="bias", shape=bias, initializer="zeros")
        super().build(shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """(N, H, W, C) -> (N, H', W', filters)."""
        kernels = tf.split(tf.convert_to_tensor(self.kernel), self.groups, axis=3)
        groups = zip(tf.split(x, self.groups, axis=3), kernels, strict=True)
        convolved = [self.convolve(part, kernel) for part, kernel in groups]
        x = tf.concat(convolved, axis=3)
        return x + tf.convert_to_tensor(self.bias) if self.use_bias else x

    def convolve(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """A group by itself."""
        if self.kernel_size == 1 and self.strides > 1:
            return strided_point(x, kernel, self.strides)
        return tf.nn.conv2d(x, kernel, self.strides, self.padding)
''',
}


def render_tensorflow(
    candidates: Sequence[Candidate],
    taps: Sequence[int],
    in_shape: Shape,
    input_chw: Shape,
    header: ModelHeader,
    file: FileOptions,
) -> str:
    """See :func:`nasea.results.codegen.render_model`."""
    template = resources.files("nasea.results") / "templates" / "model_tensorflow.py.txt"
    legacy = file.keras_version != 3
    used = class_names(candidates, _layers)
    if used & {"Conv2D", "GroupedConv2D"}:
        used = {*used, "strided_point"}
    helpers = [source for name, source in _HELPERS.items() if name in used]
    if file.built_in_call:
        helpers.append(_functions_of("built_in_call"))
    if _shows(file):
        helpers.append(_functions_of("classic", "view"))
    fixed = file.reads_batch_size
    image = _image_shape(input_chw, file)
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=header.name,
        folder=header.folder,
        number=int(header.number),
        parameters=f"{int(header.parameters):,}",
        accuracy=four_digits(float(header.accuracy)),
        keras="2" if legacy else "3",
        legacy=literal("1" if legacy else "0"),
        package=literal("tf_keras" if legacy else "keras"),
        requirement="tf-keras" if legacy else "'keras>=3'",
        imports=_imports(file),
        facts=facts(header),
        constants=_constants(header.name, image, taps),
        classes="".join(f"{helper.strip()}\n\n\n" for helper in helpers),
        body=_body(candidates, in_shape, INDENT * 2),
        image=", ".join(map(str, image)),
        shown=_shows(file),
        batch="1" if fixed else "None",
        images="one image" if fixed else "any number of images",
        samples="1" if fixed else "3",
        batch_told="1" if fixed else "free",
        call=_call(taps, file),
    )


def _image_shape(input_chw: Shape, file: FileOptions) -> tuple[int, int, int]:
    channels, height, width = map(int, input_chw)
    if file.data_format == "channels_first":
        return (channels, height, width)
    return (height, width, channels)


def _imports(file: FileOptions) -> str:
    """What of the standard library the file imports, sorted as linters want it."""
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
    """The lines that show the user's files what they expect of TensorFlow."""
    folder, lines = 'f"{folder}{os.sep}"', []
    if file.tensorflow_version is not None:
        lines.append(f"show_version({folder}, {literal(file.tensorflow_version)})")
    if file.old_keras:
        lines += ["old = [", *(f"{INDENT}{literal(name)}," for name in file.old_keras), "]"]
        lines.append(f"show_keras({folder}, old)")
    return "".join(f"{INDENT * 3}{line}\n" for line in lines)


def _functions_of(*module: str) -> str:
    """The functions of a module of ``backends/tensorflow/user``, as they stand there."""
    *folders, name = module
    path = resources.files("nasea.backends").joinpath("tensorflow", "user", *folders, f"{name}.py")
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
    """The lines of ``Model.call``."""
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
    """The call of PreNet or PostNet: assigned, or returned where there is no target."""
    begins = f"{target} =" if target else "return"
    line = f"{begins} self.{name}({inputs}, training=training)"
    if file.built_in_call:
        yield f"with keeping_layers(self.{name}):"
        yield f"{INDENT}{line}"
    else:
        yield line


def _body(candidates: Sequence[Candidate], shape: Shape, indent: str) -> str:
    return f"[\n{searched_layers(candidates, shape, indent + INDENT, _layer)}{indent}]"


def _layer(program: Program) -> Call:
    """The layer of a program."""
    calls = tuple(call for op in program for call in _layers(op))
    if len(calls) == 1:
        return calls[0]
    if not calls:
        return Call("layers.Identity")
    return Call("tf.keras.Sequential", (Call("", calls, ("[", "]")),))


def _layers(op: Op) -> list[Call]:
    """The layers of an operation."""
    if isinstance(op, Conv):
        return _conv(op)
    if isinstance(op, Norm):
        arguments = (f"momentum={literal(1 - NORM_MOMENTUM)}", f"epsilon={literal(NORM_EPS)}")
        return [Call("layers.BatchNormalization", arguments)]
    if isinstance(op, Act):
        return [_activation(op)]
    if isinstance(op, Pool):
        name = "MaxPooling2D" if op.kind == "max" else "AveragePooling2D"
        pool = Call(f"layers.{name}", (str(op.kernel), "strides=1", 'padding="same"'))
        return [pool, Call("Subsample", (str(op.stride),))] if op.stride > 1 else [pool]
    if isinstance(op, GlobalPool):
        return [Call("layers.GlobalAveragePooling2D", ("keepdims=True",))]
    if isinstance(op, Add):
        return [Call("Sum", tuple(_layer(branch) for branch in op.branches))]
    assert isinstance(op, Scale)
    return [Call("Gate", (_layer(op.gate),))]


def _conv(op: Conv) -> list[Call]:
    pads = op.stride > 1 and op.kernel > 1  # "same" would pad the right and the bottom more
    optional = options(
        ("strides", op.stride, 1),
        ("padding", "valid" if pads or op.kernel == 1 else "same", "valid"),
        ("use_bias", op.bias, True),
    )
    if op.groups == 1:
        name = "Conv2D" if op.kernel == 1 and op.stride > 1 else "layers.Conv2D"
        conv = Call(name, (str(op.c_out), str(op.kernel), *optional))
    elif op.groups == op.c_in:
        multiplier = options(("depth_multiplier", op.c_out // op.c_in, 1))
        conv = Call("layers.DepthwiseConv2D", (str(op.kernel), *multiplier, *optional))
    else:
        numbers = (str(op.c_out), str(op.kernel), f"groups={op.groups}")
        conv = Call("GroupedConv2D", (*numbers, *optional))
    return [Call("layers.ZeroPadding2D", (str(op.kernel // 2),)), conv] if pads else [conv]


def _activation(op: Act) -> Call:
    if op.kind in ("hswish", "hsigmoid"):
        return Call("HardSwish" if op.kind == "hswish" else "HardSigmoid")
    if op.kind in ("sigmoid", "silu"):
        return Call("layers.Activation", (literal("swish" if op.kind == "silu" else op.kind),))
    return Call("layers.ReLU", ("6.0",) if op.kind == "relu6" else ())
