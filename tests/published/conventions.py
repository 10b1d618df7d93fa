"""What the original does, as switches: each one off is that one thing done right."""

from __future__ import annotations

from typing import NamedTuple


class Conventions(NamedTuple):
    """All on is the original."""

    stop_fills_at_its_price: bool = True  # although only the close tells that it was reached; off: at that close
    target_fills_at_the_open: bool = True  # when that is lower; off: at the target, or the open beyond it
    target_within_the_entry_bar: bool = True  # by a high that may have been before the limit order's fill
    keeps_records: bool = True  # of a closed position, so that the next one has its first entry
    shorts_are_assets: bool = True  # marked with a plus sign
    partial_equity: bool = True  # a strategy sees cash and the symbols before it only
