//! `migrate` as the program runs it.

use openslot::app;
use openslot::db::migrations;

use super::Blank;

/// Names and settings of every role, and who belongs to whom.
const ROLES: &str = "
    SELECT string_agg(format('%s %s %s %s %s', rolname, rolsuper, rolbypassrls, rolcanlogin, s.setconfig), '; ' ORDER BY rolname)
      || (SELECT string_agg(format('%s in %s', member::regrole, roleid::regrole), '; ' ORDER BY member, roleid) FROM pg_auth_members)
    FROM pg_roles AS r LEFT JOIN pg_db_role_setting AS s ON s.setrole = r.oid WHERE rolname LIKE 'openslot\\_%'";

async fn roles(blank: &Blank) -> String {
    blank.admin().await.query_one(ROLES, &[]).await.expect("roles").get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrating_again_changes_nothing() {
    let blank = Blank::new().await;
    let applied = app::migrate(&blank.config(), true).await.expect("it migrates");
    assert_eq!(applied.len(), migrations::known().len());
    let (dump, before) = (blank.dump().await, roles(&blank).await);
    for with_roles in [false, true] {
        assert_eq!(app::migrate(&blank.config(), with_roles).await.expect("again"), Vec::<String>::new());
    }
    assert!(blank.dump().await == dump, "the schema changed");
    assert_eq!(roles(&blank).await, before);
    blank.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_migrate_at_once_both_succeed() {
    let blank = Blank::new().await;
    let (one, other) = (blank.config(), blank.config());
    let one = tokio::spawn(async move { app::migrate(&one, true).await });
    let other = tokio::spawn(async move { app::migrate(&other, true).await });
    let (one, other) = tokio::join!(one, other);
    let mut applied = [one, other].map(|done| done.expect("a task").expect("it migrates").len());
    applied.sort_unstable();
    assert_eq!(applied, [0, migrations::known().len()]);
    blank.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_schema_with_its_partitions_is_taken_back_and_made_again() {
    let blank = Blank::new().await;
    let all = app::migrate(&blank.config(), false).await.expect("it migrates").len();
    for version in migrations::known().iter().rev() {
        let reverted = migrations::revert_last(&blank.url()).await.expect("it is taken back");
        assert!(reverted.replace('-', "").starts_with(version.as_str()), "{reverted} instead of {version}");
    }
    let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'openslot'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
                  AND NOT starts_with(relname, '__diesel')";
    let left: i64 = blank.admin().await.query_one(left, &[]).await.expect("a count").get(0);
    assert_eq!(left, 0);
    assert_eq!(app::migrate(&blank.config(), false).await.expect("again").len(), all);
    blank.drop_now().await;
}
