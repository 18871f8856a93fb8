//! `src/db/schema.rs` is what `make schema` would write now.

use std::collections::BTreeMap;

use crate::support::TestDb;

/// Columns of a table in their order: name, and whether it may be NULL.
type Tables = BTreeMap<String, Vec<(String, bool)>>;

/// Reads the `table!` macros, as Diesel writes them.
fn written() -> Tables {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema.rs")).expect("the file");
    let (mut tables, mut table) = (Tables::new(), None);
    for line in text.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_prefix("openslot.").and_then(|rest| rest.split_once(" (")) {
            table = Some(name.to_owned());
        } else if line == "}" {
            table = None;
        } else if let (Some(table), Some((column, kind))) = (&table, line.split_once(" -> "))
            && !line.starts_with("///")
        {
            let columns: &mut Vec<_> = tables.entry(table.clone()).or_default();
            columns.push((column.to_owned(), kind.starts_with("Nullable<")));
        }
    }
    tables
}

#[tokio::test]
async fn generated_rows_are_those_of_the_migrations() {
    let db = TestDb::new().await;
    let sql = "SELECT c.table_name::text, c.column_name::text, c.is_nullable = 'YES'
               FROM information_schema.columns AS c
               JOIN pg_class AS t ON t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
               WHERE c.table_schema = 'openslot' AND NOT t.relispartition AND c.table_name <> 'test_clock'
                 AND NOT starts_with(c.table_name, '__diesel')
               ORDER BY c.table_name, c.ordinal_position";
    let mut tables = Tables::new();
    for row in db.rows(sql, &[]).await {
        tables.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    let written = written();
    assert_eq!(written.keys().collect::<Vec<_>>(), tables.keys().collect::<Vec<_>>(), "run `make schema`");
    for (table, columns) in &tables {
        assert_eq!(&written[table], columns, "{table}: run `make schema`");
    }
    db.drop_now().await;
}
