//! Every field of streams, by everybody: items of slots of their own, of others, and of another organization.

use std::collections::BTreeSet;

use openslot::domain::identity::Action;
use serde_json::{Value, json};

use super::coverage::{Part, part};
use super::documents::{Asked, Schema};
use super::expect::{Judge, may};
use super::leaks::Secrets;
use super::world::{Person, Relation, WIDE, World};
use crate::bookings::{BOOK, CANCEL};
use crate::support::{Client, Live, Subscription};

const DECLARED: &str = "($slug: String, $after: Cursor, $progress: Int)";
const ARGUMENTS: &str = "organizationSlug: $slug, after: $after, progressSeconds: $progress";
const FIELD: &str = "slotChanges";
/// Changes of one visit that is booked and cancelled: of its slot, and of the one after it that it blocks.
const CHANGES: usize = 4;

/// An open stream, and whose.
struct Follower<'a> {
    person: &'a Person,
    /// Whether it is of the person's own organization.
    is_home: bool,
    stream: Subscription,
}

#[tokio::test]
async fn items_show_what_the_table_allows_and_nothing_else() {
    let schema = Schema::read();
    let live = Live::with(&WIDE).await;
    let world = World::fill(&live.db, &live.a).await;
    let asked = schema.root("Subscription", FIELD, ARGUMENTS, None);
    let document = format!("subscription Ask{DECLARED} {{ {} }}", schema.text(&asked));
    let mut followers = follow(&live.b, &world, &document).await;
    for relation in Relation::ALL {
        visit(&live.a, &world, relation).await;
    }
    let secrets = Secrets::of(&live.db).await;
    let mut judge = Judge::new(&schema, &world);
    for follower in &mut followers {
        follower.judge(&asked, &world, &secrets, &mut judge).await;
    }
    let streams = part(&schema, Part::Streams);
    let answered: BTreeSet<String> = judge.answered.intersection(&streams).cloned().collect();
    assert_eq!(answered, streams, "some fields were never answered");
    live.stop().await;
}

/// A stream of each organization for everybody, each from a place of the other one, which it does not know.
async fn follow<'a>(client: &Client, world: &'a World, document: &str) -> Vec<Follower<'a>> {
    let mut followers = Vec::new();
    for person in &world.people {
        for (relation, elsewhere) in [(Relation::Own, Relation::Foreign), (Relation::Foreign, Relation::Own)] {
            assert!(may(person, Action::ReadAvailability, relation), "say what those are told who may not listen");
            let after = cursor(client, &world.things(person, elsewhere).slug).await;
            let slug = world.things(person, relation).slug;
            let variables = json!({ "slug": slug, "after": after, "progress": 5 });
            let stream = client.subscribe(person.user.as_ref(), document, variables).await;
            followers.push(Follower { person, is_home: relation == Relation::Own, stream });
        }
    }
    followers
}

async fn cursor(client: &Client, slug: &str) -> Value {
    let query = "query($slug: String) { providers(organizationSlug: $slug) { streamCursor } }";
    client.guest(query, json!({ "slug": slug })).await.ok().at("/providers/streamCursor").clone()
}

/// The admin of the organization books a slot and cancels.
async fn visit(client: &Client, world: &World, relation: Relation) {
    let admin = world.admin(relation);
    let things = world.things(&world.people[0], relation);
    let input = json!({ "slot": { "id": things.free }, "patient": { "id": things.patient } });
    let answer = client.by(admin, BOOK, json!({ "input": input })).await.ok();
    assert_eq!(answer.refusals("bookSlot"), Vec::<String>::new(), "{}", answer.body);
    let booking = answer.at("/bookSlot/booking");
    let input = json!({ "bookingId": booking["id"], "expectedVersion": booking["version"] });
    client.by(admin, CANCEL, json!({ "input": input })).await.ok();
}

impl Follower<'_> {
    /// A fresh start, then the changes, then a sign of life.
    async fn judge(&mut self, asked: &Asked, world: &World, secrets: &Secrets, judge: &mut Judge<'_>) {
        let hidden = secrets.hidden_from(world, self.person);
        let changes = if self.is_home { 2 * CHANGES } else { CHANGES };
        let what = format!("an item by {:?}, at home: {}", self.person.actor.role, self.is_home);
        let mut found = vec!["Resync"];
        found.extend(vec!["SlotChange"; changes]);
        found.push("StreamProgress");
        for wanted in found {
            let item = self.stream.next(FIELD).await;
            assert_eq!(item["__typename"], wanted, "{what}: {item}");
            judge.item(self.person, asked, &item, &what);
            hidden.check(&item, &what);
            self.detail(world, &item, &what);
        }
    }

    /// What brought a change, and how busy a slot was and is, is told to those alone who may see the detail.
    fn detail(&self, world: &World, item: &Value, what: &str) {
        let Some(slot) = item["slot"]["id"].as_str() else { return };
        let may = may(self.person, Action::ReadAvailabilityDetail, world.relation(self.person, slot));
        assert_eq!(!item["cause"].is_null(), may, "{what}: {item}");
        let is_blocked = !world.is_free(slot);
        assert_eq!(item.to_string().contains("BUSY_UNAVAILABLE"), may && is_blocked, "{what}: {item}");
    }
}
