//! The manifest of trusted documents: those that the operator's own clients were built with.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

/// What is wrong with a manifest.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is neither of the two forms.
    #[error("must be the manifest of Apollo (apollo-persisted-query-manifest, version 1) or of Relay (texts by id)")]
    Form,
    /// One of its documents may not run.
    #[error("has the document {0}, which is not valid for this schema")]
    Document(String),
}

/// `generate-persisted-query-manifest` of Apollo.
#[derive(Deserialize)]
struct Apollo {
    format: String,
    version: u32,
    operations: Vec<ApolloOperation>,
}

#[derive(Deserialize)]
struct ApolloOperation {
    id: String,
    body: String,
}

/// Texts by id, of a manifest in either form.
///
/// # Errors
/// `Form`.
pub(super) fn read(manifest: &str) -> Result<HashMap<String, String>, ManifestError> {
    if let Ok(texts) = serde_json::from_str::<BTreeMap<String, String>>(manifest) {
        return Ok(texts.into_iter().collect());
    }
    let apollo: Apollo = serde_json::from_str(manifest).map_err(|_| ManifestError::Form)?;
    if apollo.format != "apollo-persisted-query-manifest" || apollo.version != 1 {
        return Err(ManifestError::Form);
    }
    Ok(apollo.operations.into_iter().map(|operation| (operation.id, operation.body)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_no_other() {
        let apollo = r#"{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            { "id": "a1", "name": "A", "type": "query", "body": "query A { __typename }" }] }"#;
        let relay = r#"{ "a1": "query A { __typename }" }"#;
        for good in [apollo, relay] {
            let wanted = HashMap::from([("a1".to_owned(), "query A { __typename }".to_owned())]);
            assert_eq!(read(good), Ok(wanted), "{good}");
        }
        for bad in ["", "[]", "{", "1", r#"{ "a": 1 }"#, &apollo.replace("\"version\": 1", "\"version\": 2")] {
            assert_eq!(read(bad), Err(ManifestError::Form), "{bad}");
        }
    }
}
