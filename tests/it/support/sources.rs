//! The program's own text.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file of Rust below a folder, but for the generated one, with its text.
pub fn sources(below: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(below)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a readable tree") {
            let path = entry.expect("a readable tree").path();
            match path.extension().and_then(|ending| ending.to_str()) {
                _ if path.is_dir() => open.push(path),
                Some("rs") if !path.ends_with("src/db/schema.rs") => {
                    found.push((path.clone(), fs::read_to_string(&path).expect("a readable tree")));
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}
