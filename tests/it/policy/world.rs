//! Two organizations with everything that a field can show, and somebody of every role.

use std::collections::{HashMap, HashSet};

use openslot::db::types::MemberRole;
use openslot::kernel::actor::{Actor, Principal, Role, Scope};
use openslot::kernel::ids::{AnyId, ApiKeyId, Global, MemberId, OrganizationId, PatientId, RowId, UserId};
use uuid::Uuid;

use super::things::{Bucket, GuestThings, Things};
use crate::support::{Client, Practice, ServiceSpec, TestApp, TestDb, User, monday};

/// Documents that ask for everything are larger than those of clients.
pub const WIDE: [(&str, &str); 2] = [("GRAPHQL_MAX_DEPTH", "40"), ("GRAPHQL_MAX_COST", "1000000")];

/// What a thing is to the one who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// Their own: of the patient or provider they are, at the location they work at.
    Own,
    /// Of others in the same organization, at another location.
    Same,
    /// Of another organization.
    Foreign,
}

impl Relation {
    pub const ALL: [Self; 3] = [Self::Own, Self::Same, Self::Foreign];
}

/// Somebody who asks. One more is one more row of `people`.
pub struct Person {
    /// What they are at home, as far as the table asks; whose a thing is, is said by its relation.
    pub actor: Actor,
    /// Whether the things of `Relation::Own` are theirs; who has nothing of their own is a stranger to them.
    pub has_own: bool,
    pub user: Option<User>,
    /// Who they are as a viewer.
    pub viewer: UserId,
    /// What a guest with a token has, and nobody else of those who ask for their own.
    pub guest: Option<GuestThings>,
}

impl Person {
    async fn new(db: &TestDb, role: Role, user: Option<User>) -> Self {
        let (principal, viewer) = match &user {
            None => (Principal::Anonymous, UserId::from_uuid(Uuid::nil())),
            Some(User { key: Some(key), .. }) => (Principal::Key(*key), UserId::from_uuid(key.uuid())),
            Some(user) => {
                let id = user_of(db, user).await;
                (Principal::User(id), id)
            }
        };
        let mut actor = Actor::plain(principal, role);
        if role == Role::Integrator {
            actor.scopes = Scope::ALL.to_vec();
        }
        Self { actor, has_own: user.is_some(), user, viewer, guest: None }
    }

    /// Who has booked without an account.
    fn guest(guest: GuestThings) -> Self {
        let patient: Global<PatientId> = guest.patient.parse().expect("an id");
        let user = User { token: guest.token.clone(), ..User::default() };
        let viewer = UserId::from_uuid(patient.id.uuid());
        Self { actor: Actor::guest(patient.id), has_own: true, user: Some(user), viewer, guest: Some(guest) }
    }

    pub fn token(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.token.as_str())
    }

    pub fn member(&self) -> Option<MemberId> {
        self.user.as_ref().and_then(|user| user.member)
    }

    pub fn key(&self) -> Option<ApiKeyId> {
        self.user.as_ref().and_then(|user| user.key)
    }
}

/// People and things.
pub struct World {
    pub people: Vec<Person>,
    pub home: OrganizationId,
    /// Slots that are blocked, which is detail.
    pub blocked: HashSet<String>,
    own: Things,
    same: Things,
    foreign: Things,
    admins: [User; 2],
    relations: HashMap<String, Relation>,
}

impl World {
    /// In a program of its own, where the slots of the things have begun: whoever may book is refused by the calendar,
    /// and nothing changes.
    pub async fn begun() -> (TestApp, Self) {
        let app = TestApp::with(&WIDE).await;
        let world = Self::fill(&app.db, &app.client).await;
        app.set_clock(monday() + chrono::TimeDelta::days(2)).await;
        // Everybody was seen just now, so that asking does not change it while it is asked for.
        app.db.run("UPDATE members SET last_seen_at = present(); UPDATE api_keys SET last_used_at = present()").await;
        (app, world)
    }

    pub async fn fill(db: &TestDb, client: &Client) -> Self {
        // What follows a visit is blocked.
        let spec = ServiceSpec { buffer_after: 30, ..ServiceSpec::default() };
        let (practice, other) = (Practice::with(db, spec).await, Practice::with(db, spec).await);
        let own = Bucket::of_practice(&practice).await;
        let same = Bucket::of_colleague(&practice).await;
        let foreign = Bucket::of_practice(&other).await;
        let mut people = people(db, &practice).await;
        let mut relations = HashMap::new();
        let mut things = Vec::new();
        for (bucket, relation) in [(own, Relation::Own), (same, Relation::Same), (foreign, Relation::Foreign)] {
            let made = bucket.fill(db, client).await;
            if relation == Relation::Same {
                people.push(Person::guest(bucket.guest(db, client).await));
            }
            relations.extend(bucket.ids().into_iter().chain(made.ids()).map(|id| (id, relation)));
            things.push(made);
        }
        let blocked = things.iter().map(|things| things.slot.clone()).collect();
        let [own, same, foreign] = things.try_into().unwrap_or_else(|_| panic!("three of them"));
        recognisable(db, practice.clinic.id).await;
        let admins = [practice.admin.clone(), other.admin.clone()];
        Self { people, home: practice.clinic.id, blocked, own, same, foreign, admins, relations }
    }

    /// The things of a relation, as far as the person is not one of them.
    pub fn things(&self, person: &Person, relation: Relation) -> Things {
        match relation {
            Relation::Own => self.own.of(self.home, person),
            Relation::Same => self.same.clone(),
            Relation::Foreign => self.foreign.clone(),
        }
    }

    /// The admin of the organization of a relation.
    pub fn admin(&self, relation: Relation) -> &User {
        if relation == Relation::Foreign { &self.admins[1] } else { &self.admins[0] }
    }

    /// Whether a slot is one of those that are free for days.
    pub fn is_free(&self, slot: &str) -> bool {
        [&self.own, &self.same, &self.foreign].iter().any(|things| things.free == slot)
    }

    /// What a thing is to a person, by its global id.
    pub fn relation(&self, person: &Person, id: &str) -> Relation {
        let any: AnyId = id.parse().unwrap_or_else(|_| panic!("no global id: {id}"));
        let is_self = match any.kind() {
            MemberId::KIND => person.member() == Some(any.row()),
            // In every organization.
            UserId::KIND => person.viewer == any.row(),
            _ => false,
        };
        if is_self || person.guest.as_ref().is_some_and(|guest| guest.ids().contains(&id)) {
            return Relation::Own;
        }
        if any.organization != self.home {
            return Relation::Foreign;
        }
        // What is the patient's own is not the guest's.
        let relation = self.relations.get(id).copied().unwrap_or(Relation::Same);
        if person.guest.is_some() && relation == Relation::Own { Relation::Same } else { relation }
    }
}

async fn people(db: &TestDb, practice: &Practice) -> Vec<Person> {
    let clinic = &practice.clinic;
    vec![
        Person::new(db, Role::Guest, None).await,
        Person::new(db, Role::Patient, Some(practice.patient.clone())).await,
        Person::new(db, Role::Integrator, Some(clinic.integrator(&Scope::ALL).await)).await,
        Person::new(db, Role::Provider, Some(clinic.signed_in(practice.provider).await)).await,
        Person::new(db, Role::Staff, Some(clinic.member(MemberRole::Staff, Some(practice.location)).await)).await,
        Person::new(db, Role::Admin, Some(practice.admin.clone())).await,
    ]
}

pub async fn user_of(db: &TestDb, user: &User) -> UserId {
    UserId::from_uuid(db.one("SELECT id FROM users WHERE subject = $1", &[&user.subject]).await)
}

/// Gives what is private a value that is found again wherever it shows up, and every key somebody who made it.
async fn recognisable(db: &TestDb, home: OrganizationId) {
    db.run(&format!(
        "UPDATE members SET display_name = 'Member ' || id;
         UPDATE api_keys SET display_name = 'Key ' || id, created_by_id =
           (SELECT m.id FROM members AS m WHERE m.organization_id = api_keys.organization_id AND m.role = 'ADMIN');
         UPDATE locations SET version = {VERSION};
         UPDATE services SET version = {VERSION};
         UPDATE providers SET version = {VERSION};
         UPDATE locations SET version = version + 1 WHERE organization_id = '{home}';
         UPDATE services SET version = version + 1 WHERE organization_id = '{home}';
         UPDATE providers SET version = version + 1 WHERE organization_id = '{home}'"
    ))
    .await;
}

/// The version of every entry of the other organization's directory; those at home have the next one.
pub const VERSION: i32 = 770_770_100;

/// The same kind of thing in the same organization that does not exist.
pub fn missing<T: RowId>(id: &str) -> String {
    let like: Global<T> = id.parse().unwrap_or_else(|_| panic!("another kind: {id}"));
    Global::new(like.organization, T::from_uuid(Uuid::now_v7())).to_string()
}
