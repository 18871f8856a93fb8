//! The filters of `providers`.

use serde_json::{Value, json};

use super::{PROVIDERS, field, texts};
use crate::support::{Clinic, TestApp};

/// A clinic with people to search among.
async fn people(app: &TestApp) -> Clinic {
    let clinic = app.clinic().await;
    for (given, family, specialties) in [
        ("Ada", "Lindholm", vec![("394579002", "Cardiology")]),
        ("Grace", "Okoro", vec![("394579002", "Cardiology"), ("394582007", "Dermatology 100%")]),
        ("Rosa_Lin", "Berg", vec![]),
        ("Max", "100%", vec![]),
    ] {
        let provider = clinic.provider(given, family).await;
        for (code, name) in specialties {
            clinic.specialty(provider, code, name).await;
        }
    }
    clinic
}

async fn found(app: &TestApp, clinic: &Clinic, filter: Value) -> Vec<String> {
    let answer = app.client.guest(PROVIDERS, json!({ "slug": clinic.slug, "filter": filter })).await.ok();
    texts(answer.at("/providers/nodes"), "familyName")
}

#[tokio::test]
async fn providers_are_found_by_name_specialty_code_and_id() {
    let app = TestApp::start().await;
    let clinic = people(&app).await;
    let everybody = ["100%", "Berg", "Lindholm", "Okoro"];
    for (filter, wanted) in [
        (json!({}), &everybody[..]),
        (Value::Null, &everybody[..]),
        (json!({ "search": "lin" }), &["Berg", "Lindholm"]),
        (json!({ "search": "DR. ADA" }), &["Lindholm"]),
        (json!({ "search": "ardiol" }), &["Lindholm", "Okoro"]),
        (json!({ "search": "nobody" }), &[]),
        (json!({ "specialties": ["394582007"] }), &["Okoro"]),
        (json!({ "specialties": ["394582007", "394579002"] }), &["Lindholm", "Okoro"]),
        (json!({ "specialties": [] }), &[]),
        (json!({ "specialties": ["394579002"], "search": "ada" }), &["Lindholm"]),
    ] {
        assert_eq!(found(&app, &clinic, filter.clone()).await, wanted, "{filter}");
    }
    app.stop().await;
}

#[tokio::test]
async fn wildcards_stand_for_themselves() {
    let app = TestApp::start().await;
    let clinic = people(&app).await;
    for (search, wanted) in
        [("0%", &["100%", "Okoro"][..]), ("a_l", &["Berg"]), ("%%", &[]), ("__", &[]), ("\\%", &[]), ("'; --", &[])]
    {
        assert_eq!(found(&app, &clinic, json!({ "search": search })).await, wanted, "{search}");
    }
    app.stop().await;
}

#[tokio::test]
async fn ids_pick_providers_and_those_of_others_pick_nobody() {
    let app = TestApp::start().await;
    let (practice, other) = (app.practice().await, app.practice().await);
    practice.clinic.provider("Grace", "Okoro").await;
    let mine = practice.clinic.global(practice.provider);
    let theirs = other.clinic.global(other.provider);
    let ids = json!({ "providerIds": [mine, theirs] });
    assert_eq!(found(&app, &practice.clinic, ids).await, ["Lindholm"]);
    assert_eq!(found(&app, &practice.clinic, json!({ "providerIds": [theirs] })).await, Vec::<String>::new());
    app.stop().await;
}

#[tokio::test]
async fn filters_have_limits_that_are_named() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let id = practice.clinic.global(practice.provider);
    for (filter, wanted) in [
        (json!({ "search": "a" }), "search"),
        (json!({ "search": "a".repeat(101) }), "search"),
        (json!({ "specialties": vec!["x"; 21] }), "specialties"),
        (json!({ "providerIds": vec![id.clone(); 101] }), "providerIds"),
        (json!({ "providerIds": ["nonsense"] }), "providerIds"),
        (json!({ "providerIds": [practice.clinic.global(practice.location)] }), "providerIds"),
    ] {
        let answer = app.client.guest(PROVIDERS, json!({ "slug": practice.clinic.slug, "filter": filter })).await;
        assert_eq!(field(&answer), json!(["filter", wanted]), "{filter}");
        assert_eq!(answer.at("/providers"), &Value::Null);
    }
    app.stop().await;
}

#[tokio::test]
async fn retired_provider_is_found_by_id_only() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    app.db.run("UPDATE providers SET retired_at = now()").await;
    let id = practice.clinic.global(practice.provider);
    assert_eq!(found(&app, &practice.clinic, json!({})).await, Vec::<String>::new());
    assert_eq!(found(&app, &practice.clinic, json!({ "providerIds": [id] })).await, Vec::<String>::new());
    let query = "query($id: ID!) { provider(id: $id) { status familyName } node(id: $id) { id } }";
    let answer = app.client.guest(query, json!({ "id": id })).await.ok();
    assert_eq!(answer.text("/provider/status"), "RETIRED");
    assert_eq!(answer.text("/node/id"), id);
    app.stop().await;
}

#[tokio::test]
async fn organization_is_named_by_slug_token_or_default() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let query = "query($slug: String) { organization(slug: $slug) { slug displayName timeZone languages version } }";
    let slug = &practice.clinic.slug;
    let by_slug = app.client.guest(query, json!({ "slug": slug })).await.ok();
    assert_eq!(
        by_slug.at("/organization"),
        &json!({ "slug": slug, "displayName": "Test Clinic", "timeZone": "Europe/Berlin", "languages": ["en"], "version": 1 })
    );
    let by_token = app.client.by(&practice.patient, query, json!({})).await.ok();
    assert_eq!(by_token.text("/organization/slug"), *slug);
    for unknown in ["nobody", "", "Ünknown", &"x".repeat(200)] {
        let answer = app.client.guest(query, json!({ "slug": unknown })).await;
        assert_eq!(answer.codes(), ["NOT_FOUND"], "{unknown:?}");
    }
    assert_eq!(field(&app.client.guest(query, json!({})).await), json!(["organizationSlug"]));
    app.db.run("UPDATE organizations SET suspended_at = now()").await;
    app.stop().await;
}
