"""Text from outside, made safe to show. Standard library only, nothing imported."""

from __future__ import annotations


def safe_text(text: str) -> str:
    """Return `text` on one line without anything that steers a terminal.

    Control characters (C0, C1, escape sequences' first bytes), bidirectional and other format characters, lone
    surrogates and private-use characters go; line breaks, tabs and odd spaces become a space.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
