//! The SDL of the program and the files that hold it.

use std::path::Path;

use crate::graphql::{ApiSchema, error, federation};

use super::AppError;

/// Which text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// What clients are generated from.
    Standard,
    /// What a supergraph is composed of.
    Federation,
    /// The page of errors.
    Errors,
}

impl Form {
    /// The file of the repository that holds it.
    #[must_use]
    pub fn file(self) -> &'static Path {
        Path::new(match self {
            Self::Standard => "schema.graphql",
            Self::Federation => "schema.federation.graphql",
            Self::Errors => "docs/errors.md",
        })
    }

    /// The SDL.
    #[must_use]
    pub fn sdl(self) -> String {
        match self {
            Self::Standard => sdl(),
            Self::Federation => federation::sdl().to_owned(),
            Self::Errors => error::page(&sdl()),
        }
    }

    /// Whether the file holds it.
    ///
    /// # Errors
    /// `Stale` when it does not, `File` when it cannot be read.
    pub fn check(self, file: &Path) -> Result<(), AppError> {
        let name = file.display().to_string();
        let held = std::fs::read_to_string(file).map_err(|error| AppError::File(name.clone(), error))?;
        if held == self.sdl() { Ok(()) } else { Err(AppError::Stale(name)) }
    }
}

/// The SDL that clients are generated from.
#[must_use]
pub fn sdl() -> String {
    ApiSchema::standard().sdl()
}
