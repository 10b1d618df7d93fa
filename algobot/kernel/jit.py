"""One decorator compiles every kernel, into a cache that no edit can fool.

numba's own cache notices an edit of a function's file but not of the functions it calls. So the cache folder is named
by a hash of everything a kernel may call: the sources of `algobot.kernel`, for a strategy also `algobot.strategies`,
for what lies elsewhere (a person's own strategy, a search's measure) also its folder, and the versions of numba, numpy
and Python. What was compiled from other sources lies in another folder.

`ALGOBOT_JIT=0` leaves the functions as they are written: the same source, interpreted.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import os
import platform
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numba.core import types

P = ParamSpec("P")
R = TypeVar("R")

COMPILED: Final = os.environ.get("ALGOBOT_JIT", "1") != "0"
_PACKAGE: Final = Path(__file__).resolve().parent.parent
_KERNEL: Final = _PACKAGE / "kernel"
_STRATEGIES: Final = _PACKAGE / "strategies"
_KEEP: Final = 8  # cache folders: a checkout or two, an older release, a person's own strategies
_RECENT_S: Final = 3600  # a folder used within this time is never removed
_ROOM: Final = 64 << 20  # bytes; all kernels take about 10 MiB
_MOST_FILES: Final = 2000  # in one folder: each edit of a person's strategy leaves a few behind
_PREFIX: Final = "kernels-"
_CONFIG: Final[Any] = numba.config  # its settings are made at run time, unseen by a type checker


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` compiled on its first call and loaded from disk in every later process.

    Without the GIL (a thread per core runs sweeps), without fast-math (the same bits everywhere); a division by
    zero gives inf or nan as in numpy: a kernel never raises.
    """
    return _compiled(function, forceinline=False)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` as a kernel that becomes part of each kernel that calls it.

    For steps of a few instructions, where a call costs more than the work; what seldom happens in one (the end of
    a block) belongs in a `kernel` of its own, or the compiler copies that everywhere too.
    """
    return _compiled(function, forceinline=True)


def _compiled(function: Callable[P, R], *, forceinline: bool) -> Callable[P, R]:
    if not COMPILED:
        return function
    with cached_in(Path(inspect.getfile(function))) as cache:
        njit: Any = numba.njit  # its types lack `no_cfunc_wrapper`
        make = njit(
            cache=cache, nogil=True, fastmath=False, error_model="numpy", forceinline=forceinline, no_cfunc_wrapper=True
        )
        compiled: Any = make(function)
    _compile_once(compiled._compiler)
    return cast(Callable[P, R], compiled)


def _compile_once(compiler: Any) -> None:
    """Let a kernel called with a constant be the one compiled for numbers: numba makes one for each value."""
    fold = compiler.fold_argument_types
    plain_type: Any = types.unliteral  # it carries no types

    def plain(args: Any, kws: Any) -> tuple[Any, tuple[Any, ...]]:
        signature, folded = fold(args, kws)
        return signature, tuple(plain_type(one) for one in folded)

    compiler.fold_argument_types = plain


@contextlib.contextmanager
def cached_in(file: Path) -> Iterator[bool]:
    """Let numba cache what is decorated meanwhile where kernels of `file` belong; gives whether it can at all."""
    source = file.resolve().parent
    if source.is_relative_to(_KERNEL):
        digest = kernel_hash()
    else:
        digest = built_in_hash() if source.is_relative_to(_STRATEGIES) else sources_hash(source)
    folder = cache_folder(digest)
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = str(folder or "")
    try:
        yield folder is not None
    finally:
        _CONFIG.CACHE_DIR = before


@functools.cache
def cache_folder(digest: str) -> Path | None:
    """Return the folder for what is compiled from the sources with this hash, made if it was not there.

    None where nothing can be written at all: then each process compiles for itself.
    """
    root = _cache_root()
    if root is None:
        return None
    folder = root / (_PREFIX + digest)
    files = [*folder.rglob("*.nb[ci]")]
    if len(files) > _MOST_FILES:
        shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        with contextlib.suppress(OSError):
            if file.stat().st_size == 0:  # what a power cut leaves of a file not yet on disk; numba would fail on it
                file.unlink()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.utime(folder)  # in use: pruning goes by age
    _prune(folder.parent)
    return folder


@functools.cache
def kernel_hash() -> str:
    """Return the hash of the versions and of all kernel sources of the package."""
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {platform.python_version()}".encode())
    _feed(digest, _KERNEL, "**/*.py")
    return digest.hexdigest()[:16]


@functools.cache
def built_in_hash() -> str:
    """Return the hash of the versions and of all kernel and strategy sources of the package."""
    digest = hashlib.sha256(kernel_hash().encode())
    _feed(digest, _STRATEGIES, "**/*.py")
    return digest.hexdigest()[:16]


def sources_hash(source: Path) -> str:
    """Return the hash of a folder of other kernels and of all they may call, as they are now."""
    digest = hashlib.sha256(built_in_hash().encode())
    _feed(digest, source, "*.py")
    return digest.hexdigest()[:16]


def _feed(digest: Any, folder: Path, files: str) -> None:
    for file in sorted(folder.glob(files)):
        digest.update(f"\0{file.relative_to(folder)}\0".encode())
        digest.update(file.read_bytes())


@functools.cache
def _cache_root() -> Path | None:
    """Return the first of the places for caches that can be written, in the end a fresh temporary one, or None."""
    named = [os.environ.get("CACHE_DIRECTORY", "").split(":")[0]]
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        named.append(f"{xdg}/algobot")
    named.append(os.path.expanduser("~/.cache/algobot"))  # noqa: PTH111 - Path.expanduser raises without a home
    for name in named:
        if name.startswith("/") and _is_ours(Path(name)):
            return Path(name)
    try:
        fallback = Path(tempfile.gettempdir()) / f"algobot-{os.getuid()}"
    except FileNotFoundError:  # no temporary directory can be written
        return None
    if _is_ours(fallback):
        return fallback
    with contextlib.suppress(OSError):
        fresh = Path(tempfile.mkdtemp(prefix="algobot-"))
        return fresh if _is_ours(fresh) else None
    return None


def _is_ours(folder: Path) -> bool:
    """Return whether `folder` has room and can be written by us and by nobody else (a cached kernel is code)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.stat()
    except OSError:
        return False
    private = info.st_uid == os.getuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return private and os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free > _ROOM


def _prune(root: Path) -> None:
    """Remove the folders of old sources, all but the newest few; another process may be doing the same."""
    try:
        folders = sorted(root.glob(_PREFIX + "*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    except OSError:
        return
    for folder in folders[_KEEP:]:
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < time.time() - _RECENT_S:
                shutil.rmtree(folder, ignore_errors=True)
