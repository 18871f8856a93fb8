//! A stop lets what is in flight finish, and takes nothing new.

use std::time::{Duration, Instant};

use openslot::app::Replica;
use openslot::kernel::time::Clock;
use serde_json::json;

use crate::bookings::{BOOK, wish};
use crate::support::app::config;
use crate::support::{Client, Practice, TestDb, at};

/// A replica and a practice whose provider somebody else keeps locked.
async fn locked() -> (TestDb, Replica, Practice) {
    let db = TestDb::new().await;
    let practice = Practice::new(&db).await;
    let clock = std::sync::atomic::AtomicI64::new(at("2027-03-01T08:00:00Z").timestamp_micros());
    let replica = Replica::start(&config(&db, &[]), Clock::Fixed(clock.into()), None).await.expect("a replica");
    db.run(&format!("SELECT pg_advisory_lock(1, uuid_hash('{}'))", practice.provider)).await;
    (db, replica, practice)
}

async fn until_it_waits(db: &TestDb) {
    let since = Instant::now();
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while db.one::<i64>(waits, &[]).await == 0 {
        assert!(since.elapsed() < Duration::from_secs(10), "no booking waits");
    }
}

#[tokio::test]
async fn booking_in_flight_is_finished_and_answered() {
    let (db, replica, practice) = locked().await;
    let client = Client::new(replica.addr);
    let (asking, user) = (client.clone(), practice.patient.clone());
    let input = json!({ "input": wish(&practice.slot(0), json!({})) });
    let booking = tokio::spawn(async move { asking.by(&user, BOOK, input).await.ok() });
    until_it_waits(&db).await;
    let stopping = tokio::spawn(replica.stop());
    let since = Instant::now();
    while tokio::net::TcpStream::connect(client.addr).await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(10), "it still listens");
        tokio::task::yield_now().await;
    }
    assert!(!booking.is_finished() && !stopping.is_finished());
    db.run("SELECT pg_advisory_unlock_all()").await;
    let answer = booking.await.expect("an answer");
    assert_eq!(answer.text("/bookSlot/booking/status"), "BOOKED");
    stopping.await.expect("it stops");
    assert_eq!(db.count("bookings").await, 1);
    db.drop_now().await;
}

#[tokio::test]
async fn client_that_goes_away_does_not_stop_its_booking_half_way() {
    let (db, replica, practice) = locked().await;
    let client = Client::new(replica.addr);
    let user = practice.patient.clone();
    let input = json!({ "input": wish(&practice.slot(0), json!({})) });
    let booking = tokio::spawn(async move { client.by(&user, BOOK, input).await });
    until_it_waits(&db).await;
    booking.abort();
    assert!(booking.await.expect_err("it was dropped").is_cancelled());
    db.run("SELECT pg_advisory_unlock_all()").await;
    replica.stop().await;
    assert_eq!((db.count("bookings").await, db.count("audit_events").await), (1, 1));
    db.drop_now().await;
}
