//! Settings of the organization.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, User};

const CHANGE: &str = "mutation($input: ChangeOrganizationInput!) { changeOrganization(input: $input) {
    organization { displayName timeZone languages version bookingPolicy {
      guestBooking holdTtl holdMaximum holdsPerPrincipal offerTtl
      cancellation { deadline afterDeadline rescheduleLimit } } }
    userErrors { code field } } }";

async fn change(app: &TestApp, by: &User, input: Value) -> Answer {
    app.client.by(by, CHANGE, json!({ "input": input })).await
}

#[tokio::test]
async fn what_is_given_is_changed_and_the_rest_stays() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let input = json!({ "expectedVersion": 1, "displayName": "New name", "timeZone": "Europe/Lisbon", "languages": ["pt", "en"],
        "bookingPolicy": { "holdTtl": "PT10M",
          "cancellation": { "deadline": "P2D", "afterDeadline": "REFUSE" } }, "clientMutationId": "one" });
    let answer = change(&app, &practice.admin, input.clone()).await.ok();
    let policy = json!({ "guestBooking": "REFUSED", "holdTtl": "PT10M", "holdMaximum": "PT15M", "holdsPerPrincipal": 3,
        "offerTtl": "PT30M", "cancellation": { "deadline": "P2D", "afterDeadline": "REFUSE", "rescheduleLimit": 3 } });
    let wanted = json!({ "displayName": "New name", "timeZone": "Europe/Lisbon", "languages": ["pt", "en"], "version": 2,
        "bookingPolicy": policy });
    assert_eq!(answer.at("/changeOrganization/organization"), &wanted);
    let again = change(&app, &practice.admin, input).await.ok();
    assert_eq!(again.at("/changeOrganization/organization/version"), &json!(2), "the same request is done once");
    let more = json!({ "expectedVersion": 2, "bookingPolicy": { "offerTtl": "PT1H" } });
    let answer = change(&app, &practice.admin, more).await.ok();
    let organization = answer.at("/changeOrganization/organization");
    assert_eq!(
        (&organization["displayName"], &organization["bookingPolicy"]["holdTtl"]),
        (&json!("New name"), &json!("PT10M"))
    );
    let stale = change(&app, &practice.admin, json!({ "expectedVersion": 2 })).await.ok();
    assert_eq!(stale.refusals("changeOrganization"), ["STALE_VERSION"]);
    assert_eq!(stale.at("/changeOrganization/organization/version"), &json!(3), "the payload has the current state");
    let recorded: Vec<String> =
        app.db.one("SELECT changed_fields FROM audit_events WHERE operation = 'changeOrganization' LIMIT 1", &[]).await;
    assert_eq!(recorded, ["displayName", "timeZone", "languages", "bookingPolicy"]);
    app.stop().await;
}

#[tokio::test]
async fn settings_that_break_a_rule_are_named_and_change_nothing() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let before = app.db.state().await;
    for (what, field) in [
        (json!({ "displayName": "" }), "input.displayName"),
        (json!({ "displayName": "x".repeat(121) }), "input.displayName"),
        (json!({ "languages": [] }), "input.languages"),
        (json!({ "bookingPolicy": { "holdTtl": "PT59S" } }), "input.bookingPolicy.holdTtl"),
        (json!({ "bookingPolicy": { "holdTtl": "PT20M" } }), "input.bookingPolicy.holdMaximum"),
        (json!({ "bookingPolicy": { "holdMaximum": "PT3H" } }), "input.bookingPolicy.holdMaximum"),
        (json!({ "bookingPolicy": { "holdsPerPrincipal": 0 } }), "input.bookingPolicy.holdsPerPrincipal"),
        (json!({ "bookingPolicy": { "holdsPerPrincipal": 70_000 } }), "input.bookingPolicy.holdsPerPrincipal"),
        (json!({ "bookingPolicy": { "offerTtl": "P2D" } }), "input.bookingPolicy.offerTtl"),
        (
            json!({ "bookingPolicy": { "cancellation": { "deadline": "P31D", "afterDeadline": "ALLOW" } } }),
            "input.bookingPolicy.cancellation.deadline",
        ),
    ] {
        let mut input = what;
        input["expectedVersion"] = json!(1);
        let answer = change(&app, &practice.admin, input).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{field}");
        let path = answer.body.pointer("/errors/0/extensions/field").expect("a field");
        let path: Vec<&str> = path.as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        assert_eq!(path.join("."), field, "{}", answer.body);
    }
    for by in [&practice.staff, &practice.patient] {
        let input = json!({ "expectedVersion": 1, "organizationSlug": practice.clinic.slug });
        assert_eq!(change(&app, by, input).await.codes(), ["FORBIDDEN"]);
    }
    assert_eq!(app.db.state().await, before, "nothing was changed");
    app.stop().await;
}
