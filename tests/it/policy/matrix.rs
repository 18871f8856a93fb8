//! Every field, asked by everybody for what is their own, of others, and of another organization, over every transport:
//! what is seen is exactly what the table allows, and asking changes nothing.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use super::coverage::{Part, part};
use super::documents::Schema;
use super::expect::{Judge, Wanted, codes, knows};
use super::leaks::{Hidden, Secrets};
use super::requests::{CHANGES_SOMETHING, Request, by_id, requests};
use super::things::Things;
use super::transport::{Line, Transport};
use super::world::{Person, Relation, World};
use crate::support::TestApp;

/// What everybody is told of a kind that cannot be looked up by its id.
const NOT_FOUND_BY_ID: [&str; 1] = ["SlotChange"];

/// One who asks for things of one relation.
struct Cell<'a> {
    hidden: &'a Hidden<'a>,
    person: &'a Person,
    relation: Relation,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_what_the_table_allows_and_nothing_else() {
    let schema = Schema::read();
    let (app, world) = World::begun().await;
    let secrets = Secrets::of(&app.db).await;
    let before = app.db.state().await;
    let answered = join_all(world.people.iter().map(|person| ask(&app, &world, &schema, &secrets, person))).await;
    assert_eq!(app.db.state().await, before, "something was changed by asking");
    let answered: BTreeSet<String> = answered.into_iter().flatten().collect();
    assert_eq!(answered, part(&schema, Part::Questions), "some fields were never answered");
    app.stop().await;
}

/// Asks for everything as one person; the fields that were answered.
async fn ask(app: &TestApp, world: &World, schema: &Schema, secrets: &Secrets, person: &Person) -> BTreeSet<String> {
    let mut judge = Judge::new(schema, world);
    let mut lines = open(app, person).await;
    let hidden = secrets.hidden_from(world, person);
    for relation in Relation::ALL {
        let cell = Cell { hidden: &hidden, person, relation };
        cell.ask(schema, &world.things(person, relation), &mut judge, &mut lines).await;
    }
    judge.answered
}

async fn open(app: &TestApp, person: &Person) -> Vec<Line> {
    let mut lines = Vec::new();
    for transport in Transport::ALL {
        lines.push(transport.open(&app.client, person).await);
    }
    lines
}

impl Cell<'_> {
    async fn ask(&self, schema: &Schema, things: &Things, judge: &mut Judge<'_>, lines: &mut [Line]) {
        for (kind, request) in by_id(schema, things) {
            let is_shown = knows(self.person, &kind, self.relation) && !NOT_FOUND_BY_ID.contains(&kind.as_str());
            let wanted = if is_shown { Wanted::Shown } else { Wanted::Absent };
            self.compare(judge, lines, &request, wanted).await;
        }
        let strangers = requests(schema, &things.missing());
        for (request, stranger) in requests(schema, things).into_iter().zip(strangers) {
            let wanted = judge.wanted(&request, self.person, self.relation);
            let changes = CHANGES_SOMETHING.iter().any(|field| request.asked.name == *field);
            if wanted == Wanted::Refused {
                let answer = self.compare(judge, lines, &request, wanted).await;
                self.same_as_missing(&mut lines[0], &request, &stranger, &answer).await;
            } else if !changes {
                self.compare(judge, lines, &request, wanted).await;
            }
        }
    }

    /// Over every transport the same answer, and the right one.
    async fn compare(&self, judge: &mut Judge<'_>, lines: &mut [Line], request: &Request, wanted: Wanted) -> Value {
        let mut first = None;
        for (line, transport) in lines.iter_mut().zip(Transport::ALL) {
            if !transport.takes(&request.document) {
                continue;
            }
            let answer = line.ask(&request.document, &request.variables).await;
            let what = format!("{} over {transport:?}", self.what(request));
            judge.answer((self.person, self.relation), request, wanted, &answer, &what);
            self.hidden.check(&answer, &what);
            let first = first.get_or_insert_with(|| answer.clone());
            assert_eq!(told(&answer), told(first), "{what}");
        }
        first.expect("a transport")
    }

    /// Whoever may not know a thing cannot tell it from one that does not exist.
    async fn same_as_missing(&self, line: &mut Line, request: &Request, stranger: &Request, answer: &Value) {
        let missing = line.ask(&stranger.document, &stranger.variables).await;
        // Whoever may know the thing is told that it is not theirs to change.
        let is_told = codes(answer) == ["FORBIDDEN"] && codes(&missing) == ["NOT_FOUND"];
        let is_known = is_told && named(request).is_some_and(|kind| knows(self.person, kind, self.relation));
        if !is_known {
            assert_eq!(told(answer), told(&missing), "{} and what does not exist", self.what(request));
        }
    }

    fn what(&self, request: &Request) -> String {
        let id = request.variables["id"].as_str().map(|_| request.asked.below.iter().map(|shape| shape.of.as_str()));
        let of: String = id.into_iter().flatten().collect();
        format!("{} {of} by {:?} for {:?}", request.row, self.person.actor.role, self.relation)
    }
}

/// The type of the thing that the input of a mutation names.
fn named(request: &Request) -> Option<&'static str> {
    let input = &request.variables["i"];
    let kinds = [("bookingId", "Booking"), ("memberId", "Member"), ("apiKeyId", "ApiKey")];
    kinds.into_iter().find(|(field, _)| !input[*field].is_null()).map(|(_, kind)| kind)
}

/// Data and codes; where the log stands is another place each time.
fn told(answer: &Value) -> (Value, Vec<String>) {
    let mut data = answer["data"].clone();
    without_cursor(&mut data);
    (data, codes(answer))
}

fn without_cursor(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_cursor),
        Value::Object(fields) => {
            fields.remove("streamCursor");
            fields.values_mut().for_each(without_cursor);
        }
        _ => {}
    }
}
