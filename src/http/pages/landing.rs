//! `/`: says what answers here and where to go on. No script.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    http::{HeaderValue, header::CACHE_CONTROL},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{assets::NOTICE, security::secure};

const STYLE: &str = include_str!("../assets/landing.css");

/// Whether the landing page leads to GraphiQL; it must say what the router serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Graphiql {
    /// `graphiql_routes` are merged into the same router.
    Served,
    /// The editor is left out, as in production.
    Off,
}

/// Serves the landing page at `/`.
pub fn landing_routes<S>(graphiql: Graphiql) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let page: &'static str = match graphiql {
        Graphiql::Served => &WITH_GRAPHIQL,
        Graphiql::Off => &WITHOUT_GRAPHIQL,
    };
    Router::new().route("/", get(async move || serve(page)))
}

/// Where a link leads (relative, so that a prefix in front of the server is kept), its name, what is there.
type Link<'a> = (&'a str, &'a str, &'a str);

const GRAPHQL: Link<'_> = ("graphql", "/graphql", "the API: queries by POST, live changes by WebSocket");
const HEALTH: Link<'_> = ("health", "/health", "whether the server can do its work");

static WITH_GRAPHIQL: LazyLock<String> = LazyLock::new(|| {
    let notice = NOTICE.path();
    page(&[
        ("graphiql", "/graphiql", "an editor to try queries and live changes in"),
        GRAPHQL,
        HEALTH,
        (&notice, "licences", "of the software that the editor is made of"),
    ])
});
static WITHOUT_GRAPHIQL: LazyLock<String> = LazyLock::new(|| page(&[GRAPHQL, HEALTH]));

/// The style sheet stands in the page, allowed by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

fn serve(page: &'static str) -> Response {
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    secure((headers, Html(page)).into_response(), POLICY.clone())
}

fn page(links: &[Link<'_>]) -> String {
    let links: String = links
        .iter()
        .map(|(path, name, text)| format!("<li><a href=\"{path}\">{name}</a><span>{text}</span></li>\n"))
        .collect();
    format!(include_str!("../assets/landing.html"), style = STYLE, links = links)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::{
        super::testing::{get, get_from},
        *,
    };

    #[tokio::test]
    async fn page_has_no_script_and_may_load_nothing() {
        let answer = get("/").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(!answer.text().contains("<script"));
    }

    #[tokio::test]
    async fn page_links_what_the_server_answers() {
        let text = get("/").await.text();
        for path in ["graphiql", "graphql", "health"] {
            assert!(text.contains(&format!("href=\"{path}\"")), "{path}");
        }
        assert_eq!(get(&format!("/{}", NOTICE.path())).await.status, StatusCode::OK);
    }

    #[tokio::test]
    async fn page_does_not_lead_to_graphiql_where_it_is_off() {
        let answer = get_from(landing_routes(Graphiql::Off), "/").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.text().contains("graphiql"));
    }
}
