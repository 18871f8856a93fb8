//! Closed word lists are the same in the database and in the schema that clients see.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

use crate::support::TestDb;

type Words = BTreeSet<String>;

/// What the words of a constraint are.
enum Meaning {
    /// Those of an enum.
    Enum(&'static str),
    /// Those of an enum, with some that clients never see or do not see yet.
    EnumAnd(&'static str, &'static [&'static str]),
    /// Those of an enum but some.
    EnumWithout(&'static str, &'static [&'static str]),
    /// Those of an enum that the schema does not have yet.
    Later(&'static str),
    /// Nothing that clients see.
    Internal,
}
use Meaning::{Enum, EnumAnd, EnumWithout, Internal, Later};

const LISTS: &[(&str, Meaning)] = &[
    ("api_keys_scopes_known", Enum("Scope")),
    ("audit_events_action_known", Later("AuditAction")),
    ("audit_events_actor_role_known", Enum("Role")),
    ("audit_events_purpose_of_use_known", Later("PurposeOfUse")),
    ("availability_exceptions_kind_known", Later("ExceptionKind")),
    ("bookings_attention_known", Later("BookingAttention")),
    ("bookings_booked_by_role_known", Enum("Role")),
    ("bookings_cancel_reason_known", Enum("CancellationReason")),
    ("bookings_late_cancellation_known", Enum("LateCancellation")),
    ("bookings_modality_known", Enum("Modality")),
    ("bookings_override_rules_known", Later("OverridableRule")),
    ("bookings_slot_unless_waitlist", Internal),
    ("bookings_status_known", Enum("BookingStatus")),
    (
        "changes_cause_known",
        EnumAnd(
            "SlotChangeCause",
            &[
                "HELD",
                "HOLD_RELEASED",
                "HOLD_EXPIRED",
                "BOOKING_MOVED",
                "NOTICE_PASSED",
                "ADVANCE_REACHED",
                "LIMIT_CHANGED",
                "STARTED",
            ],
        ),
    ),
    // Those of bookings come with their stream, in BookingChangeKind.
    ("changes_kind_known", EnumAnd("SlotChangeKind", &["CREATED", "STATUS_CHANGED", "RESCHEDULED", "DETAILS_CHANGED"])),
    ("changes_topic_known", Internal),
    ("holds_status_known", Later("HoldStatus")),
    ("members_role_known", EnumWithout("Role", &["GUEST", "PATIENT", "INTEGRATOR"])),
    ("notification_preferences_channels_known", Later("MessageChannel")),
    ("occupancies_subject_kind_known", Internal),
    ("organizations_guest_booking_known", Enum("GuestBooking")),
    ("organizations_late_cancellation_known", Enum("LateCancellation")),
    ("patient_consents_kind_known", Later("ConsentKind")),
    ("provider_traits_kind_known", Internal),
    ("related_persons_relationship_known", Later("GuardianRelationship")),
    ("resources_kind_known", Later("ResourceKind")),
    ("service_questions_answer_kind_known", Later("IntakeAnswerKind")),
    ("services_approval_known", Enum("ApprovalMode")),
    ("services_late_cancellation_known", Enum("LateCancellation")),
    ("services_modality_known", Enum("Modality")),
    ("slots_status_known", EnumAnd("SlotStatus", &["RETIRED"])),
    ("waitlist_entries_priority_known", Later("WaitlistPriority")),
    ("waitlist_entries_status_known", Later("WaitlistEntryStatus")),
    ("waitlist_entries_weekdays_known", Later("Weekday")),
    ("waitlist_offers_status_known", Later("WaitlistOfferStatus")),
    ("webhook_deliveries_status_known", Later("WebhookDeliveryStatus")),
    ("webhook_deliveries_topic_known", Later("WebhookTopic")),
    ("webhook_endpoints_topics_known", Later("WebhookTopic")),
];

fn enums() -> BTreeMap<String, Words> {
    let sdl = include_str!("../../../schema.graphql");
    let mut enums = BTreeMap::new();
    for definition in parse_schema(sdl).expect("the SDL").definitions {
        if let TypeSystemDefinition::Type(of) = definition
            && let TypeKind::Enum(words) = of.node.kind
        {
            let words = words.values.iter().map(|word| word.node.value.node.to_string()).collect();
            enums.insert(of.node.name.node.to_string(), words);
        }
    }
    enums
}

/// The words of every CHECK that lists some, by the name of the constraint.
async fn checks(db: &TestDb) -> BTreeMap<String, Words> {
    let sql = "SELECT k.conname::text, pg_get_constraintdef(k.oid) FROM pg_constraint AS k
               LEFT JOIN pg_class AS c ON c.oid = k.conrelid
               WHERE k.contype = 'c' AND k.connamespace = 'openslot'::regnamespace AND c.relispartition IS NOT TRUE
                 AND pg_get_constraintdef(k.oid) LIKE '%ARRAY[''%'";
    let mut checks = BTreeMap::new();
    for row in db.rows(sql, &[]).await {
        let definition: String = row.get(1);
        let list = definition.split_once("ARRAY[").and_then(|(_, rest)| rest.split_once(']')).expect("a list").0;
        // Every other part between quotes is a word.
        checks.insert(row.get(0), list.split('\'').skip(1).step_by(2).map(str::to_owned).collect());
    }
    checks
}

#[tokio::test]
async fn words_of_the_database_are_those_of_the_schema() {
    let db = TestDb::new().await;
    let (checks, enums) = (checks(&db).await, enums());
    let named: Vec<&str> = LISTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(checks.keys().collect::<Vec<_>>(), named, "a list of words is missing here or there");
    let of = |name: &str| enums.get(name).unwrap_or_else(|| panic!("the schema has no {name}")).clone();
    for (constraint, meaning) in LISTS {
        let wanted = match meaning {
            Enum(name) => of(name),
            EnumAnd(name, more) => {
                let shown = of(name);
                let twice: Vec<_> = more.iter().filter(|word| shown.contains(**word)).collect();
                assert!(twice.is_empty(), "{constraint}: {name} has {twice:?} by now");
                shown.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
            }
            EnumWithout(name, but) => of(name).into_iter().filter(|word| !but.contains(&word.as_str())).collect(),
            Later(name) => {
                assert!(!enums.contains_key(*name), "{constraint}: the schema has {name} by now");
                continue;
            }
            Internal => continue,
        };
        assert_eq!(checks[*constraint], wanted, "{constraint}");
    }
    db.drop_now().await;
}

/// Where a booking can go from each status; anything can become ENTERED_IN_ERROR as well.
const TRANSITIONS: &[(&str, &[&str])] = &[
    ("PROPOSED", &["PENDING", "BOOKED", "WAITLIST", "CANCELLED"]),
    ("WAITLIST", &["PENDING", "BOOKED", "CANCELLED"]),
    ("PENDING", &["BOOKED", "CANCELLED"]),
    ("BOOKED", &["ARRIVED", "CHECKED_IN", "NOSHOW", "CANCELLED", "PENDING"]),
    ("ARRIVED", &["CHECKED_IN", "FULFILLED", "CANCELLED"]),
    ("CHECKED_IN", &["FULFILLED", "CANCELLED"]),
    ("NOSHOW", &["ARRIVED", "BOOKED"]),
    ("FULFILLED", &[]),
    ("CANCELLED", &[]),
];

#[tokio::test]
async fn bookings_change_status_only_as_they_may() {
    let db = TestDb::new().await;
    let rows = db.rows("SELECT from_status, to_status FROM booking_status_transitions", &[]).await;
    let found: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let step = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let wanted: BTreeSet<(String, String)> = TRANSITIONS
        .iter()
        .flat_map(|(from, to)| to.iter().chain(&["ENTERED_IN_ERROR"]).map(|to| step(from, to)))
        .collect();
    assert_eq!(found, wanted);
    let known: Words =
        TRANSITIONS.iter().map(|(from, _)| (*from).to_owned()).chain(["ENTERED_IN_ERROR".to_owned()]).collect();
    assert_eq!(known, enums()["BookingStatus"]);
    db.drop_now().await;
}
