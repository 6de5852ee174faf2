"""Describes every operation of the search space once for a framework.

A description is data: calls of the framework's layer classes. The stand-alone network is built from
it and the generated file printed from it, so both are the same network. Next to it is the operation
as a function of weights, which a supernet runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nasea.errors import SpaceError
from nasea.space import Op, Program
from nasea.space.ops import overwrites_input

Value = int | float | str | None


@dataclass(frozen=True)
class LayerCall:
    """A layer, as the call of its class.

    Attributes:
        kind: the class.
        arguments: positional arguments: values, other layers, or a tuple of layers, which is passed
            as a list.
        options: keyword arguments; those equal to the framework's defaults are left out.
        namespace: prefix of the class name in generated code, e.g. ``nn``. Empty for a class that
            is not the framework's: the file then contains its source, and that of everything it
            needs from the same module.
    """

    kind: Any
    arguments: tuple[Value | LayerCall | tuple[LayerCall, ...], ...] = ()
    options: Mapping[str, Value] = field(default_factory=dict)
    namespace: str = ""

    @property
    def name(self) -> str:
        """The name of the class in generated code."""
        return ".".join([*([self.namespace] if self.namespace else []), self.kind.__name__])

    def build(self, instead: Mapping[Any, Any] | None = None) -> Any:
        """Make the layer.

        Args:
            instead: class -> class to use in its place.
        """

        def make(argument: Any) -> Any:
            if isinstance(argument, tuple):
                return [layer.build(instead) for layer in argument]
            return argument.build(instead) if isinstance(argument, LayerCall) else argument

        kind = (instead or {}).get(self.kind, self.kind)
        return kind(*map(make, self.arguments), **self.options)

    def every_call(self) -> Iterator[LayerCall]:
        """Yield this layer and all layers inside it."""
        yield self
        for argument in self.arguments:
            inside = argument if isinstance(argument, tuple) else (argument,)
            for layer in inside:
                if isinstance(layer, LayerCall):
                    yield from layer.every_call()


def non_default(**options: tuple[Value, Value]) -> dict[str, Value]:
    """Return the options, each (value, framework's default), that differ from their default."""
    return {name: value for name, (value, default) in options.items() if value != default}


Layers = Callable[[Any, bool], Sequence[LayerCall]]
"""(operation, whether it alone reads its input) -> its layers, in order."""
Run = Callable[..., Any]
"""(operation, input, *further arguments of the framework) -> output."""


class Operations:
    """The operations of a framework.

    Args:
        framework: name of the framework, for messages.
        several: returns the layer that applies layers in order.
        nothing: the identity layer.
    """

    def __init__(
        self,
        framework: str,
        several: Callable[[tuple[LayerCall, ...]], LayerCall],
        nothing: LayerCall,
    ) -> None:
        self._framework = framework
        self._several = several
        self._nothing = nothing
        self._known: dict[type[Op], tuple[Layers, Run | None]] = {}
        self._built: dict[tuple[Op, bool], Any] = {}

    def add(self, kind: type[Op], layers: Layers, run: Run | None = None) -> None:
        """Register the description of an operation.

        Args:
            kind: class of the operation.
            layers: returns its layers.
            run: the same as a function of weights; ``None`` if it has no weights.
        """
        self._known[kind] = (layers, run)

    def describe(self, program: Program) -> LayerCall:
        """Return the layer of a program; several layers become one that applies them in order."""
        calls = tuple(
            call
            for op, before in zip(program, (None, *program), strict=False)
            for call in self._form(op)[0](op, overwrites_input(before))
        )
        if len(calls) == 1:
            return calls[0]
        return self._several(calls) if calls else self._nothing

    def run(self, program: Program, x: Any, *given: Any) -> Any:
        """Apply a program.

        Args:
            program: the operations, in order.
            x: the input.
            given: further arguments of the framework's functions, the weights by slot first.
        """
        before: Op | None = None
        for op in program:
            _, run = self._form(op)
            x = run(op, x, *given) if run else self._layer(op, overwrites_input(before))(x)
            before = op
        return x

    def _form(self, op: Op) -> tuple[Layers, Run | None]:
        if type(op) not in self._known:
            raise SpaceError(f"{op} is not described for {self._framework}")
        return self._known[type(op)]

    def _layer(self, op: Op, fresh: bool) -> Callable[[Any], Any]:
        """Return an operation without weights as a function."""
        if (op, fresh) not in self._built:
            layers = [call.build() for call in self._form(op)[0](op, fresh)]
            self._built[op, fresh] = lambda x: _through(layers, x)
        found: Callable[[Any], Any] = self._built[op, fresh]
        return found


def _through(layers: Sequence[Any], x: Any) -> Any:
    for layer in layers:
        x = layer(x)
    return x
