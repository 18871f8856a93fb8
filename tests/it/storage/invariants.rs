//! Everything that must be true of the tables whenever nobody writes.

use crate::support::TestDb;

/// Each counts what must not be; `{ACTIVE}` stands for the states in which a booking takes up time.
const MUST_BE_ZERO: &[(&str, &str)] = &[
    (
        "a subject in two claims at once",
        "SELECT count(*) FROM occupancies AS a JOIN occupancies AS b ON a.subject_id = b.subject_id AND a.claim_id <> b.claim_id
           AND tstzrange(a.blocked_from, a.blocked_until) && tstzrange(b.blocked_from, b.blocked_until)",
    ),
    (
        "active bookings of one patient that overlap",
        "SELECT count(*) FROM bookings AS a JOIN bookings AS b ON a.patient_id = b.patient_id AND a.id < b.id
           AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
         WHERE a.status IN {ACTIVE} AND b.status IN {ACTIVE}",
    ),
    (
        "active bookings of one provider that overlap",
        "SELECT count(*) FROM bookings AS a JOIN bookings AS b ON a.provider_id = b.provider_id AND a.id < b.id
           AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
         JOIN services AS v ON v.id = a.service_id
         WHERE a.status IN {ACTIVE} AND b.status IN {ACTIVE} AND NOT (v.capacity > 1 AND a.slot_id = b.slot_id)",
    ),
    (
        "a session above its capacity",
        "SELECT count(*) FROM (SELECT claim_id FROM occupancies WHERE seat IS NOT NULL
         GROUP BY claim_id, capacity HAVING count(*) > capacity) AS x",
    ),
    (
        "an active booking without its occupancies",
        "SELECT count(*) FROM bookings AS b WHERE b.status IN {ACTIVE} AND (
           SELECT count(*) FROM occupancies AS o WHERE o.owner_id = b.id AND o.subject_id IN (b.provider_id, b.patient_id)
             AND o.visit_starts_at = b.starts_at AND o.visit_ends_at = b.ends_at) <> 2",
    ),
    (
        "an occupancy without an active booking or hold",
        "SELECT count(*) FROM occupancies AS o
         WHERE NOT EXISTS (SELECT FROM bookings AS b WHERE b.id = o.owner_id AND b.status IN {ACTIVE})
           AND NOT EXISTS (SELECT FROM holds AS h WHERE h.id = o.owner_id AND h.status = 'ACTIVE')",
    ),
    (
        "an open cell over an occupied time",
        "SELECT count(*) FROM slots AS s JOIN occupancies AS o ON o.subject_id = s.provider_id
           AND tstzrange(o.blocked_from, o.blocked_until) && tstzrange(s.starts_at, s.ends_at)
         WHERE s.status = 'FREE' AND o.claim_id <> s.id AND (o.expires_at IS NULL OR o.expires_at > present())",
    ),
    (
        "a busy cell over nothing",
        "SELECT count(*) FROM slots AS s
         WHERE (s.status IN ('BUSY', 'BUSY_UNAVAILABLE') OR s.held_until > present()) AND NOT s.is_closed
           AND NOT EXISTS (SELECT FROM occupancies AS o WHERE o.subject_id = s.provider_id
             AND tstzrange(o.blocked_from, o.blocked_until) && tstzrange(s.starts_at, s.ends_at))",
    ),
    (
        "a slot whose version is not that of its last change, or whose changes have a gap",
        "SELECT count(*) FROM (SELECT entity_id, max(version) AS last, min(version) AS first, count(*) AS rows
           FROM changes WHERE topic = 'SLOT' GROUP BY entity_id) AS c
         JOIN slots AS s ON s.id = c.entity_id WHERE s.version <> c.last OR c.last - c.first + 1 <> c.rows",
    ),
    (
        "a version that does not grow along the log",
        "SELECT count(*) FROM (SELECT version <= lag(version) OVER (PARTITION BY topic, entity_id ORDER BY xid, position) AS back
         FROM changes) AS x WHERE back",
    ),
];

/// The same of what is written down about bookings.
const MUST_BE_RECORDED: &[(&str, &str)] = &[
    (
        "a booking whose version is not that of its last change",
        "SELECT count(*) FROM bookings AS b WHERE b.version IS DISTINCT FROM (
           SELECT max(c.version) FROM changes AS c WHERE c.topic = 'BOOKING' AND c.entity_id = b.id)",
    ),
    (
        "a change of a booking without its audit event, or the other way round",
        "SELECT count(*) FROM (SELECT xid, entity_id FROM changes WHERE topic = 'BOOKING') AS c
         FULL JOIN audit_events AS a USING (xid, entity_id) WHERE c.xid IS NULL OR a.id IS NULL",
    ),
    (
        "a change of a booking without its idempotency key, or the other way round",
        "SELECT count(*) FROM (SELECT xid::text AS xid, entity_id::text AS booking FROM changes WHERE topic = 'BOOKING') AS c
         FULL JOIN (SELECT response->>'xid' AS xid, response->>'booking' AS booking, key FROM idempotency_keys) AS k
           USING (xid, booking) WHERE c.xid IS NULL OR k.key IS NULL",
    ),
];

const ACTIVE: &str = "('PROPOSED', 'PENDING', 'BOOKED', 'ARRIVED', 'CHECKED_IN')";

/// What is not true, with how often; nothing in a sound database.
pub async fn broken(db: &TestDb) -> Vec<String> {
    [found(db, MUST_BE_ZERO).await, found(db, MUST_BE_RECORDED).await].concat()
}

/// The same where bookings were loaded, which records nothing of them.
pub async fn broken_unrecorded(db: &TestDb) -> Vec<String> {
    found(db, MUST_BE_ZERO).await
}

/// Those of a list that are not true, with how often.
pub async fn found(db: &TestDb, list: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, sql) in list {
        let count: i64 = db.one(&sql.replace("{ACTIVE}", ACTIVE), &[]).await;
        if count != 0 {
            found.push(format!("{count} x {name}"));
        }
    }
    found
}
