//! Notice and advance, to the instant: exactly at the limit is allowed.

use chrono::{DateTime, Duration, Utc};
use openslot::kernel::time::CalendarSpan;
use serde_json::json;

use super::{booked, refused, wish};
use crate::support::{Practice, ServiceSpec, TestApp, at, monday};

/// Books slot 0 at `now`.
async fn check(spec: ServiceSpec, now: DateTime<Utc>, wanted: Option<&str>) {
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, spec).await;
    app.set_clock(now).await;
    let input = wish(&practice.slot(0), json!({}));
    match wanted {
        Some(code) => drop(refused(&app, &practice.patient, input, code).await),
        None => drop(booked(&app, &practice.patient, input).await),
    }
    app.stop().await;
}

#[tokio::test]
async fn exactly_at_the_minimum_notice_is_in_time() {
    let (start, millisecond) = (monday() + Duration::days(1), Duration::milliseconds(1));
    let spec = |notice| ServiceSpec { notice, ..Default::default() };
    check(spec(CalendarSpan::minutes(90)), start - Duration::minutes(90), None).await;
    check(spec(CalendarSpan::minutes(90)), start - Duration::minutes(90) + millisecond, Some("TOO_SOON")).await;
    check(spec(CalendarSpan::days(1)), start - Duration::days(1), None).await;
}

#[tokio::test]
async fn exactly_at_the_maximum_advance_is_not_too_far() {
    let (start, millisecond) = (monday() + Duration::days(1), Duration::milliseconds(1));
    let spec = |advance| ServiceSpec { advance, ..Default::default() };
    check(spec(CalendarSpan::minutes(90)), start - Duration::minutes(90), None).await;
    check(spec(CalendarSpan::minutes(90)), start - Duration::minutes(90) - millisecond, Some("TOO_FAR_AHEAD")).await;
    check(spec(CalendarSpan::days(1)), start - Duration::days(1), None).await;
}

#[tokio::test]
async fn days_of_notice_are_local_days_across_a_clock_change() {
    // The clock in Berlin jumps in the night to 2027-03-28: the day before a start is 23 hours before it.
    let app = TestApp::start().await;
    let practice = Practice::with(&app.db, ServiceSpec { notice: CalendarSpan::days(1), ..Default::default() }).await;
    let slots = practice.clinic.slots(&practice.schedule, at("2027-03-28T07:00:00Z"), 2).await;
    let id = |n: usize| practice.clinic.global(slots[n]);
    app.set_clock(at("2027-03-27T08:00:01Z")).await;
    refused(&app, &practice.patient, wish(&id(0), json!({})), "TOO_SOON").await;
    booked(&app, &practice.patient, wish(&id(1), json!({}))).await;
    app.set_clock(at("2027-03-27T08:00:00Z")).await;
    booked(&app, &practice.other, wish(&id(0), json!({}))).await;
    app.stop().await;
}

#[tokio::test]
async fn start_itself_is_the_last_instant_to_book() {
    let start = monday() + Duration::days(1);
    check(ServiceSpec::default(), start, None).await;
    check(ServiceSpec::default(), start + Duration::milliseconds(1), Some("SLOT_IN_PAST")).await;
}
