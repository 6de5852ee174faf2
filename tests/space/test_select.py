"""Choosing blocks by name, and blocks that users bring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nasea.cost import count
from nasea.errors import NaseaError, SpaceError, UserCodeError, UserModuleError
from nasea.space import (
    DEFAULT_BLOCKS,
    DEFAULT_BLOCKS_WITH_WIDTHS,
    Block,
    build_space,
    catalogue,
    load_user_blocks,
    select_blocks,
)

DOC = Path(__file__).parents[2] / "docs" / "add-a-block.md"
HEADER = "from nasea.space import Act, Add, Block, Conv, Norm, conv_norm, residual\n"
OWN = Block("mine", "my_family", lambda c_in, c_out, stride: None)


def blocks_file(directory: Path, text: str) -> Path:
    (directory / "blocks.py").write_text(HEADER + text, encoding="utf-8")
    return directory


def one_block(body: str) -> str:
    """A ``blocks.py`` whose one block builds with the lines of ``body``."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"def build(c_in, c_out, stride):\n{lines}BLOCKS = [Block('mine', 'mine', build)]\n"


# Selection


@pytest.mark.parametrize("constraint_type", sorted(DEFAULT_BLOCKS))
def test_without_names_the_default_set_and_all_own_blocks(constraint_type: str) -> None:
    selected = select_blocks(None, constraint_type, {"mine": OWN})
    assert [block.name for block in selected] == [*DEFAULT_BLOCKS[constraint_type], "mine"]
    selected = select_blocks(None, constraint_type, {"mine": OWN}, widths=True)
    names = [block.name for block in selected]
    assert names == [*DEFAULT_BLOCKS_WITH_WIDTHS[constraint_type], "mine"]


def test_catalogue_names_are_keys_and_no_block_is_called_like_another_family() -> None:
    for name, block in catalogue().items():
        assert name == block.name
        others = {other.family for other in catalogue().values() if other is not block}
        assert name not in others or name == block.family


def test_names_keep_their_order_and_families_spread() -> None:
    selected = select_blocks(["my_family", "separable", "skip"], "size", {"mine": OWN})
    names = [block.name for block in selected]
    assert names == ["mine", "separable_k3", "separable_k5", "separable_k7", "skip"]


def test_a_block_named_twice_is_selected_once() -> None:
    selected = select_blocks(["fused_e4", "fused", "fused_e4"], "size", {})
    assert [block.name for block in selected] == ["fused_e4", "fused_e2"]


@pytest.mark.parametrize(
    "name, fix",
    [
        ("basic_1", "did you mean 'basic_x1'?"),
        ("seperable", "did you mean 'separable'?"),
        ("my_famly", "did you mean 'my_family'?"),
        ("qqqq", "choose from skip, separable_k3,"),
    ],
)
def test_unknown_names_are_refused_with_a_suggestion(name: str, fix: str) -> None:
    with pytest.raises(SpaceError, match=f"no block or family is called '{name}'") as caught:
        select_blocks([name], "size", {"mine": OWN})
    assert caught.value.fix is not None and caught.value.fix.startswith(fix)


@pytest.mark.parametrize("label", ["", "two words", "a/b", "a,b"])
def test_labels_are_plain(label: str) -> None:
    with pytest.raises(SpaceError, match="letters, digits and"):
        Block(label, "family", OWN.build)
    with pytest.raises(SpaceError, match="letters, digits and"):
        Block("name", label, OWN.build)


# blocks.py


def test_no_file_no_blocks(tmp_path: Path) -> None:
    assert load_user_blocks(tmp_path) == {}


def test_a_working_block_takes_its_place_in_a_space(tmp_path: Path) -> None:
    body = """if stride == 2:
    return None
return (residual(conv_norm("conv", c_in, c_out, 5), c_in, c_out, stride), Act("hswish"))"""
    own = load_user_blocks(blocks_file(tmp_path, one_block(body)))
    assert list(own) == ["mine"]
    space = build_space((8, 6, 6), [8, 8], [1, 2], select_blocks(["mine", "fused_e2"], "size", own))
    assert space.blocks((0, 0)) == ("mine", "fused_e2")
    assert space.choices == (2, 1)
    cost = count(space.layers[0].candidates[0].program, (8, 6, 6))
    assert cost.parameters == 8 * 8 * 25 + 2 * 8


def test_the_documented_block_works(tmp_path: Path) -> None:
    """The page's example loads, and its two kernels share one slot, the smaller inside."""
    [example] = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "blocks.py").write_text(example, encoding="utf-8")
    own = load_user_blocks(tmp_path)
    assert list(own) == ["large_k7", "large_k11"]
    chosen = select_blocks(["skip", "basic_x1", "large"], "size", own)  # as in the page's scen.yaml
    space = build_space((8, 28, 28), [8, 16], [1, 2], chosen)
    assert [c.name for c in space.layers[1].candidates] == ["basic_x1", "large_k7", "large_k11"]
    assert space.slots["layer1/large/depthwise/weight"].shape == (8, 1, 11, 11)
    small = space.layers[0].candidates[2]
    assert small.name == "large_k7"
    assert count(small.program, (8, 28, 28)).parameters == (
        (8 * 49 + 2 * 8) + (8 * 16 + 2 * 16) + (16 * 8 + 2 * 8)
    )


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "BLOCKS must be a list of nasea.space.Block"),
        ("BLOCKS = 3", "BLOCKS must be a list"),
        ("BLOCKS = [Block('a', 'a', print), 'basic_x1']", "BLOCKS must be a list"),
        ("BLOCKS = [Block('basic_x1', 'a', print)]", "'basic_x1' is already taken"),
        ("BLOCKS = [Block('basic', 'a', print)]", "'basic' is already taken"),
        (one_block("return None") + "BLOCKS *= 2", "'mine' is already taken"),
    ],
)
def test_wrong_lists_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserModuleError, match=message) as caught:
        load_user_blocks(blocks_file(tmp_path, text))
    assert str(tmp_path / "blocks.py") in str(caught.value)


@pytest.mark.parametrize(
    "body, message",
    [
        ("return (Conv(c_in, c_out, 4, 'conv', stride=stride),)", "kernel must be odd, found 4"),
        ("return (Conv(c_in, c_out, 3, 'conv'),)", r"must become \(16, 16, 16\)"),
        ("return (Conv(c_in, c_in, 3, 'conv', stride=stride),)", r"must become \(32, 32, 32\)"),
        ("return (Conv(c_in, 8, 1, 'a'), Norm(9, 'b'))", "'b' reads 9 channels, but 8 arrive"),
        ("return (Conv(c_in, c_out / 2, 1, 'a'),)", "positive whole numbers"),
        (
            "return (Conv(c_in, c_out, 3, 'a', stride=stride), Conv(c_out, c_out, 3, 'a'))",
            "'layer0/mine/a/weight' is used twice",
        ),
        ("return Act()", "build must return a tuple of operations or None, found Act"),
        ("return [Act()]", "build must return a tuple"),
        ("return (conv_norm('a', c_in, c_out, 3, stride), Act())", r"is a \* missing"),
        ("return (Act('gelu'),)", "found 'gelu'"),
    ],
)
def test_wrong_programs_are_refused(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(UserModuleError, match=message) as caught:
        load_user_blocks(blocks_file(tmp_path, one_block(body)))
    assert f"{tmp_path / 'blocks.py'}: block 'mine': " in str(caught.value)


def test_a_file_that_raises_is_told_with_the_user_s_lines_only(tmp_path: Path) -> None:
    with pytest.raises(UserCodeError, match="ZeroDivisionError") as caught:
        load_user_blocks(blocks_file(tmp_path, "BLOCKS = [1 / 0]"))
    assert f'File "{tmp_path / "blocks.py"}", line 2' in caught.value.trace
    assert caught.value.trace.count("File ") == 1
    assert caught.value.doing == f"importing {tmp_path / 'blocks.py'}"


def test_a_file_that_does_not_parse_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserCodeError, match="SyntaxError") as caught:
        load_user_blocks(blocks_file(tmp_path, "BLOCKS = ["))
    assert 'blocks.py", line 2' in caught.value.trace


def test_a_build_function_that_raises_is_told(tmp_path: Path) -> None:
    text = one_block("return {}[stride]")
    with pytest.raises(UserCodeError, match="KeyError: 1") as caught:
        load_user_blocks(blocks_file(tmp_path, text))
    assert caught.value.doing == "build(16, 16, 1) of block 'mine'"
    assert "return {}[stride]" in caught.value.trace
    assert caught.value.trace.count("File ") == 1


@pytest.mark.parametrize(
    "body, error",
    [
        ("return {16: None, 24: None}[c_in]", UserCodeError),
        (
            "return (Conv(c_in, c_out, 3, 'conv', stride=stride, groups=8),)",
            UserModuleError,
        ),
    ],
)
def test_what_fails_only_at_the_widths_of_a_run_is_told_too(
    tmp_path: Path, body: str, error: type[NaseaError]
) -> None:
    own = load_user_blocks(blocks_file(tmp_path, one_block(body)))
    with pytest.raises(error, match="block 'mine'"):
        build_space((12, 4, 4), [16], [1], tuple(own.values()))


def test_a_relative_directory_gives_the_same_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks_file(tmp_path, "BLOCKS = [1 / 0]")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserCodeError) as caught:
        load_user_blocks(Path("."))
    assert f'File "{tmp_path / "blocks.py"}", line 2' in caught.value.trace
