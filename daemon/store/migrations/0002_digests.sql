-- SQLite does not notice a flipped bit: every row that says something about money, or about who may trade, carries a
-- digest of its other columns and is compared with it whenever it is read. (The fills have their chain.)
ALTER TABLE meta ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE bots ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE checkpoints ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE orders ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE order_events ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE adjustments ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE halts ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
ALTER TABLE audit ADD COLUMN digest BLOB NOT NULL DEFAULT x'';

DROP TRIGGER order_events_are_never_edited;
DROP TRIGGER adjustments_are_never_edited;
DROP TRIGGER audit_is_never_edited;

UPDATE meta SET digest = row_digest(key, value);
UPDATE bots SET digest = row_digest(bot_id, spec, origin, updated_ns);
UPDATE checkpoints SET digest = row_digest(
    bot_id, bar_close_ns, ledger_seq, session, layout, written_ns, paused, day_start_equity, day_start_ns
);
UPDATE orders SET digest = row_digest(
    client_order_id, account_id, bot_id, symbol, side, type, quantity, status, created_ns, updated_ns, limit_price,
    time_in_force, reduce_only, venue_order_id, filled, tag, reason, paper
);
UPDATE order_events SET digest = row_digest(client_order_id, ts_ns, status, filled, venue_order_id, reason);
UPDATE adjustments SET digest = row_digest(account_id, currency, amount, kind, reason, by, ts_ns);
UPDATE halts SET digest = row_digest(scope, target, mode, reason, since_ns, by);
UPDATE audit SET digest = row_digest(ts_ns, by, method, params, outcome);

CREATE TRIGGER order_events_are_never_edited BEFORE UPDATE ON order_events
BEGIN SELECT RAISE(ABORT, 'order events are never edited'); END;
CREATE TRIGGER order_events_are_never_removed BEFORE DELETE ON order_events
BEGIN SELECT RAISE(ABORT, 'order events are never removed'); END;
CREATE TRIGGER adjustments_are_never_edited BEFORE UPDATE ON adjustments
BEGIN SELECT RAISE(ABORT, 'adjustments are never edited'); END;
CREATE TRIGGER adjustments_are_never_removed BEFORE DELETE ON adjustments
BEGIN SELECT RAISE(ABORT, 'adjustments are never removed'); END;
CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never edited'); END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is never removed'); END;
