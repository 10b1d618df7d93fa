"""The version, as a constant: asking the installed package for it costs a command more than its work."""

VERSION = "0.1.0"
