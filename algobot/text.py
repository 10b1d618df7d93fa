"""Text from outside, made safe to show. Standard library only, nothing imported."""

from __future__ import annotations

QUOTED = 300  # characters of somebody else's words in a message of ours


def safe_text(text: str, *, most: int = 0) -> str:
    """Return `text` on one line without anything that steers a terminal, `most` characters long at most (0: all).

    Control characters (C0, C1, escape sequences' first bytes), bidirectional and other format characters, lone
    surrogates and private-use characters go; line breaks, tabs and odd spaces become a space.
    """
    cut = 0 < most < len(text)
    kept = text[: most - 1] if cut else text
    if not kept.isprintable():
        kept = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in kept)
    return kept + "…" if cut else kept
