//! Live updates through GraphQL: two replicas, a worker, PostgreSQL and Redis, spoken to in raw frames.

mod bounds;
mod delivery;
mod failures;
mod filters;
mod log;
mod operations;
mod privacy;
mod redis;
mod resume;
mod rights;
mod sockets;

use std::time::Duration;

use openslot::kernel::ids::BookingId;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::support::{Client, Practice, Subscription, User};

pub const FIELD: &str = "slotChanges";

/// Everything that an item of the stream can tell.
pub const CHANGES: &str =
    "subscription Changes($slug: String, $after: Cursor, $filter: SlotFilter, $window: WindowInput,
    $progress: Int) {
    slotChanges(organizationSlug: $slug, after: $after, filter: $filter, window: $window, progressSeconds: $progress) {
      __typename
      ... on StreamItem { availabilityVersion cursor }
      ... on SlotChange { id kind previousStatus cause
        slot { id status version remainingCapacity startsAt provider { id displayName } location { id } } }
      ... on Resync { reason missedFrom }
      ... on StreamProgress { serverTime } } }";

const CURSOR: &str = "query Cursor($slug: String) { providers(organizationSlug: $slug, first: 1) { nodes {
    slots(first: 1) { streamCursor } } } }";

pub const BOOK: &str = "mutation Book($input: BookSlotInput!) { bookSlot(input: $input) {
    booking { id version } availabilityVersion userErrors { code } } }";

const CANCEL: &str = "mutation Cancel($input: CancelBookingInput!) { cancelBooking(input: $input) {
    booking { version } availabilityVersion userErrors { code } } }";

/// What a mutation answered.
pub struct Booked {
    /// Global id.
    pub id: String,
    pub version: Value,
    /// Position of the change in the log.
    pub at: String,
}

impl Booked {
    /// The id as the database has it.
    pub fn row(&self) -> BookingId {
        self.id.parse::<openslot::kernel::ids::Global<BookingId>>().expect("a booking's id").id
    }
}

/// Books slot `n` for the practice's patient.
pub async fn book(at: &Client, practice: &Practice, n: usize) -> Booked {
    let answer = at.by(&practice.patient, BOOK, json!({ "input": booking(practice, n) })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new(), "slot {n}");
    Booked {
        id: answer.text("/bookSlot/booking/id"),
        version: answer.at("/bookSlot/booking/version").clone(),
        at: answer.text("/bookSlot/availabilityVersion"),
    }
}

pub fn booking(practice: &Practice, n: usize) -> Value {
    json!({ "slot": { "id": practice.slot(n) } })
}

/// Cancels as staff; the position of the change in the log.
pub async fn cancel(at: &Client, practice: &Practice, booked: &Booked) -> String {
    let input = json!({ "bookingId": booked.id, "expectedVersion": booked.version });
    let answer = at.by(&practice.staff, CANCEL, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("cancelBooking"), Vec::<String>::new());
    answer.text("/cancelBooking/availabilityVersion")
}

/// Where the log of the practice stands, as a list read at `client` says.
pub async fn cursor(client: &Client, practice: &Practice) -> Value {
    let answer = client.guest(CURSOR, json!({ "slug": practice.clinic.slug })).await.ok();
    answer.at("/providers/nodes/0/slots/streamCursor").clone()
}

/// A stream of everything after this call, further narrowed by variables.
pub async fn watch(client: &Client, user: Option<&User>, practice: &Practice, variables: Value) -> Subscription {
    let mut all = json!({ "after": cursor(client, practice).await });
    merge(&mut all, variables);
    follow(client, user, practice, all).await
}

/// A stream with exactly these variables.
pub async fn follow(client: &Client, user: Option<&User>, practice: &Practice, variables: Value) -> Subscription {
    let mut all = json!({ "slug": practice.clinic.slug });
    merge(&mut all, variables);
    client.subscribe(user, CHANGES, all).await
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("no object: {more}") };
    into.as_object_mut().expect("an object").extend(more);
}

/// The next item, which must be a change.
pub async fn change(of: &mut Subscription) -> Value {
    let item = of.next(FIELD).await;
    assert_eq!(item["__typename"], "SlotChange", "{item}");
    item
}

/// So many changes: their slots, in the order in which they came.
pub async fn slots(of: &mut Subscription, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    for _ in 0..count {
        found.push(change(of).await["slot"]["id"].clone());
    }
    found
}

/// The ids of slots as JSON.
pub fn ids(practice: &Practice, numbers: impl IntoIterator<Item = usize>) -> Vec<Value> {
    numbers.into_iter().map(|n| practice.slot(n).into()).collect()
}

/// The next item, which must be word to start anew.
pub async fn resync(of: &mut Subscription, reason: &str) -> Value {
    let item = of.next(FIELD).await;
    assert_eq!((&item["__typename"], &item["reason"]), (&json!("Resync"), &json!(reason)), "{item}");
    item
}

/// Books and cancels slot `n` at `client` until a change arrives as fast as only a push can bring it: a relay that nobody
/// rings would look 200 ms after the change before, and a replica that reads the log later still.
pub async fn until_pushed(client: &Client, practice: &Practice, n: usize, stream: &mut Subscription) -> usize {
    const QUICK: Duration = Duration::from_millis(130);
    let pushed = async {
        for tries in 1.. {
            let began = Instant::now();
            let booked = book(client, practice, n).await;
            assert_eq!(change(stream).await["slot"]["status"], "BUSY");
            let took = began.elapsed();
            cancel(client, practice, &booked).await;
            assert_eq!(change(stream).await["slot"]["status"], "FREE");
            if took < QUICK {
                return tries;
            }
        }
        0
    };
    timeout(Duration::from_secs(10), pushed).await.expect("changes are pushed")
}
