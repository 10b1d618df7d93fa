"""Secrets never leave in text: what is registered is replaced by value, what signs a request by its name.

By value, because libraries put signed addresses and headers into their messages, in forms nobody foresees by name.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "[hidden]"
SHORTEST: Final = 4  # a shorter "secret" would eat ordinary words
# api keys and signatures in an address, a header or a repr: signature=ab12, 'X-MBX-APIKEY': 'ab12', "sign": "ab12"
_NAMED: Final = re.compile(
    r"""((?:signature|(?<![a-z])sign|api[-_]?key|api[-_]?secret|secret|passphrase|listenkey|authorization|x-[a-z-]*(?:key|sign|secret|passphrase))
    ["']?\s*[=:]\s*["']?)((?:bearer\s+|basic\s+)?[^\s"'&,;})\[\]]{6,})""",
    re.IGNORECASE | re.VERBOSE,
)


class Redactor:
    """Replaces registered secrets, in any text, in each of the forms they travel in."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, *secrets: str) -> None:
        """Hide these from now on; words shorter than `SHORTEST` are ignored."""
        for secret in secrets:
            for form in _forms(secret.strip()):
                if len(form) >= SHORTEST:
                    self._forms.add(form)
        if self._forms:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text: str) -> str:
        """Return `text` without secrets."""
        return _NAMED.sub(lambda found: found[1] + HIDDEN, self.registered(text))

    def registered(self, text: str) -> str:
        """Return `text` without what is registered, whatever stands before it."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)


def _forms(secret: str) -> set[str]:
    """As it is, as an address holds it, as JSON and `repr` escape it, and in base64."""
    if not secret:
        return set()
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    }
