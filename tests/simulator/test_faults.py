"""The fault engine: rules strike where, when and as often as they say."""

from __future__ import annotations

import pytest

from algobot.errors import UsageError
from algobot.simulator.faults import Cut, Drop, Faults, HttpError, Lag, Latency, Rule


def struck(faults: Faults, subjects: list[str]) -> list[int]:
    """Return the positions at which something struck."""
    return [i for i, subject in enumerate(subjects) if faults.strike("request", subject) is not None]


def test_a_rule_strikes_from_the_nth_and_so_many_times() -> None:
    """The third and fourth matching call, and no other."""
    faults = Faults(1)
    faults.add(Rule("request", Drop(), match="POST /api/v3/order", nth=3, count=2))
    calls = ["POST /api/v3/order", "GET /api/v3/time"] * 6
    assert struck(faults, calls) == [4, 6]
    state = faults.rules()[0]
    assert (state.seen, state.struck) == (6, 2)


def test_a_rule_strikes_every_so_manieth() -> None:
    """From the second on each third, and three times at most."""
    faults = Faults(1)
    faults.add(Rule("request", Drop(), nth=2, every=3, count=3))
    assert struck(faults, ["x"] * 20) == [1, 4, 7]


def test_a_rule_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in force for ten seconds strikes in the ninth and not in the eleventh."""
    now_s = 100.0
    monkeypatch.setattr("algobot.simulator.faults.time.monotonic", lambda: now_s)
    faults = Faults(1)
    faults.add(Rule("request", Drop(), count=0, seconds=10))
    now_s = 109.0
    assert faults.strike("request", "x") == Drop()
    now_s = 111.0
    assert faults.strike("request", "x") is None


def test_a_rule_at_another_point_stays_silent() -> None:
    """A fault of the reply is none of the request."""
    faults = Faults(1)
    faults.add(Rule("reply", Drop()))
    assert faults.strike("request", "GET /x") is None
    assert faults.strike("reply", "GET /x") == Drop()


def test_the_first_rule_that_is_due_wins() -> None:
    """A used-up rule lets the next one speak."""
    faults = Faults(1)
    faults.add(Rule("request", Drop(), count=1))
    faults.add(Rule("request", HttpError(502), match="GET *", count=0))
    assert [faults.strike("request", "GET /x") for _ in range(3)] == [Drop(), HttpError(502), HttpError(502)]


def test_chance_is_the_seed_s() -> None:
    """The same seed strikes the same calls, near the probability asked for."""

    def run(seed: int) -> list[int]:
        faults = Faults(seed)
        faults.add(Rule("request", Latency(1.0), count=0, probability=0.3))
        return struck(faults, ["x"] * 1000)

    assert run(1) == run(1) != run(2)
    assert 230 < len(run(1)) < 370


def test_rules_are_lifted_one_by_one_or_all() -> None:
    """Removing an id leaves the others; removing all leaves none."""
    faults = Faults(1)
    first = faults.add(Rule("request", Drop()))
    faults.add(Rule("stream", Drop()))
    faults.add(Rule("request", HttpError()))
    assert faults.remove(first) == 1
    assert faults.strike("request", "x") == HttpError()
    assert faults.remove() == 2
    assert faults.rules() == []


@pytest.mark.parametrize(
    "rule",
    [
        Rule("request", Drop(), nth=0),
        Rule("request", Drop(), probability=1.5),
        Rule("request", Drop(), every=0),
        Rule("request", Drop(), seconds=-1),
        Rule("stream", Lag()),
        Rule("request", Cut()),
        Rule("stream", HttpError()),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: Rule) -> None:
    """Counting starts at one, chances end at one, and a stream has no HTTP status."""
    with pytest.raises(UsageError):
        Faults(1).add(rule)
