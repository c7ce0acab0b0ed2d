"""A group of commands whose help lists them in sections: in the order in which one meets them, not by their letters."""

from __future__ import annotations

from typing import Any, Final

import click

Sections = dict[str, tuple[str, ...]]

FIRST: Final = "First"
OTHERS: Final = "More"


class Sectioned(click.Group):
    """What no section names stands under the last title, so that nothing is ever hidden."""

    def __init__(self, *arguments: Any, sections: Sections, **options: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*arguments, **options)
        self.sections: Final = sections

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of all commands in the order of the sections; shells complete them so, too."""
        there = super().list_commands(ctx)
        named = [name for names in self.sections.values() for name in names if name in there]
        return [*named, *(name for name in there if name not in named)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section each. Raise nothing of its own."""
        left = self.list_commands(ctx)
        sections = {**self.sections}
        if others := [name for name in left if not any(name in names for names in sections.values())]:
            sections[OTHERS] = (*sections.get(OTHERS, ()), *others)
        width = max(map(len, left), default=0)
        for title, names in sections.items():
            limit = formatter.width - 6 - width
            rows = [
                (f"{name:<{width}}", self.commands[name].get_short_help_str(limit)) for name in names if name in left
            ]
            with formatter.section(title):
                formatter.write_dl(rows)
