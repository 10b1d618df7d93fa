"""Our themes, and the colours by meaning that every theme, ours or built in, is given.

The default is safe for colour-blind eyes (blue up, orange down; Okabe and Ito's palette). A bright red background is
kept for the kill switch and errors of live trading.
"""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

SAFE: Final = {
    "up": "#56B4E9",
    "down": "#E69F00",
    "good": "#2BB58B",
    "note": "#7AA2C9",
    "warn": "#F0C75E",
    "bad": "#F2777A",
    "paper": "#2BB58B",
    "live": "#F0E442",
    "kill": "#D00000",
    "faint": "#75808F",
}
_LIGHT: Final = {
    "up": "#00639A",
    "down": "#9A5B00",
    "good": "#00704F",
    "note": "#3B5B86",
    "warn": "#7A5C00",
    "bad": "#B3261E",
    "paper": "#00704F",
    "live": "#8A6D00",
    "kill": "#D00000",
    "faint": "#667080",
}
_CHROME: Final = {
    "footer-background": "#11151B",
    "block-cursor-text-style": "none",
    "input-selection-background": "#56B4E9 30%",
    "scrollbar": "#2A323D",
    "scrollbar-hover": "#3A4552",
    "scrollbar-active": "#4A5868",
    "scrollbar-background": "#0E1116",
    "scrollbar-background-hover": "#0E1116",
    "scrollbar-background-active": "#0E1116",
    "scrollbar-corner-color": "#0E1116",
}


def _dark(name: str, **colours: str) -> Theme:
    return Theme(
        name=name,
        primary="#56B4E9",
        secondary="#3B6E8F",
        accent="#7AA2C9",
        warning="#F0C75E",
        error="#F2777A",
        success="#2BB58B",
        foreground="#D5DAE1",
        background="#0E1116",
        surface="#0E1116",
        panel="#171C24",
        variables={**_CHROME, **SAFE, **colours},
    )


THEMES: Final = (
    _dark("algobot"),
    _dark("algobot-classic", up="#4EC97B", down="#F2777A"),
    _dark("algobot-inverse", up="#F2777A", down="#4EC97B"),
    Theme(
        name="algobot-light",
        primary="#00639A",
        secondary="#4C7A9B",
        accent="#3B5B86",
        warning="#7A5C00",
        error="#B3261E",
        success="#00704F",
        foreground="#1C222B",
        background="#FAFAF7",
        surface="#FAFAF7",
        panel="#ECECE6",
        dark=False,
        variables=_LIGHT,
    ),
)
CYCLE: Final = tuple(theme.name for theme in THEMES)
