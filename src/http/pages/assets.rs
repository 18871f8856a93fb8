//! The files of the GraphiQL page, embedded. Their address holds the start of their SHA-256, so a browser may keep
//! them for ever and a new release is never mixed with an old one.

use axum::{
    extract::Path,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use super::security::secure;

/// The checksums that the bundler wrote, one `<sha256>  <name>` a line.
const SUMS: &str = include_str!("../assets/graphiql/SHA256SUMS");
const HASH_LENGTH: usize = 16;
/// Opened by itself (the icon is a document too), a file may load nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// One embedded file.
pub(super) struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// GraphiQL and its fetcher.
pub(super) const SCRIPT: Asset = Asset {
    name: "graphiql.js",
    content_type: "text/javascript; charset=utf-8",
    bytes: include_bytes!("../assets/graphiql/graphiql.js"),
};
/// The style sheet, without fonts.
pub(super) const STYLE: Asset = Asset {
    name: "graphiql.css",
    content_type: "text/css; charset=utf-8",
    bytes: include_bytes!("../assets/graphiql/graphiql.css"),
};
/// The project's mark.
pub(super) const ICON: Asset =
    Asset { name: "icon.svg", content_type: "image/svg+xml", bytes: include_bytes!("../assets/graphiql/icon.svg") };
/// Licences of the bundled packages: whoever receives the script must be able to read them.
pub(super) const NOTICE: Asset = Asset {
    name: "NOTICE.md",
    content_type: "text/plain; charset=utf-8",
    bytes: include_bytes!("../assets/graphiql/NOTICE.md"),
};
const ALL: [&Asset; 4] = [&SCRIPT, &STYLE, &ICON, &NOTICE];

impl Asset {
    /// The address relative to the root: `graphiql/assets/<hash>/<name>`.
    pub(super) fn path(&self) -> String {
        format!("graphiql/assets/{}/{}", self.hash().unwrap_or_default(), self.name)
    }

    fn hash(&self) -> Option<&'static str> {
        self.sum()?.get(..HASH_LENGTH)
    }

    fn sum(&self) -> Option<&'static str> {
        SUMS.lines().filter_map(|line| line.split_once("  ")).find(|(_, name)| *name == self.name).map(|(sum, _)| sum)
    }
}

/// Answers `/graphiql/assets/{hash}/{name}`; 404 unless both belong together.
pub(super) async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let found = ALL.into_iter().find(|it| it.name == name && it.hash() == Some(hash.as_str()));
    match found {
        Some(asset) => secure(
            (
                [
                    (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
                    (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
                ],
                asset.bytes,
            )
                .into_response(),
            POLICY,
        ),
        None => {
            let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
            secure((StatusCode::NOT_FOUND, headers, "Not found\n").into_response(), POLICY)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use aws_lc_rs::digest::{SHA256, digest};
    use axum::http::StatusCode;

    use super::{super::testing::get, *};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    #[test]
    fn recorded_sums_are_those_of_the_embedded_files() {
        for asset in ALL {
            let sum = hex(digest(&SHA256, asset.bytes).as_ref());
            assert_eq!(asset.sum(), Some(sum.as_str()), "{}: run scripts/build-graphiql", asset.name);
        }
        assert_eq!(SUMS.lines().count(), ALL.len());
    }

    #[test]
    fn bundle_names_no_font_and_no_source_map() {
        for asset in [&SCRIPT, &STYLE] {
            let text = String::from_utf8_lossy(asset.bytes);
            for forbidden in ["@font-face", "data:font", "sourceMappingURL", "@import"] {
                assert!(!text.contains(forbidden), "{} contains {forbidden}", asset.name);
            }
        }
    }

    #[tokio::test]
    async fn every_asset_is_served_for_ever_with_its_type() {
        for asset in ALL {
            let answer = get(&format!("/{}", asset.path())).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header("content-type"), asset.content_type);
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
            assert_eq!(answer.body.as_ref(), asset.bytes);
        }
    }

    #[tokio::test]
    async fn wrong_hash_or_name_is_not_found_and_not_kept() {
        let hash = SCRIPT.hash().unwrap_or_default();
        let paths = [
            "/graphiql/assets/0000000000000000/graphiql.js".to_owned(),
            format!("/graphiql/assets/{hash}/graphiql.css"),
            format!("/graphiql/assets/{hash}/..%2f..%2fmod.rs"),
        ];
        for path in paths {
            let answer = get(&path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}
