"""The simulator's own endpoints: what no client of a real venue has."""

from __future__ import annotations

import json
import urllib.request

from algobot.cli.stage import Stage


def post(stage: Stage, path: str, body: dict[str, object]) -> None:
    """Tell the simulator's admin endpoint something."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(stage.url + path, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def get(stage: Stage, path: str) -> dict[str, object]:
    """Return what the venue says."""
    with urllib.request.urlopen(stage.url + path, timeout=10) as answer:
        said = json.load(answer)
        assert isinstance(said, dict)
        return said
