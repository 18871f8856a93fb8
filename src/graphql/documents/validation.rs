//! The rules of GraphQL (October 2021, section 5), by the validator of `async-graphql`.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, Response, ServerError};
use futures_util::FutureExt as _;

use crate::graphql::schema::ApiSchema;

/// Faults that are told at most: a document can have thousands.
const MOST_FAULTS: usize = 10;

/// Validates documents, and never runs one.
pub(super) struct Validator {
    schema: ApiSchema,
}

impl Validator {
    pub(super) fn of(schema: &ApiSchema) -> Self {
        Self { schema: schema.validating(NeverRuns) }
    }

    /// Holds every operation and fragment of a document against the rules.
    pub(super) fn check(&self, document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
        let mut request = Request::new(String::new());
        // The rules are for the whole document; it only has to be said which operation would run.
        let first = document.operations.iter().next().and_then(|(name, _)| name);
        request.operation_name = first.map(ToString::to_string);
        request.set_parsed_query(document.clone());
        // Nothing in it waits for anything.
        match self.schema.execute(request).now_or_never() {
            Some(response) if response.errors.is_empty() => Ok(()),
            Some(mut response) => {
                response.errors.truncate(MOST_FAULTS);
                Err(response.errors)
            }
            None => Err(vec![ServerError::new("the document was not validated", None)]),
        }
    }
}

/// Ends an operation before it runs.
struct NeverRuns;

impl ExtensionFactory for NeverRuns {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for NeverRuns {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}
