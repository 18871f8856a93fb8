DROP TABLE audit_seals;
DROP TABLE audit_events;
DROP TABLE idempotency_keys;
DROP TABLE changes;
DROP TABLE change_log;
