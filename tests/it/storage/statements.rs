//! A nested read costs the same number of statements for one provider as for fifty.

use chrono::TimeDelta;
use openslot::kernel::ids::LocationId;
use serde_json::json;

use crate::support::database::API;
use crate::support::proxy::StatementProxy;
use crate::support::{Clinic, ServiceSpec, TestApp, TestDb, monday};

const QUERY: &str =
    "query List($organization: String) { providers(first: 50, organizationSlug: $organization) { nodes {
    id displayName specialties { displayName } locations { id displayName timeZone } services { id displayName }
    slots(first: 10) { nodes { id startsAt localStart } } } } }";

/// Six transactions of BEGIN, `enter`, one read and COMMIT: providers, their specialties, locations, services and slots,
/// and the locations of the slots, whose zone their local times are in.
const STATEMENTS: usize = 24;

async fn staffed(app: &TestApp, providers: usize) -> Clinic {
    let clinic = app.clinic().await;
    let location: LocationId = clinic.location("Europe/Berlin").await;
    let service = clinic.service(ServiceSpec::default()).await;
    for _ in 0..providers {
        let provider = clinic.provider("Ada", "Lindholm").await;
        clinic.specialty(provider, "394579002", "Cardiology").await;
        let schedule = clinic.schedule(provider, location, 30, 1, &[service]).await;
        clinic.slots(&schedule, monday() + TimeDelta::days(1), 12).await;
    }
    clinic
}

/// Most of its time goes into making 51 providers.
#[tokio::test]
async fn nested_list_of_50_providers_costs_as_many_statements_as_of_one() {
    let db = TestDb::new().await;
    let (proxy, through) = StatementProxy::before(&db, API).await;
    // One connection: whatever must be prepared is prepared by the first request.
    let app = TestApp::over(db, &[("DATABASE_URL", &through), ("DB_POOL_MAX", "1")]).await;
    for providers in [1, 50] {
        let clinic = staffed(&app, providers).await;
        let variables = json!({ "organization": clinic.slug });
        app.client.guest(QUERY, variables.clone()).await.ok();
        proxy.take();
        let answer = app.client.guest(QUERY, variables).await.ok();
        assert_eq!(proxy.take(), STATEMENTS, "for {providers} providers");
        let nodes = answer.at("/providers/nodes").as_array().expect("a list");
        assert_eq!(nodes.len(), providers);
        for node in nodes {
            let of = |list: &str| node.pointer(list).and_then(serde_json::Value::as_array).map(Vec::len);
            let lengths = ["/specialties", "/locations", "/services", "/slots/nodes"].map(of);
            assert_eq!(lengths, [Some(1), Some(1), Some(1), Some(10)]);
        }
    }
    app.stop().await;
}
