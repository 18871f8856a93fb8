//! What the demo offers, and which specialty offers it.

use super::DemoService;

/// What most services share; only what differs is written out below.
const ORDINARY: DemoService = DemoService {
    key: "",
    display_name: "",
    summary: "",
    modality: "IN_PERSON",
    duration_minutes: 30,
    new_patient_minutes: None,
    buffer_before_minutes: 0,
    buffer_after_minutes: 0,
    capacity: 1,
    minimum_notice_hours: 0,
    maximum_advance_days: 365,
    needs_approval: false,
};

pub(super) const SERVICES: [DemoService; 12] = [
    DemoService {
        key: "check-up",
        display_name: "Check-up",
        summary: "A general examination. First visits take longer.",
        new_patient_minutes: Some(45),
        ..ORDINARY
    },
    DemoService {
        key: "first-consultation",
        display_name: "Initial consultation",
        summary: "An hour to get to know each other and to plan what comes next.",
        duration_minutes: 60,
        ..ORDINARY
    },
    DemoService {
        key: "follow-up",
        display_name: "Follow-up",
        summary: "A short visit after treatment or to discuss results.",
        duration_minutes: 15,
        ..ORDINARY
    },
    DemoService {
        key: "vaccination",
        display_name: "Vaccination",
        summary: "Bring your vaccination record.",
        duration_minutes: 15,
        ..ORDINARY
    },
    DemoService {
        key: "video-consultation",
        display_name: "Video consultation",
        summary: "Join from anywhere with a camera and a microphone.",
        modality: "VIDEO",
        duration_minutes: 20,
        ..ORDINARY
    },
    DemoService {
        key: "phone-advice",
        display_name: "Advice by phone",
        summary: "We call you at the booked time.",
        modality: "PHONE",
        duration_minutes: 15,
        ..ORDINARY
    },
    DemoService {
        key: "skin-check",
        display_name: "Skin check",
        summary: "Examination of moles and other changes of the skin.",
        duration_minutes: 20,
        ..ORDINARY
    },
    DemoService {
        key: "minor-procedure",
        display_name: "Minor procedure",
        summary: "Outpatient treatment; the room is prepared before and cleaned after.",
        duration_minutes: 45,
        buffer_before_minutes: 15,
        buffer_after_minutes: 15,
        ..ORDINARY
    },
    DemoService {
        key: "specialist-assessment",
        display_name: "Specialist assessment",
        summary: "We look at your referral before we confirm the visit.",
        duration_minutes: 45,
        needs_approval: true,
        maximum_advance_days: 180,
        ..ORDINARY
    },
    DemoService {
        key: "stress-test",
        display_name: "Stress test",
        summary: "Needs preparation at home, so book a day ahead.",
        duration_minutes: 60,
        minimum_notice_hours: 24,
        ..ORDINARY
    },
    DemoService {
        key: "physiotherapy",
        display_name: "Physiotherapy session",
        summary: "One-to-one exercises and manual therapy.",
        ..ORDINARY
    },
    DemoService {
        key: "back-class",
        display_name: "Back health class",
        summary: "Exercises in a group of up to six.",
        duration_minutes: 60,
        capacity: 6,
        maximum_advance_days: 90,
        ..ORDINARY
    },
];

/// The group service, which has schedules of its own.
pub(super) const CLASS: &str = "back-class";
/// What is offered without meeting in person.
pub(super) const REMOTE: [&str; 2] = ["phone-advice", "video-consultation"];

/// What a specialty offers in person or at its desk, and the minutes of its grid. `specialty` is the place in
/// [`super::people::SPECIALTIES`].
pub(super) fn offered_by(specialty: usize) -> (i16, &'static [&'static str]) {
    match specialty {
        0 => (15, &["check-up", "first-consultation", "follow-up", "vaccination", "phone-advice"]),
        1 => (15, &["check-up", "first-consultation", "follow-up", "phone-advice"]),
        2 => (15, &["check-up", "follow-up", "vaccination"]),
        3 => (20, &["skin-check", "first-consultation", "video-consultation"]),
        4 => (15, &["first-consultation", "follow-up", "stress-test"]),
        5 => (15, &["first-consultation", "follow-up", "minor-procedure"]),
        6 => (30, &["check-up", "first-consultation"]),
        7 => (45, &["specialist-assessment"]),
        8 => (15, &["specialist-assessment", "first-consultation", "follow-up"]),
        _ => (30, &["physiotherapy"]),
    }
}
