"""The candidates of NAS-Bench-Macro (Su et al. 2021, arXiv:2103.11922, section 4.1), in its order.

Identity is a 1 x 1 convolution where shapes differ; the others are inverted residuals (Sandler et
al. 2018, arXiv:1801.04381), with an identity beside them only where shapes agree.
"""

from nasea.space import Act, Block, Program, conv_norm, residual


def identity() -> Block:
    """Nothing at all, or what makes shapes agree."""

    def build(c_in: int, c_out: int, stride: int) -> Program:
        same = stride == 1 and c_in == c_out
        return () if same else conv_norm("project", c_in, c_out, 1, stride)

    return Block("identity", "identity", build)


def mobile(kernel: int, expansion: int) -> Block:
    """An inverted residual."""

    def build(c_in: int, c_out: int, stride: int) -> Program:
        inner = expansion * c_in
        main = (
            *conv_norm("expand", c_in, inner, 1),
            Act("relu6"),
            *conv_norm("depthwise", inner, inner, kernel, stride, groups=inner),
            Act("relu6"),
            *conv_norm("project", inner, c_out, 1),
        )
        return (residual(main, c_in, c_out, stride),) if stride == 1 and c_in == c_out else main

    return Block(f"mb{expansion}_k{kernel}", "mobile", build)


BLOCKS = [identity(), mobile(3, 3), mobile(5, 6)]
