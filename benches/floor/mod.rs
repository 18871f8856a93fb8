//! The least that must be done for the nested read: axum, tokio-postgres and serde_json, three statements without
//! row-level security, and nothing that knows GraphQL. A program of its own, so that what it uses can be told apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use chrono::{DateTime, SecondsFormat, Utc};
use openslot::kernel::ids::{Global, LocationId, OrganizationId, ProviderId, RowId, SlotId};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

/// The argument that makes the benches this program.
pub const ARGUMENT: &str = "--floor";
/// A login that row-level security does not concern, and the organization.
pub const URL: &str = "FLOOR_DATABASE_URL";
pub const ORGANIZATION: &str = "FLOOR_ORGANIZATION";
/// Connections, on each of which statements follow each other without waiting.
const CONNECTIONS: usize = 4;
/// Page sizes; the program reads one more to know whether there is another page.
const PROVIDERS: usize = 10;
const SLOTS: usize = 10;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    variables: Variables<'a>,
}

#[derive(Deserialize)]
struct Variables<'a> {
    specialty: &'a str,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

#[derive(Serialize)]
struct Answer<'a> {
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    providers: List<Provider<'a>>,
}

#[derive(Serialize)]
struct List<T> {
    nodes: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provider<'a> {
    id: String,
    display_name: &'a str,
    accepts_new_patients: bool,
    locations: Vec<Location<'a>>,
    slots: List<Slot>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    id: String,
    display_name: &'a str,
    time_zone: &'a str,
    address: Address<'a>,
}

#[derive(Serialize)]
struct Address<'a> {
    city: &'a str,
    country: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Slot {
    id: String,
    starts_at: String,
    ends_at: String,
}

type Parameters<'a, const COUNT: usize> = [&'a (dyn ToSql + Sync); COUNT];

struct Line {
    client: Client,
    providers: Statement,
    locations: Statement,
    slots: Statement,
}

struct Floor {
    organization: OrganizationId,
    lines: Vec<Line>,
    next: AtomicUsize,
}

/// Serves until it is killed; says first where.
pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let variable = |name| std::env::var(name).expect("what to read");
        let id: Uuid = variable(ORGANIZATION).parse().expect("an id");
        let mut lines = Vec::new();
        for _ in 0..CONNECTIONS {
            lines.push(Line::open(&variable(URL)).await);
        }
        let floor = Floor { organization: OrganizationId::from_uuid(id), lines, next: AtomicUsize::new(0) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/graphql", post(answer)).with_state(Arc::new(floor));
        axum::serve(listener, router).await.expect("it serves");
    });
}

impl Line {
    async fn open(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let same_as_the_program = "SET plan_cache_mode = force_generic_plan; SET search_path = openslot, public";
        client.batch_execute(same_as_the_program).await.expect("settings");
        let providers = client.prepare(include_str!("providers.sql")).await.expect("a statement");
        let locations = client.prepare(include_str!("locations.sql")).await.expect("a statement");
        let slots = include_str!("../../src/db/availability/slots_of_providers.sql");
        let slots = client.prepare(slots).await.expect("a statement");
        Self { client, providers, locations, slots }
    }
}

async fn answer(State(floor): State<Arc<Floor>>, body: Bytes) -> impl IntoResponse {
    let request: Request = serde_json::from_slice(&body).expect("variables");
    let wanted = request.variables;
    let line = &floor.lines[floor.next.fetch_add(1, Ordering::Relaxed) % floor.lines.len()];
    let organization = floor.organization.uuid();
    let most = i64::try_from(PROVIDERS).expect("few") + 1;
    let codes = vec![wanted.specialty];
    let asked: Parameters<'_, 3> = [&organization, &codes, &most];
    let mut providers = line.client.query(&line.providers, &asked).await.expect("providers");
    providers.truncate(PROVIDERS);
    let ids: Vec<Uuid> = providers.iter().map(|row| row.get(0)).collect();
    let none: Option<Uuid> = None;
    let anywhere: Option<Vec<Uuid>> = None;
    let most = i64::try_from(SLOTS).expect("few") + 1;
    let about_locations: Parameters<'_, 2> = [&organization, &ids];
    let about_slots: Parameters<'_, 7> = [&organization, &ids, &wanted.from, &wanted.until, &most, &none, &anywhere];
    // Joined futures send both before either waits.
    let (locations, slots) = tokio::join!(
        line.client.query(&line.locations, &about_locations),
        line.client.query(&line.slots, &about_slots)
    );
    let (locations, slots) = (locations.expect("locations"), slots.expect("slots"));
    let nodes = providers.iter().map(|row| floor.provider(row, &locations, &slots)).collect();
    let text = serde_json::to_vec(&Answer { data: Data { providers: List { nodes } } }).expect("JSON");
    ([(CONTENT_TYPE, "application/json")], text)
}

impl Floor {
    fn global<T: RowId>(&self, id: Uuid) -> String {
        Global::new(self.organization, T::from_uuid(id)).to_string()
    }

    fn provider<'a>(&self, row: &'a Row, locations: &'a [Row], slots: &[Row]) -> Provider<'a> {
        let id: Uuid = row.get(0);
        let here = locations.iter().filter(|location| location.get::<_, Uuid>(0) == id);
        // Rows come in the order of providers.
        let first = slots.partition_point(|slot| slot.get::<_, Uuid>(1) < id);
        let own = slots[first..].iter().take_while(|slot| slot.get::<_, Uuid>(1) == id).take(SLOTS);
        Provider {
            id: self.global::<ProviderId>(id),
            display_name: row.get(1),
            accepts_new_patients: row.get(5),
            locations: here.map(|location| self.location(location)).collect(),
            slots: List { nodes: own.map(|slot| self.slot(slot)).collect() },
        }
    }

    fn location<'a>(&self, row: &'a Row) -> Location<'a> {
        Location {
            id: self.global::<LocationId>(row.get(1)),
            display_name: row.get(2),
            time_zone: row.get(10),
            address: Address { city: row.get(4), country: row.get(7) },
        }
    }

    fn slot(&self, row: &Row) -> Slot {
        let instant = |place| row.get::<_, DateTime<Utc>>(place).to_rfc3339_opts(SecondsFormat::Millis, true);
        Slot { id: self.global::<SlotId>(row.get(0)), starts_at: instant(4), ends_at: instant(5) }
    }
}
