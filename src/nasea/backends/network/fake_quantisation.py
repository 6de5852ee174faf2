"""Which tensors of a network an int8 file rounds, decided while the network runs or is traced.

A framework shows every operator of a network to a :class:`Tracker`, in order. The tracker says what
the operator computes with: values rounded to 8 bits, as the exported file has them. There is no
second network: the operators are those of the float one, of PreNet and PostNet too.

An activation has one range, from its smallest to its largest value, 0 included (asymmetric). A
weight has a range for each output channel (symmetric). A convolution with its normalisation and its
ReLU is one operator of the file, so nothing is rounded between them; folding the normalisation into
the weights multiplies each output channel and its range alike, so the rounded weights are those of
the file.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

LEVELS = 255
"""Steps of an activation's range."""

WEIGHT_LEVELS = 127
"""Steps from 0 to the largest weight of a channel."""

Tensor = TypeVar("Tensor")


class Role(enum.Enum):
    """What an operator is in an int8 file."""

    PRODUCT = enum.auto()
    """A convolution or a matrix product: int8 in, int8 out, the second argument is the weight."""
    BIAS = enum.auto()
    """Is part of the product before it."""
    NORM = enum.auto()
    """Normalisation: folded into the product before it, int8 by itself elsewhere."""
    CLAMP = enum.auto()
    """ReLU and the like: part of the operator before it."""
    ELEMENTS = enum.auto()
    """Any other operator that has int8: sums, products by element, pools with a mean."""
    PROBABILITY = enum.auto()
    """Softmax and sigmoid. Training leaves them in float where the network returns them: rounded
    to 0, they would have no logarithm."""
    SAME = enum.auto()
    """Hands on what it gets."""
    MOVE = enum.auto()
    """Moves values or picks some: what was rounded stays rounded."""
    OTHER = enum.auto()
    """Computes in float32."""


@dataclass
class _State(Generic[Tensor]):
    """What is known of a tensor that depends on the images.

    Attributes:
        tensor: keeps the tensor, by whose identity it is found, alive.
        ours: whether an operator with int8 makes it, so that it is rounded in any case.
        product: whether it is a product that a normalisation may yet be folded into.
        rounded: the rounded tensor, once somebody needed it.
        in_float: whether an operator without int8 makes it.
        probability: whether it is what a softmax or a sigmoid made.
    """

    tensor: Tensor
    ours: bool = False
    product: bool = False
    rounded: Tensor | None = None
    in_float: bool = False
    probability: bool = False


class Tracker(ABC, Generic[Tensor]):
    """Follows the tensors of one run or trace of a network, or of a part of it.

    Tensors are rounded when somebody computes with them, so that a ReLU that comes later can still
    be part of the operator. Ranges are numbered in the order of that.

    Args:
        inputs: the tensors that the network gets.
    """

    trains: ClassVar[bool]
    """Whether a loss is computed from what the network returns."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        self._states: dict[object, _State[Tensor]] = {self.key(x): _State(x) for x in inputs}

    # --- what a framework gives ---

    @staticmethod
    @abstractmethod
    def key(tensor: Tensor) -> object:
        """What tells a tensor from all others of the network."""

    @abstractmethod
    def round_activation(self, tensor: Tensor) -> Tensor:
        """Observe or round the next tensor; called in the order of the ranges."""

    @abstractmethod
    def round_weight(self, tensor: Tensor, operator: Any) -> Tensor:
        """Round a weight: a range for each output channel."""

    @abstractmethod
    def round_constant(self, tensor: Tensor) -> Tensor:
        """Round a tensor that does not depend on the images, such as a learned factor."""

    def weighs(self, position: int) -> bool:
        """Whether that argument of a product, which does not depend on the images, is a weight."""
        return True

    # --- what is the same in all ---

    def known(self, tensor: Tensor) -> bool:
        """Whether a tensor depends on the images."""
        return self.key(tensor) in self._states

    def in_float(self, tensor: Tensor) -> bool:
        """Whether an operator without int8 makes the tensor."""
        state = self._states.get(self.key(tensor))
        return state is not None and state.in_float

    def before(self, role: Role, operator: Any, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return what an operator computes with.

        Args:
            role: of the operator.
            operator: handed to :meth:`round_weight`.
            inputs: its floating-point arguments, in order.
        """
        if not any(map(self.known, inputs)):
            return list(inputs)
        role = self._settled(role, inputs)
        return [self._argument(role, operator, *pair) for pair in enumerate(inputs)]

    def after(self, role: Role, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Enter the results of an operator.

        Args:
            role: of the operator.
            inputs: its floating-point arguments before they were rounded.
            outputs: its floating-point results.
        """
        states = [state for x in inputs if (state := self._states.get(self.key(x))) is not None]
        if not states:
            return
        role = self._settled(role, inputs)
        first = states[0]
        # With gradients of their own, operators hand on what they were given besides: weights too.
        same = [self._states.get(self.key(x)) for x in inputs]
        if len(same) != len(outputs):
            same = [*states]
        # Statistics that a normalisation gives besides are no activations.
        for number, output in enumerate(outputs[:1] if role is Role.NORM else outputs):
            made = _State(output)
            if role in (Role.PRODUCT, Role.BIAS, Role.NORM, Role.ELEMENTS, Role.PROBABILITY):
                made.ours = True
                made.probability = role is Role.PROBABILITY
                made.product = role in (Role.PRODUCT, Role.BIAS)
            elif role is Role.CLAMP:
                made.ours, made.in_float = first.ours, first.in_float
            elif role is Role.SAME and len(outputs) == len(same):
                one = same[number]
                if one is None:
                    continue
                made.ours, made.product, made.in_float = one.ours, one.product, one.in_float
                made.rounded = None if one.rounded is None else output
                made.probability = one.probability
            elif role is Role.MOVE and self._stays_float(first):
                made.ours = made.probability = True
            elif role is Role.MOVE and first.ours:
                made.ours, made.rounded = True, output
            else:
                made.in_float = role is Role.OTHER or first.in_float
            self._states[self.key(output)] = made

    def result(self, tensor: Tensor) -> Tensor:
        """What the network returns for one of its tensors."""
        state = self._states.get(self.key(tensor))
        if state is None or not state.ours or self._stays_float(state):
            return tensor
        return self._rounded(state)

    def _stays_float(self, state: _State[Tensor]) -> bool:
        return self.trains and state.probability and state.rounded is None

    def _settled(self, role: Role, inputs: Sequence[Tensor]) -> Role:
        """A normalisation or a bias without a product before it is an operator by itself."""
        if role not in (Role.NORM, Role.BIAS):
            return role
        state = self._states.get(self.key(inputs[0]))
        folds = state is not None and state.product and state.rounded is None
        if folds:
            return role
        return Role.ELEMENTS if role is Role.BIAS else Role.NORM

    def _argument(self, role: Role, operator: Any, position: int, tensor: Tensor) -> Tensor:
        state = self._states.get(self.key(tensor))
        if state is None:
            if role is Role.PRODUCT and self.weighs(position):
                return self.round_weight(tensor, operator)
            return self.round_constant(tensor) if role is Role.ELEMENTS else tensor
        if role in (Role.PRODUCT, Role.ELEMENTS, Role.PROBABILITY):
            return self._rounded(state)
        if role is Role.MOVE and self._stays_float(state):
            return tensor
        if role in (Role.BIAS, Role.CLAMP, Role.SAME):
            return tensor if state.rounded is None else state.rounded
        if role is Role.NORM:
            return tensor if state.product and state.rounded is None else self._rounded(state)
        return self._rounded(state) if state.ours else tensor

    def _rounded(self, state: _State[Tensor]) -> Tensor:
        if state.rounded is None:
            state.rounded = self.round_activation(state.tensor)
            # Asked by its own identity it is what it is.
            again = _State(state.rounded, True, rounded=state.rounded)
            self._states[self.key(state.rounded)] = again
        return state.rounded


def role_of(name: str, roles: Mapping[Role, frozenset[str]]) -> Role:
    """The role of an operator by its name."""
    return next((role for role, names in roles.items() if name in names), Role.OTHER)
