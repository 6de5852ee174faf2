"""The vocabulary in a framework: every operation described once.

A description is data, calls of the framework's layer classes. The stand-alone network is built from
it and the generated file printed, so they are the same network. Beside it stands the operation as a
function of weights, which a supernet runs.
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
        arguments: values, other layers, or a tuple of layers, which becomes a list.
        options: arguments with names; those that are the framework's defaults are left out.
        namespace: what generated code writes before the name of the class, ``nn`` say. Empty for a
            class that is not the framework's: the file then carries its source, and that of what it
            needs from the same module.
    """

    kind: Any
    arguments: tuple[Value | LayerCall | tuple[LayerCall, ...], ...] = ()
    options: Mapping[str, Value] = field(default_factory=dict)
    namespace: str = ""

    @property
    def name(self) -> str:
        """How generated code names the class."""
        return ".".join([*([self.namespace] if self.namespace else []), self.kind.__name__])

    def build(self, instead: Mapping[Any, Any] | None = None) -> Any:
        """Make the layer.

        Args:
            instead: classes to use in the place of others.
        """

        def made(argument: Any) -> Any:
            if isinstance(argument, tuple):
                return [layer.build(instead) for layer in argument]
            return argument.build(instead) if isinstance(argument, LayerCall) else argument

        kind = (instead or {}).get(self.kind, self.kind)
        return kind(*map(made, self.arguments), **self.options)

    def every_call(self) -> Iterator[LayerCall]:
        """This layer and all inside it."""
        yield self
        for argument in self.arguments:
            inside = argument if isinstance(argument, tuple) else (argument,)
            for layer in inside:
                if isinstance(layer, LayerCall):
                    yield from layer.every_call()


def unusual(**options: tuple[Value, Value]) -> dict[str, Value]:
    """The options, each (value, the framework's default), that differ from the default."""
    return {name: value for name, (value, usual) in options.items() if value != usual}


Layers = Callable[[Any, bool], Sequence[LayerCall]]
"""(operation, whether nobody else reads its input) -> its layers, applied one after the other."""
Run = Callable[..., Any]
"""(operation, input, what else the framework passes on) -> output."""


class Operations:
    """The operations that a framework knows.

    Args:
        framework: its name, for messages.
        several: the layer that applies layers one after the other.
        nothing: the layer that does nothing.
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
        """Describe an operation.

        Args:
            kind: its class.
            layers: its layers.
            run: the same as a function of weights; not needed where nothing is learned.
        """
        self._known[kind] = (layers, run)

    def describe(self, program: Program) -> LayerCall:
        """The layer of a program: one is itself, several are one after the other."""
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
            program: what to do.
            x: its input.
            given: what the framework's functions get: the weights by slot first.
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
        """An operation without weights of its own, as a function."""
        if (op, fresh) not in self._built:
            layers = [call.build() for call in self._form(op)[0](op, fresh)]
            self._built[op, fresh] = lambda x: _through(layers, x)
        found: Callable[[Any], Any] = self._built[op, fresh]
        return found


def _through(layers: Sequence[Any], x: Any) -> Any:
    for layer in layers:
        x = layer(x)
    return x
