//! Local times: of the location's zone, across clock changes.

use serde_json::{Value, json};

use crate::support::{TestApp, at};

const QUERY: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Slot {
    startsAt timeZone localDate localStart localEnd utcOffsetMinutes } } }";

/// Slots of a location from an instant on, as `date start-end offset`.
async fn shown(app: &TestApp, zone: &str, start: &str, count: i32) -> Vec<String> {
    let practice = app.practice().await;
    let location = practice.clinic.location(zone).await;
    let schedule = practice.clinic.schedule(practice.provider, location, 30, 1, &[practice.service]).await;
    let slots = practice.clinic.slots(&schedule, at(start), count).await;
    let ids: Vec<String> = slots.into_iter().map(|slot| practice.clinic.global(slot)).collect();
    let answer = app.client.guest(QUERY, json!({ "ids": ids })).await.ok();
    let text = |slot: &Value, name: &str| slot[name].as_str().expect("a text").to_owned();
    let nodes = answer.at("/nodes").as_array().expect("a list").clone();
    let line = |slot: &Value| {
        assert_eq!(text(slot, "timeZone"), zone);
        let (date, start, end) = (text(slot, "localDate"), text(slot, "localStart"), text(slot, "localEnd"));
        format!("{date} {start}-{end} {}", slot["utcOffsetMinutes"])
    };
    nodes.iter().map(line).collect()
}

#[tokio::test]
async fn clock_that_jumps_ahead_skips_an_hour_in_berlin() {
    let app = TestApp::start().await;
    let found = shown(&app, "Europe/Berlin", "2027-03-28T00:00:00Z", 4).await;
    assert_eq!(
        found,
        [
            "2027-03-28 01:00-01:30 60",
            "2027-03-28 01:30-03:00 60",
            "2027-03-28 03:00-03:30 120",
            "2027-03-28 03:30-04:00 120"
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn clock_that_falls_back_shows_an_hour_twice_and_the_offset_tells() {
    let app = TestApp::start().await;
    let found = shown(&app, "Europe/Berlin", "2027-10-31T00:00:00Z", 4).await;
    assert_eq!(
        found,
        [
            "2027-10-31 02:00-02:30 120",
            "2027-10-31 02:30-02:00 120",
            "2027-10-31 02:00-02:30 60",
            "2027-10-31 02:30-03:00 60"
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn each_location_has_its_own_zone() {
    let app = TestApp::start().await;
    for (zone, wanted) in [
        ("America/New_York", "2027-03-14 03:00-03:30 -240"),
        ("Asia/Kathmandu", "2027-03-14 12:45-13:15 345"),
        ("Australia/Lord_Howe", "2027-03-14 18:00-18:30 660"),
        ("Pacific/Kiritimati", "2027-03-14 21:00-21:30 840"),
        ("UTC", "2027-03-14 07:00-07:30 0"),
    ] {
        assert_eq!(shown(&app, zone, "2027-03-14T07:00:00Z", 1).await, [wanted]);
    }
    assert_eq!(shown(&app, "America/New_York", "2027-03-14T06:30:00Z", 1).await, ["2027-03-14 01:30-03:00 -300"]);
    // A cell that ends at midnight ends at 00:00 of the day that follows.
    assert_eq!(shown(&app, "Europe/Berlin", "2027-03-14T22:30:00Z", 1).await, ["2027-03-14 23:30-00:00 60"]);
    app.stop().await;
}
