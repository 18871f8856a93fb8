//! Credentials in `connection_init`.

use serde_json::Value;

use crate::http::protocol::transport_ws::{Payload, Refusal};

/// The token in `{"Authorization": "Bearer …"}`; the names of key and scheme in any case. `None` without the key.
///
/// # Errors
/// `Forbidden` when the key is there and holds anything else than a bearer token.
pub fn bearer(payload: &Payload) -> Result<Option<&str>, Refusal> {
    let values = payload.iter().flatten().filter(|(key, _)| key.eq_ignore_ascii_case("authorization"));
    let mut values = values.map(|(_, value)| value).filter(|value| !value.is_null());
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(Value::String(value)), None) => token(value).map(Some).ok_or(Refusal::Forbidden),
        _ => Err(Refusal::Forbidden),
    }
}

fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn check(payload: Value, expected: Result<Option<&str>, Refusal>) {
        let payload: Payload = payload.as_object().cloned();
        assert_eq!(bearer(&payload), expected, "{payload:?}");
    }

    #[test]
    fn a_token_is_found_under_any_spelling_of_the_key() {
        check(json!({ "Authorization": "Bearer abc" }), Ok(Some("abc")));
        check(json!({ "authorization": "bearer abc ", "more": 1 }), Ok(Some("abc")));
        check(json!({ "Authorization": null, "authorization": "Bearer abc" }), Ok(Some("abc")));
    }

    #[test]
    fn no_key_is_no_token() {
        check(Value::Null, Ok(None));
        check(Value::Object(Map::new()), Ok(None));
        check(json!({ "Authorization": null }), Ok(None));
    }

    #[test]
    fn anything_else_under_the_key_is_refused() {
        for value in [json!("abc"), json!("Bearer"), json!("Bearer  "), json!("Basic abc"), json!(""), json!(1)] {
            check(json!({ "Authorization": value }), Err(Refusal::Forbidden));
        }
        check(json!({ "Authorization": "Bearer a", "authorization": "Bearer b" }), Err(Refusal::Forbidden));
    }
}
