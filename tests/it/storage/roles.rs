//! What each group role of the database sees and may do, whatever login joins it.

use openslot::kernel::ids::RowId;
use serde_json::json;

use super::tenancy::owned;
use crate::bookings::{booked, wish};
use crate::support::{Practice, TestApp, TestDb};

/// Two organizations with bookings.
async fn build() -> (TestApp, Practice, Practice) {
    let app = TestApp::start().await;
    let (ours, theirs) = (app.practice().await, app.practice().await);
    for practice in [&ours, &theirs] {
        booked(&app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    }
    (app, ours, theirs)
}

/// Rows of both organizations that a role sees in a table with no filter in the statement; `None` where it may not look.
async fn seen(db: &TestDb, table: &str, column: &str, ours: &Practice, theirs: &Practice) -> Option<(i64, i64)> {
    let may: bool = db.one("SELECT has_table_privilege(current_user, $1, 'SELECT')", &[&table]).await;
    if !may {
        return None;
    }
    let sql = format!(
        "SELECT count(*) FILTER (WHERE {column} = $1), count(*) FILTER (WHERE {column} = $2) FROM openslot.{table}"
    );
    let rows = db.rows(&sql, &[&ours.clinic.id.uuid(), &theirs.clinic.id.uuid()]).await;
    Some((rows[0].get(0), rows[0].get(1)))
}

#[tokio::test]
async fn owner_application_and_reports_see_one_organization_and_none_without_it() {
    let (app, ours, theirs) = build().await;
    let tables = owned(&app.db).await;
    for role in ["openslot_owner", "openslot_app", "openslot_readonly"] {
        let mut full = 0;
        app.db.run(&format!("SET ROLE {role}; BEGIN")).await;
        for (table, column) in &tables {
            let found = seen(&app.db, table, column, &ours, &theirs).await;
            assert!(found.is_none_or(|found| found == (0, 0)), "{role} without an organization: {table} {found:?}");
        }
        app.db.run(&format!("SELECT enter('{}', '{{}}')", ours.clinic.id)).await;
        for (table, column) in &tables {
            let Some((mine, others)) = seen(&app.db, table, column, &ours, &theirs).await else { continue };
            assert_eq!(others, 0, "{role}: {table} of the others");
            full += usize::from(mine > 0);
        }
        app.db.run("ROLLBACK; RESET ROLE").await;
        assert!(full >= 10, "{role} sees rows of {full} tables");
    }
    app.stop().await;
}

#[tokio::test]
async fn worker_sees_every_organization() {
    let (app, ours, theirs) = build().await;
    app.db.run("SET ROLE openslot_worker").await;
    for table in ["bookings", "slots", "changes", "members"] {
        let found = seen(&app.db, table, "organization_id", &ours, &theirs).await;
        assert!(found.is_some_and(|(mine, others)| mine > 0 && others > 0), "{table}: {found:?}");
    }
    app.db.run("RESET ROLE").await;
    app.stop().await;
}

#[tokio::test]
async fn reports_change_nothing_and_read_no_secret() {
    let (app, ours, _) = build().await;
    let db = &app.db;
    let may = "SELECT c.relname || ' ' || p.deed FROM pg_class AS c
               CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (deed)
               WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p')
                 AND (has_table_privilege('openslot_readonly', c.oid, p.deed)
                      OR p.deed IN ('INSERT', 'UPDATE') AND has_any_column_privilege('openslot_readonly', c.oid, p.deed))";
    assert_eq!(db.rows(may, &[]).await.len(), 0);
    let before = db.state().await;
    for sql in [
        "SELECT secret_hash FROM api_keys",
        "SELECT subject FROM users",
        "SELECT wrapped_key FROM patient_keys",
        "SELECT response FROM idempotency_keys",
        "UPDATE bookings SET version = version + 1",
        "SELECT resolve_members('https://id.test', 'x', NULL)",
        "SELECT revoke_sessions('00000000-0000-0000-0000-000000000000')",
    ] {
        assert!(is_refused(db, "openslot_readonly", &ours, sql).await, "{sql}");
    }
    assert_eq!(db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn resolver_signs_nobody_in_and_reaches_what_finds_people_and_nothing_else() {
    let (app, ours, _) = build().await;
    let db = &app.db;
    let members: i64 = db.one("SELECT count(*) FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid
        WHERE r.rolname = 'openslot_resolver' AND m.member <> (SELECT oid FROM pg_roles WHERE rolname = 'openslot_owner')", &[]).await;
    let can_sign_in: bool = db.one("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'openslot_resolver'", &[]).await;
    assert!(members == 0 && !can_sign_in);
    let columns = "SELECT c.relname || '.' || a.attname || CASE WHEN has_column_privilege('openslot_resolver', c.oid, a.attnum, 'UPDATE') THEN ' UPDATE' ELSE '' END
                     || CASE WHEN has_column_privilege('openslot_resolver', c.oid, a.attnum, 'INSERT') THEN ' INSERT' ELSE '' END
                   FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                   WHERE c.relnamespace = 'openslot'::regnamespace AND c.relname IN ('patients', 'bookings', 'users', 'organizations')
                     AND (has_column_privilege('openslot_resolver', c.oid, a.attnum, 'SELECT')
                          OR has_column_privilege('openslot_resolver', c.oid, a.attnum, 'UPDATE')
                          OR has_column_privilege('openslot_resolver', c.oid, a.attnum, 'INSERT')) ORDER BY 1";
    let found: Vec<String> = db.rows(columns, &[]).await.iter().map(|row| row.get(0)).collect();
    let wanted = [
        "bookings.cancelled_at",
        "bookings.ends_at",
        "bookings.organization_id",
        "bookings.patient_id",
        "bookings.status",
        "organizations.id",
        "organizations.slug",
        "organizations.suspended_at",
        "organizations.time_zone",
        "patients.erased_at",
        "patients.id",
        "patients.is_guest",
        "patients.organization_id",
        "patients.user_id",
        "users.id INSERT",
        "users.issuer INSERT",
        "users.subject INSERT",
        "users.tokens_valid_from UPDATE",
    ];
    assert_eq!(found, wanted);
    for sql in [
        "SELECT given_name_enc FROM patients",
        "SELECT reference FROM bookings",
        "SELECT FROM slots",
        "SELECT FROM audit_events",
        "SELECT display_name FROM members",
        "UPDATE members SET role = 'ADMIN'",
        "UPDATE api_keys SET revoked_at = NULL",
        "DELETE FROM users",
    ] {
        assert!(is_refused(db, "openslot_resolver", &ours, sql).await, "{sql}");
    }
    app.stop().await;
}

/// Whether a role is refused a statement for want of a right, also within its organization.
async fn is_refused(db: &TestDb, role: &str, practice: &Practice, sql: &str) -> bool {
    let id = practice.clinic.id;
    // What a DO block catches says how it ended.
    db.run(&format!(
        "BEGIN; SET LOCAL ROLE {role}; SELECT enter('{id}', '{{}}'); SELECT set_config('openslot_test.ended', '', true)"
    ))
    .await;
    let text = sql.replace('\'', "''");
    db.run(&format!(
        "DO $$ BEGIN EXECUTE '{text}'; PERFORM set_config('openslot_test.ended', 'done', true);
         EXCEPTION WHEN insufficient_privilege THEN PERFORM set_config('openslot_test.ended', 'refused', true); END $$"
    ))
    .await;
    let ended: String = db.one("SELECT current_setting('openslot_test.ended')", &[]).await;
    db.run("ROLLBACK").await;
    ended == "refused"
}
