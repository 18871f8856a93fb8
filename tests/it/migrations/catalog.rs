//! Rules of the whole schema, asked of the catalogue.

use crate::support::TestDb;

/// The first column of each row.
async fn names(db: &TestDb, sql: &str) -> Vec<String> {
    db.rows(sql, &[]).await.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn every_foreign_key_has_an_index_that_starts_with_its_columns() {
    let db = TestDb::new().await;
    // An index of some rows serves only where it leaves out nothing but the rows without the key.
    let without = "
        SELECT format('%s.%s', f.conrelid::regclass, f.conname) FROM pg_constraint AS f
        JOIN pg_class AS c ON c.oid = f.conrelid
        WHERE f.contype = 'f' AND f.connamespace = 'openslot'::regnamespace AND NOT c.relispartition
          AND NOT EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = f.conrelid AND i.indisvalid
              AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~ '^\\([a-z_]+ IS NOT NULL\\)$')
              AND (SELECT array_agg(k ORDER BY k) FROM unnest(f.conkey) AS k)
                = (SELECT array_agg(k ORDER BY k) FROM unnest((i.indkey::smallint[])[0:cardinality(f.conkey) - 1]) AS k))
        ORDER BY 1";
    // Two need none of their own: organization and id alone find the booking, and the unique key of the cells begins with
    // the provider.
    assert_eq!(names(&db, without).await, ["bookings.bookings_occupy_their_time", "slots.slots_provider_fkey"]);
    db.drop_now().await;
}

#[tokio::test]
async fn every_table_of_an_organization_has_forced_security_and_its_policies() {
    let db = TestDb::new().await;
    let owned = "FROM pg_class AS c
        WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND (c.relname = 'organizations' OR EXISTS (
            SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped))";
    let count: i64 = db.one(&format!("SELECT count(*) {owned}"), &[]).await;
    assert!(count > 35, "{count} tables");
    let policy = "EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polcmd = '*' AND p.polpermissive AND p.polname";
    let open = format!(
        "SELECT c.relname::text {owned} AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND {policy} = 'own_organization' AND p.polroles = '{{0}}' AND p.polwithcheck IS NULL
             AND pg_get_expr(p.polqual, c.oid) ~ '^\\((organization_id|id) = \\( SELECT .*current_organization_id\\(\\)')
           AND {policy} = 'every_organization' AND p.polroles = ARRAY['openslot_worker'::regrole::oid]))"
    );
    assert_eq!(names(&db, &open).await, Vec::<String>::new());
    // What else may be read past the wall, and by whom.
    let others = "SELECT format('%s %s %s', polrelid::regclass, polname, polroles::regrole[]) FROM pg_policy
                  WHERE polname NOT IN ('own_organization', 'every_organization') ORDER BY 1";
    let resolver = ["api_keys", "bookings", "member_locations", "members", "organizations", "patients", "providers"];
    assert_eq!(names(&db, others).await, resolver.map(|table| format!("{table} resolver {{openslot_resolver}}")));
    db.drop_now().await;
}

#[tokio::test]
async fn partitions_have_forced_security_and_no_grants() {
    let db = TestDb::new().await;
    let partitions =
        "FROM pg_class AS c WHERE c.relnamespace = 'openslot'::regnamespace AND c.relispartition AND c.relkind = 'r'";
    let count: i64 = db.one(&format!("SELECT count(*) {partitions}"), &[]).await;
    assert!(count > 20, "{count} partitions");
    let open = format!(
        "SELECT c.relname::text {partitions} AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)
           AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) AS g WHERE g.grantee <> c.relowner)
           AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL))"
    );
    assert_eq!(names(&db, &open).await, Vec::<String>::new());
    db.drop_now().await;
}

/// Tables on which a group has a right, or has it on some column.
async fn tables_with(db: &TestDb, role: &str, right: &str) -> Vec<String> {
    let has = match right {
        "DELETE" | "TRUNCATE" => "has_table_privilege",
        _ => "has_any_column_privilege",
    };
    let sql = format!(
        "SELECT c.relname::text FROM pg_class AS c
         WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND {has}('{role}', c.oid, '{right}') ORDER BY 1"
    );
    names(db, &sql).await
}

#[tokio::test]
async fn what_was_recorded_is_not_changed_by_those_who_serve() {
    let db = TestDb::new().await;
    for role in ["openslot_app", "openslot_worker"] {
        for right in ["UPDATE", "DELETE", "TRUNCATE"] {
            let tables = tables_with(&db, role, right).await;
            for recorded in [
                "audit_events",
                "audit_seals",
                "booking_status_transitions",
                "change_log",
                "changes",
                "erasure_tombstones",
            ] {
                assert!(!tables.iter().any(|table| table == recorded), "{role} may {right} {recorded}");
            }
        }
    }
    // What has ended is kept: rows of these go, and of no others.
    assert_eq!(
        tables_with(&db, "openslot_app", "DELETE").await,
        [
            "availability_exceptions",
            "booking_participants",
            "idempotency_keys",
            "intake_answers",
            "member_locations",
            "occupancies",
            "provider_traits",
            "schedule_services",
            "service_requirements",
            "service_resources",
            "service_visit_part_members",
            "service_visit_parts",
            "webhook_deliveries",
            "webhook_endpoints",
        ]
    );
    for right in ["INSERT", "UPDATE", "DELETE", "TRUNCATE"] {
        assert_eq!(tables_with(&db, "openslot_readonly", right).await, Vec::<String>::new(), "{right}");
    }
    for secret in ["api_keys", "idempotency_keys", "patient_keys", "webhook_endpoints"] {
        assert!(!tables_with(&db, "openslot_readonly", "SELECT").await.iter().any(|table| table == secret), "{secret}");
    }
    db.drop_now().await;
}

#[tokio::test]
async fn nobody_but_the_owner_owns_or_makes_anything() {
    let db = TestDb::new().await;
    let foreign = "SELECT c.relname::text FROM pg_class AS c
                   WHERE c.relnamespace = 'openslot'::regnamespace AND c.relowner <> 'openslot_owner'::regrole";
    assert_eq!(names(&db, foreign).await, Vec::<String>::new());
    let makers = "SELECT r.rolname::text FROM pg_roles AS r
                  WHERE starts_with(r.rolname, 'openslot_') AND has_schema_privilege(r.oid, 'openslot', 'CREATE') ORDER BY 1";
    assert_eq!(names(&db, makers).await, ["openslot_owner"]);
    db.drop_now().await;
}
