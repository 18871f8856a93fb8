//! Fields that ask for a right of their own inside an object that more people see.

use openslot::domain::identity::Action;
use openslot::domain::identity::policy::{Reach, table};
use openslot::kernel::actor::Role;
use serde_json::{Value, json};

use super::world::{Relation, World};

fn has(role: Role, action: Action) -> bool {
    table(role, action) != Reach::None
}

#[tokio::test]
async fn fields_with_a_right_of_their_own_are_null_or_coarse_without_it() {
    let world = World::new().await;
    world.app.db.run("UPDATE slots SET status = 'BUSY_UNAVAILABLE', is_closed = true WHERE status = 'FREE'").await;
    let query = "query($provider: ID!, $location: ID!, $service: ID!, $slot: ID!) {
        provider(id: $provider) { version } location(id: $location) { version } service(id: $service) { version }
        slot(id: $slot) { status } }";
    let things = world.things(Relation::Own);
    let variables = json!({ "provider": things.provider, "location": things.location, "service": things.service,
        "slot": things.slot });
    for (role, user) in &world.people {
        let answer = match user {
            Some(user) => world.app.client.by(user, query, variables.clone()).await,
            None => world.app.client.guest(query, variables.clone()).await,
        };
        let answer = answer.ok();
        let version = if has(*role, Action::ReadVersions) { json!(1) } else { Value::Null };
        for path in ["/provider/version", "/location/version", "/service/version"] {
            assert_eq!(answer.at(path), &version, "{path} by {role:?}");
        }
        let status = if has(*role, Action::ReadAvailabilityDetail) { "BUSY_UNAVAILABLE" } else { "BUSY" };
        assert_eq!(answer.text("/slot/status"), status, "{role:?}");
    }
    world.app.stop().await;
}

#[tokio::test]
async fn patient_of_a_booking_is_null_for_those_who_may_not_know_them() {
    let world = World::new().await;
    let query = "query($id: ID!) { booking(id: $id) { id patient { id } } }";
    let things = world.things(Relation::Own);
    for (role, user) in &world.people {
        let Some(user) = user.as_ref().filter(|_| has(*role, Action::ReadBooking)) else { continue };
        let answer = world.app.client.by(user, query, json!({ "id": things.booking })).await.ok();
        let patient = if has(*role, Action::ReadPatient) { json!({ "id": things.patient }) } else { Value::Null };
        assert_eq!(answer.at("/booking/patient"), &patient, "{role:?}");
    }
    world.app.stop().await;
}
