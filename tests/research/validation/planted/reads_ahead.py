"""PLANTED: reads the close of the next bar out of the memory behind this one."""

from typing import NamedTuple

from numba import types
from numba.extending import intrinsic

from algobot.kernel.jit import COMPILED, kernel
from algobot.kernel.orders import target
from algobot.kernel.records import BAR, int64, record

AHEAD = BAR.itemsize + BAR.fields["close"][1]


def next_close(bar):
    """Return the present close where there is no memory to read."""
    return bar.close


if COMPILED:

    @intrinsic
    def next_close(typing_context, bar):
        """Return what stands where the next bar's close does."""

        def code(context, builder, signature, args):
            from llvmlite import ir

            start = builder.bitcast(args[0], ir.IntType(8).as_pointer())
            place = builder.gep(start, [ir.Constant(ir.IntType(64), AHEAD)])
            return builder.load(builder.bitcast(place, ir.DoubleType().as_pointer()))

        return types.float64(bar), code


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    target(orders, 1.0 if next_close(bar) > bar.close else 0.0)
