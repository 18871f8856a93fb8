-- How far the change log can be read: every transaction below the answer (bigint) has ended.
--
-- No parameters; locks nothing. Take the rows with an xid below it in a statement after this one. Never on a replica and
-- never under REPEATABLE READ.
--
-- It is not held back by a long transaction that does not write the log. Why that is safe: a writer takes its subject locks
-- (class 1) before it has an xid, and keeps them until it ends. So a writer with an xid below the xmax of this snapshot
-- held its lock when the locks were listed, unless it had ended by then, and the next statement sees its rows. A holder
-- whose xid is not listed may be about to get one: then the plain and earlier watermark, pg_snapshot_xmin, is returned.
WITH seen AS MATERIALIZED (
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS low, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS high
), listed AS MATERIALIZED (
  SELECT l.locktype, l.classid, l.objsubid, l.transactionid, l.virtualtransaction, l.database
  FROM pg_locks AS l WHERE l.granted AND l.locktype IN ('advisory', 'transactionid')
), writers AS (
  -- A listed xid has 32 bits: it means the one with these bits that is nearest to the end of the snapshot.
  SELECT a.virtualtransaction,
         (SELECT min(seen.high + ((t.transactionid::text::bigint - seen.high + 2147483648) & 4294967295) - 2147483648)
          FROM listed AS t, seen
          WHERE t.locktype = 'transactionid' AND t.virtualtransaction = a.virtualtransaction) AS xid
  FROM listed AS a
  WHERE a.locktype = 'advisory' AND a.classid = 1 AND a.objsubid = 2
    AND a.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  GROUP BY a.virtualtransaction
)
SELECT CASE WHEN EXISTS (SELECT FROM writers AS w WHERE w.xid IS NULL) THEN seen.low
            ELSE coalesce((SELECT min(w.xid) FROM writers AS w WHERE w.xid < seen.high), seen.high) END AS watermark
FROM seen
