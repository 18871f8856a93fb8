//! The file in the repository is what is served.

use openslot::app::schema::sdl;

#[test]
fn schema_file_is_current() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).expect("the file");
    assert!(file == sdl(), "run `make schema`");
}
