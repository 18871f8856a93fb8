//! Values that show up in an answer only to those who may know the thing, wherever in the answer it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openslot::domain::identity::Action;
use openslot::kernel::ids::{
    AnyId, ApiKeyId, BookingId, ChangeId, Global, LocationId, MemberId, OrganizationId, PatientId, ProviderId, RowId,
    ServiceId, SlotId, UserId,
};
use serde_json::Value;
use uuid::Uuid;

use super::expect::{knows, may};
use super::world::{Person, Relation, VERSION, World};
use crate::support::TestDb;

/// Everything private, with the words by which it is recognised.
const PRIVATE: &str = "
    SELECT 'B', organization_id, id, ARRAY[reference] FROM bookings
    UNION ALL SELECT 'T', organization_id, id, '{}' FROM patients
    UNION ALL SELECT 'M', organization_id, id, ARRAY[email, display_name] FROM members
    UNION ALL SELECT 'K', organization_id, id, ARRAY[prefix, display_name] FROM api_keys
    UNION ALL SELECT 'U', o.id, u.id, '{}' FROM users AS u CROSS JOIN organizations AS o";

/// A private thing.
struct Secret {
    id: String,
    kind: &'static str,
    uuid: Uuid,
    words: Vec<String>,
}

/// Every private thing of a database.
pub struct Secrets(Vec<Secret>);

impl Secrets {
    pub async fn of(db: &TestDb) -> Self {
        let rows = db.rows(PRIVATE, &[]).await;
        let secret = |row: &tokio_postgres::Row| {
            let (letter, uuid, mut words): (&str, Uuid, Vec<String>) = (row.get(0), row.get(2), row.get(3));
            let (kind, id) = global(letter.as_bytes()[0], OrganizationId::from_uuid(row.get(1)), uuid);
            words.extend([uuid.to_string(), uuid.simple().to_string(), id.clone()]);
            Secret { id, kind, uuid, words }
        };
        Self(rows.iter().map(secret).collect())
    }

    /// Fails when an answer has anything in it that the person may not know.
    pub fn check(&self, world: &World, person: &Person, answer: &Value, what: &str) {
        let text = answer.to_string();
        let decoded: Vec<Vec<u8>> = strings(answer).into_iter().filter_map(decoded).collect();
        for secret in self.0.iter().filter(|secret| !is_known(world, person, secret)) {
            let word = secret.words.iter().find(|word| text.contains(word.as_str()));
            assert!(word.is_none(), "{what}: {} {word:?} shows in {text}", secret.kind);
            let has = |bytes: &Vec<u8>| {
                contains(bytes, secret.uuid.as_bytes())
                    || secret.words.iter().any(|word| contains(bytes, word.as_bytes()))
            };
            assert!(!decoded.iter().any(has), "{what}: {} {} is packed in {text}", secret.kind, secret.uuid);
        }
        for id in strings(answer).into_iter().filter(|text| text.parse::<AnyId>().is_ok()) {
            let (kind, relation) = (kind_of(id), world.relation(person, id));
            assert!(knows(person, kind, relation), "{what}: the id of a {kind} ({relation:?}) shows in {text}");
        }
        for (version, relation) in [(VERSION, Relation::Foreign), (VERSION + 1, Relation::Same)] {
            let may = may(person, Action::ReadVersions, relation);
            assert!(may || !text.contains(&version.to_string()), "{what}: a version shows in {text}");
        }
        let token = world.people.iter().filter_map(Person::token).find(|token| text.contains(token));
        assert!(token.is_none(), "{what}: a credential shows in {text}");
    }
}

fn is_known(world: &World, person: &Person, secret: &Secret) -> bool {
    // As a viewer, a program goes by the id of its key.
    let is_own_key = secret.kind == ApiKeyId::TYPE && person.key().is_some_and(|key| key.uuid() == secret.uuid);
    is_own_key || knows(person, secret.kind, world.relation(person, &secret.id))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What a cursor or an id holds.
fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() >= 16)
}

/// Every text within a value.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        _ => vec![],
    }
}

macro_rules! kinds {
    ($($id:ident),+) => {
        fn global(letter: u8, organization: OrganizationId, row: Uuid) -> (&'static str, String) {
            match letter {
                $($id::KIND => ($id::TYPE, Global::new(organization, $id::from_uuid(row)).to_string()),)+
                other => panic!("no kind {other}"),
            }
        }

        /// The type of a thing with a global id.
        fn kind_of(id: &str) -> &'static str {
            let any: AnyId = id.parse().expect("a global id");
            match any.kind() {
                $($id::KIND => $id::TYPE,)+
                other => panic!("no kind {other}"),
            }
        }
    };
}
kinds!(
    OrganizationId,
    UserId,
    LocationId,
    ProviderId,
    ServiceId,
    SlotId,
    BookingId,
    PatientId,
    MemberId,
    ApiKeyId,
    ChangeId
);
