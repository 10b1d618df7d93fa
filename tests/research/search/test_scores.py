"""The compiled measure is compiled once, and never from old sources."""

from __future__ import annotations

import shutil

from tests.kernel.test_jit import CALLEE, CALLER, COMPILES, ROOT, python


def test_an_edit_beside_a_compiled_function_is_seen(tmp_path):
    """A copy of the package with two kernels in the room of the search: the caller's file is not touched."""
    shutil.copytree(ROOT / "algobot", tmp_path / "algobot", ignore=shutil.ignore_patterns("__pycache__"))
    room = tmp_path / "algobot" / "research" / "search"
    (room / "callee.py").write_text(CALLEE)
    (room / "caller.py").write_text(CALLER.replace("import callee", "from algobot.research.search import callee"))
    program = "import algobot.research.search.caller"
    assert python(program, tmp_path / "cache", tmp_path, PYTHONPATH=str(tmp_path)) == "41.0"
    (room / "callee.py").write_text(CALLEE.replace("2.0", "3.0"))
    assert python(program, tmp_path / "cache", tmp_path, PYTHONPATH=str(tmp_path)) == "61.0"


def test_a_second_process_compiles_no_measure(tmp_path):
    """The first one does, and leaves it on disk."""
    body = """
    import numpy as np
    from algobot.kernel.records import FILL
    from algobot.research.search import scores
    scores.tally(scores.fresh(1), np.zeros(0, FILL), 1.0)
    scores.figures(np.zeros(1, scores.SCORE), scores.fresh(1), np.ones(3), 1.0, 1.0, 365.0)"""
    program = COMPILES.format(body=body.strip())
    assert int(python(program, tmp_path)) > 0
    assert int(python(program, tmp_path)) == 0
