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

/// What one person may not know.
pub struct Hidden<'a> {
    world: &'a World,
    person: &'a Person,
    words: Vec<String>,
    /// Ids as cursors and other ids hold them.
    packed: Vec<String>,
}

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

    /// Those that the person may not know; credentials nobody may.
    pub fn hidden_from<'a>(&self, world: &'a World, person: &'a Person) -> Hidden<'a> {
        let hidden: Vec<&Secret> = self.0.iter().filter(|secret| !is_known(world, person, secret)).collect();
        let versions = [(VERSION, Relation::Foreign), (VERSION + 1, Relation::Same)];
        let versions = versions.into_iter().filter(|(_, relation)| !may(person, Action::ReadVersions, *relation));
        let tokens = world.people.iter().filter_map(Person::token).map(str::to_owned);
        let words = hidden.iter().flat_map(|secret| secret.words.clone());
        let words = words.chain(versions.map(|(version, _)| version.to_string())).chain(tokens).collect();
        let packed = hidden.iter().map(|secret| letters(secret.uuid.as_bytes())).collect();
        Hidden { world, person, words, packed }
    }
}

impl Hidden<'_> {
    /// Fails when an answer has anything in it that the person may not know.
    pub fn check(&self, answer: &Value, what: &str) {
        let (text, strings) = (answer.to_string(), strings(answer));
        let unpacked: Vec<String> = strings.iter().filter_map(|text| unpacked(text)).collect();
        let unpacked = unpacked.join(" ");
        for word in &self.words {
            assert!(!text.contains(word.as_str()), "{what}: {word} shows in {text}");
            assert!(!unpacked.contains(word.as_str()), "{what}: {word} is packed in {text}");
        }
        let packed = self.packed.iter().find(|id| unpacked.contains(id.as_str()));
        assert!(packed.is_none(), "{what}: {packed:?} is packed in {text}");
        for id in strings.into_iter().filter(|text| text.parse::<AnyId>().is_ok()) {
            let (kind, relation) = (kind_of(id), self.world.relation(self.person, id));
            assert!(knows(self.person, kind, relation), "{what}: the id of a {kind} ({relation:?}) shows in {text}");
        }
    }
}

fn is_known(world: &World, person: &Person, secret: &Secret) -> bool {
    // As a viewer, a program goes by the id of its key.
    let is_own_key = secret.kind == ApiKeyId::TYPE && person.key().is_some_and(|key| key.uuid() == secret.uuid);
    is_own_key || knows(person, secret.kind, world.relation(person, &secret.id))
}

/// What a cursor or an id holds, one letter for each byte.
fn unpacked(text: &str) -> Option<String> {
    URL_SAFE_NO_PAD.decode(text).ok().map(|bytes| letters(&bytes))
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
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
