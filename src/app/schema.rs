//! The SDL of the program and the file that holds it.

use std::path::Path;

use crate::graphql::schema;

use super::AppError;

/// The SDL.
#[must_use]
pub fn sdl() -> String {
    schema::sdl()
}

/// Whether the file holds what the program serves.
///
/// # Errors
/// `Stale` when it does not, `File` when it cannot be read.
pub fn check(file: &Path) -> Result<(), AppError> {
    let name = file.display().to_string();
    let held = std::fs::read_to_string(file).map_err(|error| AppError::File(name.clone(), error))?;
    if held == sdl() { Ok(()) } else { Err(AppError::Stale(name)) }
}
