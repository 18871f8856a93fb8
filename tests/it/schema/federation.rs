//! A router of Apollo Federation finds the subgraph's SDL, and things by their keys: with the rights of who asks, and only
//! where it is switched on.

use openslot::app::schema::Form;
use openslot::kernel::actor::Scope;
use openslot::kernel::ids::{LocationId, RowId};
use serde_json::{Value, json};

use super::response::lose_location;
use crate::bookings::{booked, wish};
use crate::support::database::API;
use crate::support::proxy::StatementProxy;
use crate::support::{Answer, Practice, TestApp, TestDb, User};

const ON: (&str, &str) = ("GRAPHQL_FEDERATION", "true");

const ENTITIES: &str = "query Entities($representations: [_Any!]!) { _entities(representations: $representations) {
    __typename ... on Node { id } ... on Booking { status } ... on Location { timeZone } ... on Provider { familyName }
    ... on Service { durationMinutes } ... on Slot { localStart location { id } } } }";

async fn entities(app: &TestApp, by: &User, representations: &[Value]) -> Answer {
    app.client.by(by, ENTITIES, json!({ "representations": representations })).await
}

fn named(kind: &str, id: &str) -> Value {
    json!({ "__typename": kind, "id": id, "displayName": "of another subgraph" })
}

/// One thing of each kind; the booking is the patient's.
async fn things(app: &TestApp, practice: &Practice) -> [(&'static str, String); 5] {
    let booking = booked(app, &practice.patient, wish(&practice.slot(0), json!({}))).await;
    let clinic = &practice.clinic;
    [
        ("Booking", booking.text("/bookSlot/booking/id")),
        ("Location", clinic.global(practice.location)),
        ("Provider", clinic.global(practice.provider)),
        ("Service", clinic.global(practice.service)),
        ("Slot", practice.slot(1)),
    ]
}

#[tokio::test]
async fn entity_of_each_kind_is_found_by_those_who_may_know_it() {
    let app = TestApp::with(&[ON]).await;
    let practice = app.practice().await;
    let things = things(&app, &practice).await;
    let asked: Vec<Value> = things.iter().map(|(kind, id)| named(kind, id)).collect();
    let found = entities(&app, &practice.patient, &asked).await.ok();
    let location = practice.clinic.global(practice.location);
    let wanted = [
        json!({ "status": "BOOKED" }),
        json!({ "timeZone": "Europe/Berlin" }),
        json!({ "familyName": "Lindholm" }),
        json!({ "durationMinutes": 30 }),
        json!({ "localStart": "09:30", "location": { "id": location } }),
    ];
    for (index, ((kind, id), mut wanted)) in things.iter().zip(wanted).enumerate() {
        wanted["__typename"] = json!(kind);
        wanted["id"] = json!(id);
        assert_eq!(found.at(&format!("/_entities/{index}")), &wanted);
    }
    // Another patient sees all but the booking; a key that reads bookings alone sees nothing else.
    let hidden = |answer: Answer| -> Vec<bool> {
        let list = answer.ok().at("/_entities").as_array().expect("a list").clone();
        list.iter().map(Value::is_null).collect()
    };
    let other = hidden(entities(&app, &practice.other, &asked).await);
    assert_eq!(other, [true, false, false, false, false]);
    let guest = app.client.guest(ENTITIES, json!({ "representations": asked })).await;
    assert_eq!(hidden(guest), other);
    let key = practice.clinic.integrator(&[Scope::BookingsRead]).await;
    assert_eq!(hidden(entities(&app, &key, &asked).await), [false, true, true, true, true]);
    app.stop().await;
}

#[tokio::test]
async fn unknown_entity_is_null_and_a_malformed_one_takes_no_other_with_it() {
    let app = TestApp::with(&[ON]).await;
    let practice = app.practice().await;
    let location = practice.clinic.global(practice.location);
    let things = things(&app, &practice).await;
    for (kind, known) in &things {
        let id: openslot::kernel::ids::AnyId = known.parse().expect("an id");
        let unknown = known.replace(&known[known.len() - 6..], "AAAAAA");
        let elsewhere = if id.kind() == LocationId::KIND { &things[2].1 } else { &location };
        let asked = [
            named(kind, &unknown),
            named(kind, "nonsense"),
            named(kind, elsewhere),
            named(kind, known),
            json!({ "__typename": kind }),
            json!({ "__typename": kind, "id": 7 }),
            json!({ "__typename": "Patient", "id": known }),
        ];
        let answer = entities(&app, &practice.patient, &asked).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"; 5], "{}", answer.body);
        let errors = answer.body["errors"].as_array().expect("errors");
        for (error, index) in errors.iter().zip([1, 2, 4, 5, 6]) {
            assert_eq!(error["path"], json!(["_entities", index]));
            assert_eq!(error["extensions"]["field"], json!(["representations"]));
        }
        let list = answer.at("/_entities").as_array().expect("a list");
        assert_eq!(
            list.iter().map(|item| item["id"].as_str()).collect::<Vec<_>>(),
            [None, None, None, Some(known.as_str()), None, None, None]
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn entity_that_fails_tells_its_place_and_takes_no_other_with_it() {
    let app = TestApp::with(&[ON]).await;
    let practice = app.practice().await;
    lose_location(&app, &practice).await;
    let provider = practice.clinic.global(practice.provider);
    let asked = [named("Provider", &provider), named("Slot", &practice.slot(0))];
    let answer = entities(&app, &practice.patient, &asked).await;
    assert_eq!(answer.at("/_entities/0/id"), &json!(provider));
    assert_eq!(answer.at("/_entities/1"), &Value::Null);
    let errors = answer.body["errors"].as_array().expect("errors");
    assert!(!errors.is_empty() && answer.codes().iter().all(|code| code == "INTERNAL"), "{}", answer.body);
    for error in errors {
        assert_eq!(error["path"].as_array().expect("a path")[..2], [json!("_entities"), json!(1)]);
    }
    app.stop().await;
}

#[tokio::test]
async fn entities_of_a_kind_are_read_together() {
    let db = TestDb::new().await;
    let (proxy, through) = StatementProxy::before(&db, API).await;
    let app = TestApp::over(db, &[("DATABASE_URL", &through), ("DB_POOL_MAX", "1"), ON]).await;
    let practice = app.practice().await;
    let asked: Vec<Value> = (0..16).map(|n| named("Slot", &practice.slot(n))).collect();
    entities(&app, &practice.patient, &asked).await.ok();
    let mut counts = Vec::new();
    for some in [&asked[..1], &asked] {
        proxy.take();
        entities(&app, &practice.patient, some).await.ok();
        counts.push(proxy.take());
    }
    assert_eq!(counts[0], counts[1]);
    app.stop().await;
}

#[tokio::test]
async fn representations_cost_what_they_are() {
    let app = TestApp::with(&[ON, ("GRAPHQL_MAX_COST", "20")]).await;
    let practice = app.practice().await;
    let query = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Slot { id } } }";
    for (count, codes) in [(20, &[] as &[&str]), (21, &["COST_LIMIT"])] {
        let of = vec![named("Slot", &practice.slot(0)); count];
        assert_eq!(app.client.by(&practice.patient, query, json!({ "of": of })).await.codes(), codes);
    }
    app.stop().await;
}

#[tokio::test]
async fn subgraph_tells_its_sdl_only_where_it_is_switched_on() {
    let app = TestApp::with(&[ON]).await;
    let service = app.client.guest("{ _service { sdl } }", json!({})).await.ok();
    assert!(service.text("/_service/sdl") == Form::Federation.sdl());
    app.stop().await;

    let app = TestApp::start().await;
    for query in ["{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"] {
        let answer = app.client.guest(query, json!({})).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{}", answer.body);
        assert!(answer.body.get("data").is_none(), "{}", answer.body);
    }
    let types = app.client.guest("{ __schema { types { name } queryType { fields { name } } } }", json!({})).await.ok();
    for name in ["_Any", "_Entity", "_Service", "_service", "_entities"] {
        assert!(!types.body.to_string().contains(&format!("\"{name}\"")), "{name}");
    }
    app.stop().await;
}
