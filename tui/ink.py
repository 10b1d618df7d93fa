"""Inks by meaning: cells and lines name an ink, this turns it into what Textual draws."""

from __future__ import annotations

from typing import Final

from textual.content import Content

Piece = tuple[str, str]  # text, ink

STYLES: Final[dict[str, str]] = {
    "plain": "$foreground",
    "strong": "bold $foreground",
    "dim": "$faint",
    "up": "$up",
    "down": "$down",
    "good": "$good",
    "note": "$note",
    "warn": "$warn",
    "bad": "bold $bad",
    "key": "bold $primary",
    "kill": "bold #FFFFFF on $kill",
    "paper": "bold $background on $paper",
    "sim": "bold $background on $note",
    "live": "bold $background on $live",
}


def line(*pieces: Piece, stale: bool = False, struck: bool = False) -> Content:
    """One line of text in its inks; `stale` makes all of it faint, `struck` also crosses it out.

    The text is data: nothing in it is read as markup.
    """
    if struck:
        return Content.assemble(*((text, "$faint strike") for text, _ in pieces))
    if stale:
        return Content.assemble(*((text, "$faint") for text, _ in pieces))
    return Content.assemble(*((text, STYLES[ink]) for text, ink in pieces))
