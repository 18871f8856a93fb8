//! What holds of every text that somebody sends.

use std::ops::RangeInclusive;

use aws_lc_rs::digest::{SHA256, digest};

use super::error::FieldError;

/// Whether a text can be stored: PostgreSQL has no NUL in one.
#[must_use]
pub fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

/// The first 16 bytes of the SHA-256 of a text: the same text always becomes the same id.
#[must_use]
pub fn folded(text: &str) -> [u8; 16] {
    let mut folded = [0; 16];
    folded.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
    folded
}

/// Checks the length of a text in characters, and that it can be stored; the path of the field is written with dots.
///
/// # Errors
/// The broken rule, at the field.
pub fn check(path: &str, text: &str, characters: RangeInclusive<usize>) -> Result<(), FieldError> {
    if characters.contains(&text.chars().count()) && is_storable(text) {
        return Ok(());
    }
    let (least, most) = (characters.start(), characters.end());
    Err(FieldError::new(path, format!("must have {least} to {most} characters, none of them NUL")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_and_nul_is_refused() {
        for (text, holds) in [("", false), ("é", true), ("éé", true), ("ééé", false), ("a\0", false)] {
            let wanted = FieldError::new("input.name", "must have 1 to 2 characters, none of them NUL");
            assert_eq!(check("input.name", text, 1..=2), if holds { Ok(()) } else { Err(wanted) }, "{text:?}");
        }
    }
}
