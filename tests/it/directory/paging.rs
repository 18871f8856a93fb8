//! Pages by keyset: everything once, in order, also where names are the same.

use serde_json::{Value, json};

use super::{PROVIDERS, field, slots, texts};
use crate::support::TestApp;

#[tokio::test]
async fn every_provider_is_on_exactly_one_page() {
    let app = TestApp::start().await;
    let clinic = app.clinic().await;
    let mut wanted = Vec::new();
    for family in ["Abel", "Same", "Same", "Same", "Same", "Zeta"] {
        wanted.push((family, clinic.global(clinic.provider("Given", family).await)));
    }
    for size in [1, 2, 3, 5, 6, 7] {
        let (mut found, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "slug": clinic.slug, "first": size, "after": after });
            let page = app.client.guest(PROVIDERS, variables).await.ok();
            let info = page.at("/providers/pageInfo");
            assert_eq!(info["hasPreviousPage"], json!(!after.is_null()));
            found.extend(texts(page.at("/providers/nodes"), "id"));
            if info["hasNextPage"] == json!(false) {
                break;
            }
            after = info["endCursor"].clone();
        }
        assert_eq!(found, wanted.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>(), "pages of {size}");
    }
    app.stop().await;
}

#[tokio::test]
async fn cursor_is_good_for_its_edge_and_for_its_list_only() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    practice.clinic.provider("Grace", "Okoro").await;
    let query = "query($slug: String, $after: Cursor) { providers(organizationSlug: $slug, after: $after) {
        edges { cursor node { familyName slots(first: 1) { edges { cursor } streamCursor } } } streamCursor } }";
    let slug = &practice.clinic.slug;
    let list = app.client.guest(query, json!({ "slug": slug })).await.ok();
    let first = list.at("/providers/edges/0/cursor").clone();
    let rest = app.client.guest(query, json!({ "slug": slug, "after": first })).await.ok();
    assert_eq!(rest.at("/providers/edges/0/node/familyName"), "Okoro");
    let (of_slots, stream) =
        (list.at("/providers/edges/0/node/slots/edges/0/cursor"), list.at("/providers/streamCursor"));
    for foreign in [of_slots, stream, &json!("nonsense"), &json!("W10"), &json!("bnVsbA")] {
        let answer = app.client.guest(query, json!({ "slug": slug, "after": foreign })).await;
        assert_eq!(field(&answer), json!(["after"]), "{foreign}");
    }
    for foreign in [&first, stream] {
        let answer = slots(&app, &practice, json!({ "after": foreign })).await;
        assert_eq!(field(&answer), json!(["after"]), "{foreign}");
    }
    app.stop().await;
}

#[tokio::test]
async fn page_size_is_from_1_to_100_and_20_without() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    practice.clinic.slots(&practice.schedule, practice.start(16), 10).await;
    for first in [0, -1, 101, i32::MAX] {
        let answer = app.client.guest(PROVIDERS, json!({ "slug": practice.clinic.slug, "first": first })).await;
        assert_eq!(field(&answer), json!(["first"]), "{first}");
        assert_eq!(field(&slots(&app, &practice, json!({ "first": first })).await), json!(["first"]), "{first}");
    }
    let page = slots(&app, &practice, json!({})).await.ok();
    assert_eq!(page.at("/provider/slots/nodes").as_array().map(Vec::len), Some(20));
    assert_eq!(page.at("/provider/slots/pageInfo/hasNextPage"), &json!(true));
    let page = slots(&app, &practice, json!({ "first": 100 })).await.ok();
    assert_eq!(page.at("/provider/slots/nodes").as_array().map(Vec::len), Some(26));
    app.stop().await;
}
