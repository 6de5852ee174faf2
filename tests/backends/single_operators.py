"""An operator of each kind, for the writers of files that hold a single one."""

from nasea.cost import Operator
from nasea.cost.operators import (
    ACTIVATION,
    ADD,
    CONCAT,
    CONV,
    COPY,
    DENSE,
    GLOBAL_POOL,
    MULTIPLY,
    POOL,
    RESIZE,
    SOFTMAX,
)

SHAPE = (8, 9, 7)
OPERATORS = [
    Operator(CONV, SHAPE, (12, 5, 4), (3, 3), 2, activation="relu6"),
    Operator(CONV, SHAPE, (8, 9, 7), (5, 5), groups=8),
    Operator(CONV, SHAPE, (4, 7, 5), (3, 3)),
    Operator(DENSE, (8, 1, 1), (10, 1, 1)),
    Operator(POOL, SHAPE, (8, 5, 4), (3, 3), 2),
    Operator(GLOBAL_POOL, SHAPE, (8, 1, 1), (9, 7)),
    Operator(ADD, SHAPE, SHAPE, inputs=2, activation="relu"),
    Operator(MULTIPLY, SHAPE, SHAPE),
    Operator(CONCAT, SHAPE, (16, 9, 7), inputs=2),
    Operator(SOFTMAX, (10, 1, 1), (10, 1, 1)),
    Operator(RESIZE, SHAPE, (8, 18, 14)),
    Operator(COPY, SHAPE, (8, 10, 8)),
    Operator(ACTIVATION, SHAPE, SHAPE, activation="hswish"),
    Operator(ACTIVATION, SHAPE, SHAPE, activation="swish"),
]
