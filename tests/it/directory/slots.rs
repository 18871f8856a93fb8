//! Which slots a list shows.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{numbers, slots, texts};
use crate::support::{Practice, TestApp};

#[tokio::test]
async fn every_slot_is_on_exactly_one_page() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for size in [1, 5, 15, 16, 17] {
        let (mut found, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = slots(&app, &practice, json!({ "first": size, "after": after })).await.ok();
            found.extend(numbers(&practice, &page));
            if page.at("/provider/slots/pageInfo/hasNextPage") == &json!(false) {
                break;
            }
            after = page.at("/provider/slots/pageInfo/endCursor").clone();
        }
        assert_eq!(found, (0..16).collect::<Vec<_>>(), "pages of {size}");
    }
    app.stop().await;
}

#[tokio::test]
async fn cells_of_two_schedules_with_one_start_do_not_get_lost_between_pages() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let second = practice.clinic.location("America/New_York").await;
    let schedule = practice.clinic.schedule(practice.provider, second, 30, 1, &[practice.service]).await;
    practice.clinic.slots(&schedule, practice.start(0), 16).await;
    let (mut found, mut after) = (Vec::new(), Value::Null);
    for _ in 0..32 {
        let page = slots(&app, &practice, json!({ "first": 1, "after": after })).await.ok();
        found.extend(texts(page.at("/provider/slots/nodes"), "id"));
        after = page.at("/provider/slots/pageInfo/endCursor").clone();
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 32);
    app.stop().await;
}

#[tokio::test]
async fn started_slots_are_hidden() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for (now, wanted) in [
        (practice.start(14), vec![14, 15]),
        (practice.start(14) + TimeDelta::milliseconds(1), vec![15]),
        (practice.start(16), vec![]),
    ] {
        app.set_clock(now).await;
        assert_eq!(numbers(&practice, &slots(&app, &practice, json!({})).await.ok()), wanted);
        let window = json!({ "instants": { "startsAt": practice.start(0), "endsAt": practice.start(16) } });
        assert_eq!(numbers(&practice, &slots(&app, &practice, json!({ "window": window })).await.ok()), wanted);
    }
    app.stop().await;
}

/// Puts a hold on the first two slots: one lapsed a second ago, one lapses in a second.
async fn hold(app: &TestApp, practice: &Practice) {
    for (n, seconds) in [(0, -1), (1, 1)] {
        app.db
            .run(&format!(
                "UPDATE slots SET status = 'BUSY_TENTATIVE', held_until = present() + interval '{seconds} seconds'
                 WHERE id = '{}'",
                practice.slots[n]
            ))
            .await;
    }
}

#[tokio::test]
async fn lapsed_hold_is_free_whether_or_not_anybody_swept_it() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    hold(&app, &practice).await;
    let found = numbers(&practice, &slots(&app, &practice, json!({})).await.ok());
    assert_eq!(found, (0..16).filter(|n| *n != 1).collect::<Vec<_>>());
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Slot { status remainingCapacity } } }";
    let ids = [0, 1].map(|n| practice.slot(n));
    let seen = app.client.guest(query, json!({ "ids": ids })).await.ok();
    assert_eq!(seen.at("/nodes/0"), &json!({ "status": "FREE", "remainingCapacity": 1 }));
    assert_eq!(seen.at("/nodes/1"), &json!({ "status": "BUSY_TENTATIVE", "remainingCapacity": 0 }));
    app.stop().await;
}

#[tokio::test]
async fn filters_by_location_and_provider_are_combined() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let elsewhere = practice.clinic.global(practice.clinic.location("Europe/Berlin").await);
    let here = practice.clinic.global(practice.location);
    let (me, somebody) = (
        practice.clinic.global(practice.provider),
        practice.clinic.global(practice.clinic.provider("Grace", "Okoro").await),
    );
    for (filter, wanted) in [
        (json!({ "locationIds": [here] }), 16),
        (json!({ "locationIds": [here, elsewhere] }), 16),
        (json!({ "locationIds": [elsewhere] }), 0),
        (json!({ "locationIds": [] }), 0),
        (json!({ "providerIds": [me] }), 16),
        (json!({ "providerIds": [somebody] }), 0),
        (json!({ "providerIds": [somebody, me], "locationIds": [here] }), 16),
        (json!({ "providerIds": [me], "locationIds": [elsewhere] }), 0),
    ] {
        let page = slots(&app, &practice, json!({ "filter": filter })).await.ok();
        assert_eq!(numbers(&practice, &page).len(), wanted, "{filter}");
    }
    for name in ["locationIds", "providerIds"] {
        for bad in [json!(["x"]), json!([practice.slot(0)]), json!(vec![practice.slot(0); 201])] {
            let answer = slots(&app, &practice, json!({ "filter": { name: bad } })).await;
            assert_eq!(super::field(&answer), json!(["filter", name]));
        }
    }
    app.stop().await;
}
