//! Rights come from the database, not from the token, and are never older than 5 seconds.

use openslot::kernel::ids::RowId;
use serde_json::json;

use super::VIEWER;
use crate::support::{Live, TestApp};

#[tokio::test]
async fn ended_membership_is_gone_at_once_where_nothing_was_cached() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let role = async |client: &crate::support::Client| {
        client.by(&practice.staff, VIEWER, json!({ "slug": practice.clinic.slug })).await.ok().text("/viewer/role")
    };
    assert_eq!(role(&live.a).await, "STAFF");
    live.db.run("UPDATE members SET removed_at = now() WHERE role = 'STAFF'").await;
    // The first replica may believe it for 5 seconds more; the second one never knew.
    assert_eq!(role(&live.b).await, "GUEST");
    live.stop().await;
}

#[tokio::test]
async fn strongest_role_counts() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let user = &practice.patient;
    app.db
        .run(&format!(
            "INSERT INTO members (id, organization_id, user_id, email, display_name, role)
               SELECT gen_random_uuid(), organization_id, user_id, 'a@b', 'A', 'STAFF' FROM patients WHERE id = '{}'",
            user.patient.expect("a patient").uuid()
        ))
        .await;
    let answer = app.client.by(user, VIEWER, json!({ "slug": practice.clinic.slug })).await.ok();
    assert_eq!(answer.text("/viewer/role"), "STAFF");
    assert_eq!(answer.text("/viewer/patient/id"), practice.clinic.global(user.patient.expect("a patient")));
    app.stop().await;
}
