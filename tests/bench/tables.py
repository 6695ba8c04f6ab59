"""A table, as aligned text or as Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under a title."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def text(self) -> str:
        """For a terminal."""
        lines = (self.header, *self.rows)
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        drawn = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([self.title, *([self.note] if self.note else []), drawn[0], "-" * len(drawn[0]), *drawn[1:]])

    def markdown(self) -> str:
        """For a page."""
        drawn = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in (self.header, *self.rows)]
        drawn.insert(1, "|---" * len(self.header) + "|")
        return "\n".join([f"**{self.title}**", *(["", self.note] if self.note else []), "", *drawn])


def show(tables: list[Table], *, markdown: bool) -> None:
    """Print them, a line apart."""
    print("\n\n".join(table.markdown() if markdown else table.text() for table in tables))
