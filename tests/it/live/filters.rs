//! Which changes a stream brings: filters, and the walls between organizations.

use serde_json::{Value, json};

use super::{book, change, ids, slots, watch};
use crate::support::{Live, Practice, at};

/// A practice with a second provider at a second location; the third schedule is the first provider's there.
struct Group {
    practice: Practice,
    /// Two slots each of: second provider at the first location, first provider at the second, second at the second.
    others: Vec<Value>,
    provider: String,
    location: String,
}

async fn group(live: &Live) -> Group {
    let practice = live.practice().await;
    let clinic = &practice.clinic;
    let (provider, location) = (clinic.provider("Brook", "Ferris").await, clinic.location("Europe/Lisbon").await);
    let places = [(provider, practice.location), (practice.provider, location), (provider, location)];
    let mut others = Vec::new();
    for (number, (provider, location)) in places.into_iter().enumerate() {
        let schedule = clinic.schedule(provider, location, 30, 1, &[practice.service]).await;
        let start = at("2027-03-08T08:00:00Z") + chrono::TimeDelta::days(number.try_into().expect("a few"));
        let made = clinic.slots(&schedule, start, 2).await;
        others.extend(made.into_iter().map(|id| clinic.global(id).into()));
    }
    let (provider, location) = (clinic.global(provider), clinic.global(location));
    Group { practice, others, provider, location }
}

impl Group {
    /// Books slot 0 of each of the four schedules in turn, then slot 1 of each: their slots, by schedule.
    async fn book_all(&self, live: &Live) -> [[Value; 2]; 4] {
        let of = |n: usize| -> [Value; 4] {
            [
                self.practice.slot(n).into(),
                self.others[n].clone(),
                self.others[n + 2].clone(),
                self.others[n + 4].clone(),
            ]
        };
        let rounds = [of(0), of(1)];
        for slot in rounds.iter().flatten() {
            let input = json!({ "slot": { "id": slot } });
            let answer = live.a.by(&self.practice.patient, super::BOOK, json!({ "input": input })).await.ok();
            assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new());
        }
        let [first, second] = rounds;
        let mut second = second.into_iter();
        first.map(|slot| [slot, second.next().expect("as many")])
    }
}

#[tokio::test]
async fn filters_let_through_what_matches_all_of_them() {
    let live = Live::start().await;
    let group = group(&live).await;
    let practice = &group.practice;
    let first = practice.clinic.global(practice.provider);
    let day = |from: &str, to: &str| json!({ "instants": { "startsAt": from, "endsAt": to } });
    // Which schedules get through; the slots of schedule 0 are on March 2, those of 1 to 3 on March 8 to 10.
    let cases = [
        ("nothing", json!({}), vec![0, 1, 2, 3]),
        ("a provider", json!({ "filter": { "providerIds": [group.provider] } }), vec![1, 3]),
        ("both", json!({ "filter": { "providerIds": [group.provider, first] } }), vec![0, 1, 2, 3]),
        ("a location", json!({ "filter": { "locationIds": [group.location] } }), vec![2, 3]),
        (
            "provider and location",
            json!({ "filter": { "providerIds": [first], "locationIds": [group.location] } }),
            vec![2],
        ),
        ("a window", json!({ "window": day("2027-03-09T00:00:00Z", "2027-03-11T00:00:00Z") }), vec![2, 3]),
        ("an open window", json!({ "window": { "instants": { "startsAt": "2027-03-08T00:00:00Z" } } }), vec![1, 2, 3]),
        (
            "all of it",
            json!({ "window": day("2027-03-10T00:00:00Z", "2027-03-11T00:00:00Z"), "filter": {
                "providerIds": [group.provider], "locationIds": [group.location] } }),
            vec![3],
        ),
    ];
    let mut streams = Vec::new();
    for (_, variables, _) in &cases {
        streams.push(watch(&live.b, None, practice, variables.clone()).await);
    }
    let booked = group.book_all(&live).await;
    for ((what, _, schedules), stream) in cases.iter().zip(&mut streams) {
        let expected: Vec<Value> = (0..2)
            .flat_map(|n| schedules.iter().map(move |of| (*of, n)))
            .map(|(of, n)| booked[of][n].clone())
            .collect();
        assert_eq!(slots(stream, expected.len()).await, expected, "{what}");
    }
    live.stop().await;
}

#[tokio::test]
async fn window_holds_its_start_and_not_its_end() {
    let live = Live::start().await;
    let practice = live.practice().await;
    // Slot 2 starts at 09:00, slot 4 at 10:00.
    let window = json!({ "instants": { "startsAt": "2027-03-02T09:00:00Z", "endsAt": "2027-03-02T10:00:00Z" } });
    let mut stream = watch(&live.b, None, &practice, json!({ "window": window })).await;
    for n in [1, 2, 4, 3] {
        book(&live.a, &practice, n).await;
    }
    assert_eq!(slots(&mut stream, 2).await, ids(&practice, [2, 3]));
    live.stop().await;
}

#[tokio::test]
async fn organizations_never_see_each_others_changes() {
    let live = Live::start().await;
    let practices = [live.practice().await, live.practice().await];
    let mut streams = Vec::new();
    for (practice, neighbour) in [(0, 1), (1, 0)].map(|(own, other)| (&practices[own], &practices[other])) {
        for user in [None, Some(&practice.admin), Some(&neighbour.admin)] {
            streams.push((practice, watch(&live.b, user, practice, json!({})).await));
        }
        // Ids of the neighbour's provider find nothing here.
        let filter = json!({ "filter": { "providerIds": [neighbour.clinic.global(neighbour.provider)] } });
        let mut stream = watch(&live.b, None, practice, filter).await;
        stream.send(json!({ "type": "ping" })).await;
        assert_eq!(stream.frame().await["type"], "pong");
    }
    for n in 0..3 {
        for practice in &practices {
            book(&live.a, practice, n).await;
        }
    }
    for (practice, stream) in &mut streams {
        assert_eq!(slots(stream, 3).await, ids(practice, 0..3));
    }
    live.stop().await;
}

#[tokio::test]
async fn staff_elsewhere_are_guests_here() {
    let live = Live::start().await;
    let (practice, neighbour) = (live.practice().await, live.practice().await);
    let mut stream = watch(&live.b, Some(&neighbour.admin), &practice, json!({})).await;
    book(&live.a, &practice, 0).await;
    assert_eq!(change(&mut stream).await["cause"], Value::Null);
    live.stop().await;
}
