//! No refusal code without a test that produces it.

use std::collections::BTreeSet;

use openslot::app::schema::sdl;

use super::{cancel_refusals, guests, refusals};

/// Codes and the tests that produce them; a test that is gone does not compile.
macro_rules! covered {
    ($($code:ident by $($test:ident)::+),+ $(,)?) => {
        [$((stringify!($code), $($test)::+ as fn())),+].map(|(code, _)| code.to_owned()).into_iter().collect()
    };
}

/// Values of an enum of the SDL.
fn values(name: &str) -> BTreeSet<String> {
    let sdl = sdl();
    let (_, body) = sdl.split_once(&format!("enum {name} {{\n")).expect("the enum");
    let (body, _) = body.split_once("\n}").expect("its end");
    let words = body.lines().map(str::trim).filter(|line| line.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_code_of_book_slot_has_a_test() {
    let covered: BTreeSet<String> = covered! {
        SLOT_TAKEN by refusals::slot_that_somebody_has_is_taken,
        SLOT_IN_PAST by refusals::slot_that_has_started_is_in_the_past,
        SLOT_BLOCKED by refusals::hole_in_the_run_blocks_a_longer_visit,
        CAPACITY_FULL by refusals::group_without_a_seat_is_full,
        TOO_SOON by refusals::inside_the_minimum_notice_is_too_soon,
        TOO_FAR_AHEAD by refusals::beyond_the_maximum_advance_is_too_far_ahead,
        RESOURCE_BUSY by refusals::room_in_use_refuses_also_another_provider,
        PATIENT_BUSY by refusals::patient_is_in_one_place_at_a_time,
        SERVICE_NOT_OFFERED by refusals::service_of_another_schedule_is_not_offered,
        CONTACT_NOT_VERIFIED by guests::policy_decides_whether_guests_may_book,
        NOT_ACCEPTING_NEW_PATIENTS by refusals::first_visit_is_refused_where_no_new_patients_are_taken,
    };
    assert_eq!(values("BookSlotErrorCode"), covered);
}

#[test]
fn every_code_of_cancel_booking_has_a_test() {
    let covered: BTreeSet<String> = covered! {
        STALE_VERSION by cancel_refusals::stale_version_is_refused_with_the_present_state,
        WRONG_STATUS by cancel_refusals::booking_that_is_over_cannot_be_cancelled,
        TOO_LATE by cancel_refusals::deadline_binds_the_patient_and_not_the_staff,
    };
    assert_eq!(values("CancelBookingErrorCode"), covered);
}
