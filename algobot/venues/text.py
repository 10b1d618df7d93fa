"""Text from a venue, made safe to log and to show."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST: Final = 300


def safe_text(text: str) -> str:
    """Return `text` on one line without control, escape, bidi or other invisible characters, at most `LONGEST` long."""
    visible = "".join(
        " " if character in "\r\n\t" else character
        for character in text[: 4 * LONGEST]
        if character in "\r\n\t" or not unicodedata.category(character).startswith("C")
    )
    return visible if len(visible) <= LONGEST else visible[: LONGEST - 1] + "…"
