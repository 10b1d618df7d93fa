PRAGMA application_id = 1097623394;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
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
INSERT INTO "adjustments" VALUES(1,'main','BTC','-0.00000001','dust','rounding – é','reconciler',5);
CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY,
    ts_ns INTEGER NOT NULL,
    by TEXT NOT NULL,
    method TEXT NOT NULL,
    params TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
INSERT INTO "audit" VALUES(1,7,'uid 1000','pause','alpha','ok');
CREATE TABLE bots (
    bot_id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,              -- JSON of model.BotSpec
    origin TEXT NOT NULL,            -- "config" or "ctl"
    updated_ns INTEGER NOT NULL
) STRICT;
INSERT INTO "bots" VALUES('alpha','{"bot_id":"alpha","strategy":"ma_crossover","symbol":"BTC/USDT","timeframe":"1m","account_id":"main","capital":"1000.50","mode":"paper","position_fraction":0.2,"allow_short":false,"on_restart":"resume","autostart":true,"params":{"fast":2,"slow":4},"risk":{"max_position_fraction":1.0,"max_drawdown_fraction":0.0,"max_daily_loss_fraction":0.0,"max_order_notional":0.0,"risk_per_trade_fraction":0.0,"max_heat_fraction":0.0,"warning_drawdown_fraction":0.0,"warning_multiplier":0.5,"critical_drawdown_fraction":0.0,"critical_multiplier":0.25,"max_losses":0,"losses_multiplier":0.75,"cooldown_bars":0}}','config',4);
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
INSERT INTO "checkpoints" VALUES('alpha',60,4,X'00FF','layout',61,1,1000.5,0);
CREATE TABLE equity (
    bot_id TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    equity REAL NOT NULL,
    PRIMARY KEY (bot_id, ts_ns)
) STRICT, WITHOUT ROWID;
INSERT INTO "equity" VALUES('alpha',10,1000.25);
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
INSERT INTO "fills" VALUES(1,0,'main','BTC/USDT','1','alpha','abmain-e-b-1',1,'0.00040','50000.10','0.00000040','BTC',0,1001,2001,'',X'00000000000000000000000000000000',X'B877C6D4B20BFCCC462326CE88742ABD');
INSERT INTO "fills" VALUES(2,0,'main','BTC/USDT','2','alpha','abmain-e-b-2',1,'0.00040','50000.10','0.00000040','BTC',0,1002,2002,'',X'B877C6D4B20BFCCC462326CE88742ABD',X'A757DD060B968DD2B51ECEDB1C844CEB');
INSERT INTO "fills" VALUES(3,0,'main','BTC/USDT','3','alpha','abmain-e-b-3',1,'0.00040','50000.10','0.00000040','BTC',0,1003,2003,'',X'A757DD060B968DD2B51ECEDB1C844CEB',X'9B58318ABF34BE32016A0123AFFE2015');
INSERT INTO "fills" VALUES(4,1,'main','BTC/USDT','1','alpha','abmain-e-b-9',1,'0.00040','50000.10','0.00000040','BTC',0,1001,2001,'',X'9B58318ABF34BE32016A0123AFFE2015',X'8EBEBC6F7A3419A8311EB6974D7AC08C');
CREATE TABLE halts (
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    mode TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_ns INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (scope, target)
) STRICT, WITHOUT ROWID;
INSERT INTO "halts" VALUES('bot','alpha','halt','overfill',6,'gateway');
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('batch','17');
INSERT INTO "meta" VALUES('epoch','sfx71y');
INSERT INTO "meta" VALUES('instance','main');
INSERT INTO "meta" VALUES('starts','1');
CREATE TABLE order_events (
    event_id INTEGER PRIMARY KEY,
    client_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
    ts_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    filled TEXT NOT NULL,
    venue_order_id TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
INSERT INTO "order_events" VALUES(1,'abmain-e-b-1',1,'intent','0','','');
INSERT INTO "order_events" VALUES(2,'abmain-e-b-1',51,'open','0','71','');
INSERT INTO "order_events" VALUES(3,'abmain-e-b-1',91,'partial','0.00040','71','');
INSERT INTO "order_events" VALUES(4,'abmain-e-b-2',2,'intent','0','','');
INSERT INTO "order_events" VALUES(5,'abmain-e-b-2',52,'open','0','72','');
INSERT INTO "order_events" VALUES(6,'abmain-e-b-2',92,'partial','0.00040','72','');
INSERT INTO "order_events" VALUES(7,'abmain-e-b-3',3,'intent','0','','');
INSERT INTO "order_events" VALUES(8,'abmain-e-b-3',53,'open','0','73','');
INSERT INTO "order_events" VALUES(9,'abmain-e-b-3',93,'partial','0.00040','73','');
INSERT INTO "order_events" VALUES(10,'abmain-e-b-4',4,'intent','0','','');
INSERT INTO "order_events" VALUES(11,'abmain-e-b-4',54,'open','0','74','');
INSERT INTO "order_events" VALUES(12,'abmain-e-b-5',5,'intent','0','','');
INSERT INTO "order_events" VALUES(13,'abmain-e-b-5',55,'open','0','75','');
INSERT INTO "order_events" VALUES(14,'abmain-e-b-9',9,'filled','0.0004','','');
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
INSERT INTO "orders" VALUES('abmain-e-b-1','main','alpha','BTC/USDT',1,'limit','0.00100','partial',1,91,'50000.10','gtc',0,'71','0.00040','entry','',0);
INSERT INTO "orders" VALUES('abmain-e-b-2','main','alpha','BTC/USDT',1,'limit','0.00100','partial',2,92,'50000.10','gtc',0,'72','0.00040','entry','',0);
INSERT INTO "orders" VALUES('abmain-e-b-3','main','alpha','BTC/USDT',1,'limit','0.00100','partial',3,93,'50000.10','gtc',0,'73','0.00040','entry','',0);
INSERT INTO "orders" VALUES('abmain-e-b-4','main','alpha','BTC/USDT',1,'limit','0.00100','open',4,54,'50000.10','gtc',0,'74','0','entry','',0);
INSERT INTO "orders" VALUES('abmain-e-b-5','main','alpha','BTC/USDT',1,'limit','0.00100','open',5,55,'50000.10','gtc',0,'75','0','entry','',0);
INSERT INTO "orders" VALUES('abmain-e-b-9','main','alpha','BTC/USDT',1,'market','0.0004','filled',9,9,NULL,'gtc',0,'','0.0004','entry','',1);
CREATE INDEX orders_by_account ON orders (account_id, paper, status);
CREATE INDEX orders_by_venue_id ON orders (account_id, venue_order_id);
CREATE INDEX orders_by_bot ON orders (bot_id, created_ns);
CREATE INDEX orders_by_age ON orders (created_ns);
CREATE INDEX order_events_by_order ON order_events (client_order_id);
CREATE INDEX fills_by_bot ON fills (bot_id, ledger_seq);
CREATE INDEX fills_by_order ON fills (client_order_id);
CREATE INDEX fills_by_time ON fills (account_id, symbol, paper, ts_event_ns);
CREATE INDEX adjustments_by_account ON adjustments (account_id);
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
COMMIT;
