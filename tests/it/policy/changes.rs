//! The mutations that always have an effect when they are allowed, asked by those who may; that nobody else changes anything
//! is the matrix's to show.

use std::collections::BTreeSet;

use super::coverage::{Part, part};
use super::documents::Schema;
use super::expect::{Judge, Wanted};
use super::leaks::Secrets;
use super::requests::{CHANGES_SOMETHING, requests};
use super::transport::Transport;
use super::world::{Person, Relation, World};
use crate::support::TestApp;

#[tokio::test]
async fn what_changes_something_shows_what_the_table_allows_over_post() {
    change(Transport::Post).await;
}

#[tokio::test]
async fn what_changes_something_shows_what_the_table_allows_over_web_socket() {
    change(Transport::WebSocket).await;
}

/// Everybody changes what they may: at last what is their own, since afterwards their token is worthless.
async fn change(transport: Transport) {
    let schema = Schema::read();
    let (app, world) = World::begun().await;
    let mut judge = Judge::new(&schema, &world);
    let mut changed = 0;
    for relation in [Relation::Foreign, Relation::Same, Relation::Own] {
        for person in &world.people {
            changed += everything((&app, &world), &mut judge, &schema, (transport, person, relation)).await;
        }
    }
    // Admins make keys, asked for by two names of one organization, and end sessions of another member and their own; so
    // do three others with their own.
    assert_eq!(changed, 2 + 2 + 3);
    let wanted = part(&schema, Part::Changes);
    let answered: BTreeSet<String> = judge.answered.intersection(&wanted).cloned().collect();
    assert_eq!(answered, wanted, "some fields were never answered");
    app.stop().await;
}

async fn everything(
    (app, world): (&TestApp, &World),
    judge: &mut Judge<'_>,
    schema: &Schema,
    (transport, person, relation): (Transport, &Person, Relation),
) -> usize {
    let mut changed = 0;
    for request in requests(schema, &world.things(person, relation)) {
        let is_change = CHANGES_SOMETHING.iter().any(|field| request.asked.name == *field);
        if !is_change || judge.wanted(&request, person, relation) != Wanted::Shown {
            continue;
        }
        let before = app.db.state().await;
        let mut line = transport.open(&app.client, person).await;
        let answer = line.ask(&request.document, &request.variables).await;
        let what = format!("{} by {:?} for {relation:?} over {transport:?}", request.row, person.actor.role);
        judge.answer((person, relation), &request, Wanted::Shown, &answer, &what);
        Secrets::of(&app.db).await.hidden_from(world, person).check(&answer, &what);
        assert_ne!(app.db.state().await, before, "{what} changed nothing");
        changed += 1;
    }
    changed
}
