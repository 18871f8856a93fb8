//! The change log as replicas and the relay read it.

use openslot::kernel::position::Position;
use openslot::live::{ChangeLog, DatabaseLog};

use crate::support::{Practice, TestDb};

/// A later release that writes while this one still runs takes nothing from what this one knows.
#[tokio::test]
async fn rows_of_a_later_release_are_left_out_and_hide_none_behind_them() {
    let db = TestDb::new().await;
    let practice = Practice::new(&db).await;
    db.run("ALTER TABLE openslot.changes DROP CONSTRAINT changes_kind_known").await;
    db.run("UPDATE openslot.changes SET kind = 'FORGOTTEN' WHERE position % 4 < 2").await;
    let log = DatabaseLog::new(practice.clinic.database().clone());
    let watermark = Position::before(log.watermark().await.expect("a watermark"));
    for limit in [1, 3, 5, 8, 100] {
        let (mut from, mut slots) = (Position::default(), Vec::new());
        loop {
            let rows = log.read(from..watermark, Some(&[practice.clinic.id]), limit).await.expect("rows");
            slots.extend(rows.iter().filter_map(|row| row.slot()));
            match rows.last() {
                Some(last) if rows.len() >= limit => from = last.after(),
                _ => break,
            }
        }
        let known = "SELECT count(*) FROM openslot.changes WHERE kind <> 'FORGOTTEN'";
        assert_eq!(i64::try_from(slots.len()).expect("a few"), db.one::<i64>(known, &[]).await, "{limit} at once");
    }
    db.drop_now().await;
}
