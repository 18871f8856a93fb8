//! Windows of slots: half-open, from now on, 400 days at most.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{field, numbers, slots};
use crate::support::{Practice, TestApp, monday};

fn window(practice: &Practice, from: i32, until: Option<i32>) -> Value {
    json!({ "window": { "instants": { "startsAt": practice.start(from), "endsAt": until.map(|n| practice.start(n)) } } })
}

#[tokio::test]
async fn start_is_in_it_and_end_is_not() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for (from, until, wanted) in [
        (2, Some(4), vec![2, 3]),
        (2, Some(3), vec![2]),
        (14, None, vec![14, 15]),
        (16, Some(17), vec![]),
        (-200, Some(-100), vec![]),
        (-200, Some(1), vec![0]),
    ] {
        let page = slots(&app, &practice, window(&practice, from, until)).await.ok();
        assert_eq!(numbers(&practice, &page), wanted, "{from} {until:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn offsets_are_converted_and_times_without_one_refused() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let with = |start: &str, end: &str| json!({ "window": { "instants": { "startsAt": start, "endsAt": end } } });
    let page = slots(&app, &practice, with("2027-03-02T10:00:00+01:00", "2027-03-02T05:00:00-05:00")).await.ok();
    assert_eq!(numbers(&practice, &page), [2, 3]);
    for start in ["2027-03-02T10:00:00", "2027-03-02", "soon", ""] {
        let answer = slots(&app, &practice, with(start, "2027-03-03T00:00:00Z")).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{start}");
    }
    app.stop().await;
}

#[tokio::test]
async fn fortnight_without_a_window() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let later =
        practice.clinic.slots(&practice.schedule, monday() + TimeDelta::days(14) - TimeDelta::minutes(30), 2).await;
    let page = slots(&app, &practice, json!({ "first": 100 })).await.ok();
    let ids = super::texts(page.at("/provider/slots/nodes"), "id");
    assert_eq!(ids.last(), Some(&practice.clinic.global(later[0])));
    assert_eq!(ids.len(), 17);
    app.stop().await;
}

#[tokio::test]
async fn window_is_at_most_400_days_and_ends_after_it_starts() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let spans = |days: i64, more: i64| {
        let end = practice.start(0) + TimeDelta::days(days) + TimeDelta::milliseconds(more);
        json!({ "window": { "instants": { "startsAt": practice.start(0), "endsAt": end } } })
    };
    assert_eq!(numbers(&practice, &slots(&app, &practice, spans(400, 0)).await.ok()).len(), 16);
    for bad in [spans(400, 1), spans(0, 0), spans(-1, 0), spans(100_000, 0)] {
        assert_eq!(field(&slots(&app, &practice, bad).await), json!(["window", "instants", "endsAt"]));
    }
    for bad in [json!({}), json!({ "instants": null })] {
        assert_eq!(slots(&app, &practice, json!({ "window": bad })).await.codes(), ["BAD_USER_INPUT"]);
    }
    app.stop().await;
}
