//! Each migration by itself: its `down.sql` takes back exactly what its `up.sql` made.

use std::path::PathBuf;

use tokio_postgres::Client;

use super::Blank;

/// The folders of all migrations, oldest first.
fn folders() -> Vec<PathBuf> {
    let all = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).expect("the migrations");
    let mut folders: Vec<PathBuf> =
        all.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Runs one file as the owner, in a transaction.
async fn run(admin: &Client, folder: &std::path::Path, file: &str) {
    let path = folder.join(file);
    let sql = std::fs::read_to_string(&path).expect("a file");
    let all =
        format!("BEGIN; SET LOCAL ROLE openslot_owner; SET LOCAL search_path = openslot, public; {sql}\n; COMMIT");
    admin.batch_execute(&all).await.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// About three seconds: the schema is dumped after each of 26 steps.
#[tokio::test]
async fn each_migration_is_taken_back_without_a_trace() {
    let blank = Blank::new().await;
    let admin = blank.admin().await;
    let start = format!(
        "CREATE SCHEMA openslot AUTHORIZATION openslot_owner; GRANT CREATE ON DATABASE {} TO openslot_owner",
        blank.name
    );
    admin.batch_execute(&start).await.expect("a schema");
    let (folders, mut dumps) = (folders(), vec![blank.dump().await]);
    assert!(folders.len() >= 13);
    for folder in &folders {
        run(&admin, folder, "up.sql").await;
        dumps.push(blank.dump().await);
    }
    let newest = dumps.pop().expect("at least one");
    for folder in folders.iter().rev() {
        run(&admin, folder, "down.sql").await;
        let before = dumps.pop().expect("one for each");
        assert_same(&blank.dump().await, &before, &folder.display().to_string());
    }
    for folder in &folders {
        run(&admin, folder, "up.sql").await;
    }
    assert_same(&blank.dump().await, &newest, "all of them again");
    drop(admin);
    blank.drop_now().await;
}

/// Names the first line that differs: the whole dumps would bury it.
fn assert_same(found: &str, wanted: &str, after: &str) {
    if found != wanted {
        let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
        panic!("{after}: (found, wanted) {differs:?}, {} and {} bytes", found.len(), wanted.len());
    }
}
