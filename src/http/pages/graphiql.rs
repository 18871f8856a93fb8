//! `/graphiql`: an editor for the API. The page works offline and runs under a policy that allows scripts, styles and
//! connections of this origin only. It sends queries and subscriptions to `graphql` beside itself.

use std::sync::LazyLock;

use axum::{
    Router,
    http::{HeaderValue, header::CACHE_CONTROL},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};

use super::{
    assets::{self, ICON, SCRIPT, STYLE},
    security::secure,
};

/// `connect-src 'self'` covers the WebSocket of the same host and port too; `data:` images are the style sheet's own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// One tab each, in this order; the first is open.
const EXAMPLES: [&str; 2] = [
    include_str!("../assets/examples/1-free-times.graphql"),
    include_str!("../assets/examples/2-live-changes.graphql"),
];

static PAGE: LazyLock<String> = LazyLock::new(page);

/// Serves `/graphiql` and its files. Merge it only where the editor is wanted: a production default is to leave it out.
pub fn graphiql_routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/graphiql", get(async || serve()))
        .route("/graphiql/", get(async || Redirect::permanent("../graphiql")))
        .route("/graphiql/assets/{hash}/{name}", get(assets::serve))
}

fn serve() -> Response {
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    secure((headers, Html(PAGE.as_str())).into_response(), POLICY)
}

fn page() -> String {
    let examples = EXAMPLES.map(|it| format!("<script type=\"application/graphql\">\n{it}</script>\n")).concat();
    format!(
        include_str!("../assets/graphiql.html"),
        icon = ICON.path(),
        style = STYLE.path(),
        examples = examples,
        script = SCRIPT.path(),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{super::testing::get, *};

    #[tokio::test]
    async fn page_runs_scripts_of_this_origin_only() {
        let answer = get("/graphiql").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
    }

    #[tokio::test]
    async fn page_loads_nothing_from_elsewhere() {
        let text = get("/graphiql").await.text();
        assert!(!text.contains("//"), "an absolute address in the page");
        for asset in [&ICON, &STYLE, &SCRIPT] {
            assert!(text.contains(&format!("\"{}\"", asset.path())));
            assert_eq!(get(&format!("/{}", asset.path())).await.status, StatusCode::OK);
        }
    }

    #[tokio::test]
    async fn address_with_a_slash_leads_to_the_page() {
        let answer = get("/graphiql/").await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(answer.header("location"), "../graphiql");
    }

    #[test]
    fn examples_are_one_valid_operation_each_and_cannot_end_their_block() {
        for example in EXAMPLES {
            let document = async_graphql::parser::parse_query(example).ok();
            assert_eq!(document.map(|it| it.operations.iter().count()), Some(1));
            assert!(!example.contains('<'));
        }
    }
}
