"""Pages of help and errors of usage in Chinese; click formats the English ones."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

from nasea.translation import translate_of_click
from nasea.translation.folding import fold, width

_FIRST_COLUMN = 30
_GAP = 2


def run_in_chinese(command: Any, arguments: Sequence[str], name: str) -> None:
    """Run a command with help and errors of usage in Chinese; leave the process with its status.

    Args:
        command: click's command, from ``typer.main.get_command``.
        arguments: the words after the name of the program.
        name: of the program.
    """
    describe_in_chinese(command)
    try:
        status = command.main(args=list(arguments), prog_name=name, standalone_mode=False)
    except typer.Abort:
        print(translate_of_click("Aborted!"), file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer may bring a click of its own
            raise
        _print_usage_error(error)
        sys.exit(error.exit_code if hasattr(error, "exit_code") else 2)
    sys.exit(status if isinstance(status, int) else 0)


def describe_in_chinese(command: Any) -> None:
    """Let a command and those below it describe themselves in Chinese."""
    command.context_class = _chinese(command.context_class)
    for one in getattr(command, "commands", {}).values():
        describe_in_chinese(one)


def _chinese(context: type[Any]) -> type[Any]:
    formatter = type("ChineseFormatter", (_Pages, context.formatter_class), {})
    return type("ChineseContext", (context,), {"formatter_class": formatter})


class _Pages:
    """What differs from click's formatter: words, and the width of characters."""

    width: int
    current_indent: int

    def write(self, string: str) -> None:  # of click's class, which stands behind this one
        super().write(string)  # type: ignore[misc]

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        self._write_folded(f"{translate_of_click('Usage:')}{prog} {args}", other=" " * 6)

    def write_heading(self, heading: str) -> None:
        """Write the title of a section."""
        self.write(f"{'':>{self.current_indent}}{translate_of_click(heading)}：\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        paragraphs = [" ".join(one.split()) for one in re.split(r"\n\s*\n", text.strip())]
        for place, paragraph in enumerate(paragraphs):
            if place:
                self.write("\n")
            self._write_folded(in_words(paragraph))

    def write_dl(
        self,
        rows: Sequence[tuple[str, str]],
        col_max: int = _FIRST_COLUMN,
        col_spacing: int = _GAP,
    ) -> None:
        """Write names with what they mean."""
        first = min(max(width(name) for name, _ in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        for name, meaning in rows:
            lines = fold(in_words(meaning), max(self.width - first - self.current_indent, 10))
            if width(name) > first - col_spacing:
                self.write(f"{indent}{name}\n")
                lead = indent + " " * first
            else:
                lead = indent + name + " " * (first - width(name))
            for place, line in enumerate(lines):
                self.write(f"{lead if not place else indent + ' ' * first}{line}".rstrip() + "\n")

    def _write_folded(self, text: str, other: str = "") -> None:
        indent = " " * self.current_indent
        self.write("\n".join(fold(text, self.width, indent, indent + other)) + "\n")


def in_words(text: str) -> str:
    """Return help or an error of usage in Chinese; ``[default: …]`` behind it included."""
    text = " ".join(text.split())
    behind = re.fullmatch(r"(.*?) ?\[((?:default: |required|env var: |\d|x[<>]).*)\]", text)
    if behind is not None:
        remarks = "；".join(map(translate_of_click, behind[2].split("; ")))
        return f"{in_words(behind[1])}［{remarks}］" if behind[1] else f"［{remarks}］"
    return translate_of_click(text)


def _print_usage_error(error: Any) -> None:
    message = error.format_message()
    if "\n" in message:  # no arguments were given: it is the page of help
        print(message, file=sys.stderr)
        return
    said = [f"{translate_of_click('Error:')}{in_words(message)}"]
    context = getattr(error, "ctx", None)
    if context is not None:
        hint = f"Try '{context.command_path} --help' for help."
        said[:0] = [context.get_usage(), translate_of_click(hint), ""]
    print("\n".join(said), file=sys.stderr)
