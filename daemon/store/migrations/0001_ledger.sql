-- The ledger of record. Amounts are decimals in TEXT, times UTC epoch nanoseconds.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bots (
    bot_id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,              -- JSON of model.BotSpec
    origin TEXT NOT NULL,            -- "config" or "ctl"
    updated_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE checkpoints (
    bot_id TEXT PRIMARY KEY,
    bar_close_ns INTEGER NOT NULL,
    ledger_seq INTEGER NOT NULL,
    session BLOB NOT NULL,
    layout TEXT NOT NULL,
    written_ns INTEGER NOT NULL,
    paused INTEGER NOT NULL,
    day_start_equity REAL NOT NULL,
    day_start_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (                -- projected from order_events
    client_order_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (1, -1)),
    type TEXT NOT NULL,
    quantity TEXT NOT NULL,
    status TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    limit_price TEXT,
    time_in_force TEXT NOT NULL,
    reduce_only INTEGER NOT NULL,
    venue_order_id TEXT NOT NULL,
    filled TEXT NOT NULL,
    tag TEXT NOT NULL,
    reason TEXT NOT NULL,
    paper INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_account ON orders (account_id, paper, status);
CREATE INDEX orders_by_venue_id ON orders (account_id, venue_order_id);
CREATE INDEX orders_by_bot ON orders (bot_id, created_ns);
CREATE INDEX orders_by_age ON orders (created_ns);

CREATE TABLE order_events (
    event_id INTEGER PRIMARY KEY,
    client_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
    ts_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    filled TEXT NOT NULL,
    venue_order_id TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX order_events_by_order ON order_events (client_order_id);

CREATE TABLE fills (
    ledger_seq INTEGER PRIMARY KEY,
    paper INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    trade_id TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (1, -1)),
    quantity TEXT NOT NULL,
    price TEXT NOT NULL,
    fee TEXT NOT NULL,
    fee_currency TEXT NOT NULL,
    is_maker INTEGER NOT NULL,
    ts_event_ns INTEGER NOT NULL,
    ts_recv_ns INTEGER NOT NULL,
    tag TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    UNIQUE (account_id, symbol, trade_id, paper)
) STRICT;
CREATE INDEX fills_by_bot ON fills (bot_id, ledger_seq);
CREATE INDEX fills_by_order ON fills (client_order_id);
CREATE INDEX fills_by_time ON fills (account_id, symbol, paper, ts_event_ns);

CREATE TABLE adjustments (           -- what an account holds besides its bots' fills, and who said so
    adjustment_id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    kind TEXT NOT NULL,              -- "baseline", "dust", "accept", "adopt"
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX adjustments_by_account ON adjustments (account_id);

CREATE TABLE halts (
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    mode TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_ns INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (scope, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY,
    ts_ns INTEGER NOT NULL,
    by TEXT NOT NULL,
    method TEXT NOT NULL,
    params TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

CREATE TABLE equity (
    bot_id TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    equity REAL NOT NULL,
    PRIMARY KEY (bot_id, ts_ns)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER fills_are_never_edited BEFORE UPDATE ON fills
BEGIN SELECT RAISE(ABORT, 'fills are never edited'); END;
CREATE TRIGGER fills_are_never_removed BEFORE DELETE ON fills
BEGIN SELECT RAISE(ABORT, 'fills are never removed'); END;
CREATE TRIGGER order_events_are_never_edited BEFORE UPDATE ON order_events
BEGIN SELECT RAISE(ABORT, 'order events are never edited'); END;
CREATE TRIGGER adjustments_are_never_edited BEFORE UPDATE ON adjustments
BEGIN SELECT RAISE(ABORT, 'adjustments are never edited'); END;
CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never edited'); END;
