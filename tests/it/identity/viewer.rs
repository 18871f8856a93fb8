//! The viewer, for every role.

use openslot::kernel::actor::Scope;
use openslot::kernel::ids::{RowId, UserId};
use serde_json::{Value, json};

use super::VIEWER;
use crate::support::{Practice, TestApp, User};

async fn seen(app: &TestApp, practice: &Practice, user: Option<&User>) -> Value {
    let variables = json!({ "slug": practice.clinic.slug });
    let answer = match user {
        Some(user) => app.client.by(user, VIEWER, variables).await,
        None => app.client.guest(VIEWER, variables).await,
    };
    let mut viewer = answer.ok().at("/viewer").clone();
    assert_eq!(viewer["organization"]["slug"], json!(practice.clinic.slug));
    assert_eq!(viewer["sessionExpiresAt"].is_null(), user.is_none_or(|user| user.key.is_some()));
    let fields = viewer.as_object_mut().expect("an object");
    fields.remove("organization");
    fields.remove("sessionExpiresAt");
    fields.remove("id").filter(Value::is_string).expect("an id");
    viewer
}

#[tokio::test]
async fn viewer_is_what_the_database_says() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let clinic = &practice.clinic;
    let provider = clinic.signed_in(practice.provider).await;
    let integrator = clinic.integrator(&Scope::ALL).await;
    let stranger = app.practice().await.staff;
    let viewer =
        |role: &str, patient: Value, provider: Value| json!({ "role": role, "patient": patient, "provider": provider });
    let patient = json!({ "id": clinic.global(practice.patient.patient.expect("a patient")), "version": 1 });
    for (user, wanted) in [
        (None, viewer("GUEST", Value::Null, Value::Null)),
        (Some(&practice.patient), viewer("PATIENT", patient, Value::Null)),
        (Some(&practice.staff), viewer("STAFF", Value::Null, Value::Null)),
        (Some(&practice.admin), viewer("ADMIN", Value::Null, Value::Null)),
        (Some(&provider), viewer("PROVIDER", Value::Null, json!({ "id": clinic.global(practice.provider) }))),
        (Some(&integrator), viewer("INTEGRATOR", Value::Null, Value::Null)),
        (Some(&stranger), viewer("GUEST", Value::Null, Value::Null)),
    ] {
        assert_eq!(seen(&app, &practice, user).await, wanted);
    }
    app.stop().await;
}

#[tokio::test]
async fn organization_comes_from_the_token_or_the_default() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let answer = app.client.by(&practice.staff, VIEWER, json!({})).await.ok();
    assert_eq!(answer.text("/viewer/organization/slug"), practice.clinic.slug);
    assert_eq!(app.client.guest(VIEWER, json!({})).await.codes(), ["BAD_USER_INPUT"]);
    app.stop().await;
    let app = TestApp::with(&[("DEFAULT_ORGANIZATION", "demo")]).await;
    assert_eq!(app.client.guest(VIEWER, json!({})).await.codes(), ["NOT_FOUND"]);
    let practice = app.practice().await;
    app.db.run(&format!("UPDATE organizations SET slug = 'other' WHERE id = '{}'", practice.clinic.id)).await;
    app.stop().await;
}

#[tokio::test]
async fn id_of_the_viewer_finds_the_viewer_and_nobody_else() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let id = app.client.by(&practice.staff, VIEWER, json!({})).await.ok().text("/viewer/id");
    let node = "query($id: ID!) { node(id: $id) { id ... on Viewer { role } } }";
    let mine = app.client.by(&practice.staff, node, json!({ "id": id })).await.ok();
    assert_eq!(mine.at("/node"), &json!({ "id": id, "role": "STAFF" }));
    for answer in [
        app.client.by(&practice.admin, node, json!({ "id": id })).await,
        app.client.guest(node, json!({ "id": id })).await,
    ] {
        assert_eq!(answer.ok().at("/node"), &Value::Null);
    }
    let nobody = practice.clinic.global(UserId::from_uuid(uuid::Uuid::nil()));
    assert_eq!(app.client.by(&practice.staff, node, json!({ "id": nobody })).await.ok().at("/node"), &Value::Null);
    let guest = app.client.guest(node, json!({ "id": nobody })).await.ok();
    assert_eq!(guest.at("/node"), &json!({ "id": nobody, "role": "GUEST" }));
    app.stop().await;
}
