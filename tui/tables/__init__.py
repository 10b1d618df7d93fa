"""The tables of the TUI: their columns, and rows made from the view. Pure."""
