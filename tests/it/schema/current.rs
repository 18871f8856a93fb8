//! The files in the repository are what is served.

use std::path::Path;

use openslot::app::schema::Form;

#[test]
fn schema_files_are_current() {
    for form in [Form::Standard, Form::Federation, Form::Errors] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(form.file());
        assert!(form.check(&file).is_ok(), "{}: run `make schema`", file.display());
    }
}
