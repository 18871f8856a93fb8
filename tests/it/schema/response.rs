//! Keys in the order of the document, null for what failed.

use async_graphql::{Name, Value};
use openslot::kernel::ids::{LocationId, SlotId};
use serde_json::json;

use crate::support::{Answer, Client, Practice, TestApp, User};

/// The answer as text below `data`, keys as they were sent, and the answer itself.
async fn ask(client: &Client, user: &User, query: &str, variables: serde_json::Value) -> (String, Answer) {
    let body = json!({ "query": query, "variables": variables });
    let request = client.http.post(client.url("/graphql")).bearer_auth(&user.token).json(&body);
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).expect("JSON");
    (inside(&text, &["data"]), Answer { status, body })
}

/// What stands at a path of a JSON text, as text.
fn inside(text: &str, path: &[&str]) -> String {
    let mut value: Value = serde_json::from_str(text).expect("JSON");
    for key in path {
        let Value::Object(mut object) = value else { panic!("no object around {key}: {text}") };
        value = object.swap_remove(&Name::new(key)).unwrap_or_else(|| panic!("no {key}: {text}"));
    }
    serde_json::to_string(&value).expect("JSON")
}

/// Keys of an object and of what it holds, in their order, without the values.
fn keys(data: &str) -> String {
    fn of(value: &Value) -> String {
        match value {
            Value::Object(object) => {
                let each: Vec<String> = object.iter().map(|(key, value)| format!("{key}{}", of(value))).collect();
                format!("{{{}}}", each.join(" "))
            }
            Value::List(items) => format!("[{}]", items.iter().map(of).collect::<Vec<_>>().join(" ")),
            Value::Null => "=null".to_owned(),
            _ => String::new(),
        }
    }
    of(&serde_json::from_str(data).expect("JSON"))
}

/// Takes the row of the practice's location away, as no foreign key would allow.
pub(super) async fn lose_location(app: &TestApp, practice: &Practice) {
    let id = practice.location;
    let delete = format!("DELETE FROM openslot.locations WHERE id = '{id}'");
    app.db
        .run(&format!("SET session_replication_role = replica; {delete}; SET session_replication_role = DEFAULT"))
        .await;
}

/// Every error is INTERNAL and says nothing of why.
fn assert_internal(answer: &Answer, paths: &[serde_json::Value]) {
    let errors = answer.body["errors"].as_array().expect("errors");
    assert_eq!(errors.iter().map(|error| error["path"].clone()).collect::<Vec<_>>(), paths, "{}", answer.body);
    assert!(answer.codes().iter().all(|code| code == "INTERNAL"), "{}", answer.body);
    assert!(!answer.body.to_string().contains("without its"), "{}", answer.body);
}

#[tokio::test]
async fn keys_stand_in_the_order_of_the_document_whatever_is_ready_first() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let id = practice.slot(0);
    let cases = [
        // What is loaded stands before what is at hand.
        (
            "query ($id: ID!) { slot(id: $id) { location { timeZone id } id provider { services { id } familyName } version }
               viewer { organization { slug id } role } __typename }",
            "{slot{location{timeZone id} id provider{services[{id}] familyName} version} \
             viewer{organization{slug id} role} __typename}",
        ),
        (
            "query ($id: ID!) { later: slot(id: $id) { place: location { id } id } now: __typename slot(id: $id) { id } }",
            "{later{place{id} id} now slot{id}}",
        ),
        // Merged where each stands first, through fragments of every sort.
        (
            "query ($id: ID!) { ...a node(id: $id) { id ... on Slot { version } } }
             fragment a on Query { node(id: $id) { ... on Slot { location { id } } ... on Provider { familyName } } __typename }",
            "{node{location{id} id version} __typename}",
        ),
        (
            "query ($id: ID!, $yes: Boolean = true, $no: Boolean! = false) { slot(id: $id) {
               provider @include(if: $yes) { id } location @skip(if: $yes) { id } version @include(if: $no)
               ... @skip(if: $no) { location { timeZone } } id } }",
            "{slot{provider{id} location{timeZone} id}}",
        ),
    ];
    for (query, wanted) in cases {
        let (data, answer) = ask(&app.client, &practice.patient, query, json!({ "id": id })).await;
        answer.ok();
        assert_eq!(keys(&data), wanted, "{query}");
    }
    app.stop().await;
}

#[tokio::test]
async fn introspection_is_complete_and_in_order() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let query = "{ viewer { role } __type(name: \"Query\") { kind name fields { type { ofType { name } kind } name } }
        __schema { queryType { name } types { name kind } } }";
    let (data, answer) = ask(&app.client, &practice.patient, query, json!({})).await;
    let answer = answer.ok();
    assert!(keys(&data).starts_with("{viewer{role} __type{kind name fields[{type{ofType"), "{data}");
    let names = |path: &str| answer.at(path).as_array().expect("a list").len();
    assert!(names("/__type/fields") >= 10 && names("/__schema/types") >= 50, "{data}");
    app.stop().await;
}

#[tokio::test]
async fn field_that_fails_is_null_and_its_siblings_stand() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let unknown = practice.clinic.global(SlotId::random());
    let place = practice.clinic.global(LocationId::random());
    let variables = json!({ "id": unknown, "place": place, "known": practice.slot(0) });
    let query = "query ($id: ID!) { slot(id: $id) { id } viewer { role } }";
    let (data, answer) = ask(&app.client, &practice.patient, query, variables.clone()).await;
    assert_eq!(data, r#"{"slot":null,"viewer":{"role":"PATIENT"}}"#);
    assert_eq!(answer.codes(), ["NOT_FOUND"]);
    let query = "query ($id: ID!, $place: ID!) { a: slot(id: $id) { id } b: location(id: $place) { id } }";
    let (data, answer) = ask(&app.client, &practice.patient, query, variables.clone()).await;
    assert_eq!(data, r#"{"a":null,"b":null}"#);
    assert_eq!(answer.codes(), ["NOT_FOUND", "NOT_FOUND"]);
    let query = "query ($id: ID!, $known: ID!) { nodes(ids: [$id, $known]) { __typename ... on Slot { version } } }";
    let (data, answer) = ask(&app.client, &practice.patient, query, variables).await;
    answer.ok();
    assert_eq!(data, r#"{"nodes":[null,{"__typename":"Slot","version":1}]}"#);
    app.stop().await;
}

#[tokio::test]
async fn refused_document_has_no_data() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    for query in ["{ nothing }", "{ viewer { role }", "{ viewer { role } slot { id } }"] {
        let answer = app.client.by(&practice.patient, query, json!({})).await;
        // Not even null (GraphQL, October 2021, section 7.1).
        assert!(answer.body.get("data").is_none(), "{query}: {}", answer.body);
        assert!(!answer.codes().is_empty());
    }
    let (data, answer) = ask(&app.client, &practice.patient, "{ viewer @skip(if: true) { role } }", json!({})).await;
    answer.ok();
    assert_eq!(data, "{}");
    app.stop().await;
}

#[tokio::test]
async fn payload_of_a_mutation_stands_in_order() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let query = "mutation ($input: BookSlotInput!) { bookSlot(input: $input) { userErrors { message code field }
        booking { slot { version location { id } } patient { id } provider { services { id } id } status id }
        clientMutationId alternatives { id } } }";
    let mut input = json!({ "slot": { "id": practice.slot(0) }, "clientMutationId": "one" });
    let (data, answer) = ask(&app.client, &practice.patient, query, json!({ "input": input })).await;
    answer.ok();
    let wanted = "{bookSlot{userErrors[] booking{slot{version location{id}} patient{id} provider{services[{id}] id} \
                  status id} clientMutationId alternatives[]}}";
    assert_eq!(keys(&data), wanted);
    input["clientMutationId"] = "two".into();
    let (data, answer) = ask(&app.client, &practice.other, query, json!({ "input": input })).await;
    answer.ok();
    let wanted = "{bookSlot{userErrors[{message code field[ ]}] booking=null clientMutationId";
    assert!(keys(&data).starts_with(wanted), "{}", keys(&data));
    app.stop().await;
}

#[tokio::test]
async fn failed_non_null_field_takes_the_nearest_nullable_parent_and_tells_nothing() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    lose_location(&app, &practice).await;
    let (slot, provider) = (practice.slot(0), practice.clinic.global(practice.provider));
    let variables = json!({ "slot": slot, "provider": provider });
    let cases = [
        (
            "query ($slot: ID!) { slot(id: $slot) { id location { id } } viewer { role } }",
            r#"{"slot":null,"viewer":{"role":"PATIENT"}}"#.to_owned(),
            vec![json!(["slot", "location"])],
        ),
        (
            "query ($slot: ID!) { slot(id: $slot) { localStart } }",
            r#"{"slot":null}"#.to_owned(),
            vec![json!(["slot", "localStart"])],
        ),
        (
            "query ($provider: ID!) { provider(id: $provider) { familyName slots(first: 1) { nodes { id location { id } } } } viewer { role } }",
            r#"{"provider":null,"viewer":{"role":"PATIENT"}}"#.to_owned(),
            vec![json!(["provider", "slots", "nodes", 0, "location"])],
        ),
        (
            "query ($slot: ID!, $provider: ID!) { nodes(ids: [$slot, $provider]) { ... on Provider { familyName } id ... on Slot { place: location { id } } } }",
            format!(r#"{{"nodes":[null,{{"familyName":"Lindholm","id":"{provider}"}}]}}"#),
            vec![json!(["nodes", 0, "place"])],
        ),
    ];
    for (query, wanted, paths) in cases {
        let (data, answer) = ask(&app.client, &practice.patient, query, variables.clone()).await;
        assert_eq!(data, wanted, "{query}");
        assert_internal(&answer, &paths);
    }
    app.stop().await;
}

#[tokio::test]
async fn every_item_of_a_stream_is_shaped() {
    let app = TestApp::start().await;
    let practice = app.practice().await;
    let (_, answer) = ask(&app.client, &practice.patient, "{ providers(first: 1) { streamCursor } }", json!({})).await;
    let after = answer.ok().text("/providers/streamCursor");
    let book = "mutation ($input: BookSlotInput!) { bookSlot(input: $input) { userErrors { code } } }";
    let input = json!({ "slot": { "id": practice.slot(0) } });
    ask(&app.client, &practice.patient, book, json!({ "input": input })).await.1.ok();

    let query = "subscription ($after: Cursor!) { item: slotChanges(after: $after) { ... on StreamItem { cursor }
        ... on SlotChange { slot { location { timeZone id } id provider { services { id } familyName } status } id kind } } }";
    let variables = json!({ "after": after });
    let mut stream = app.client.subscribe(Some(&practice.patient), query, variables.clone()).await;
    let item = inside(&stream.text().await.expect("an item"), &["payload", "data"]);
    let wanted = "{item{cursor slot{location{timeZone id} id provider{services[{id}] familyName} status} id kind}}";
    assert_eq!(keys(&item), wanted);

    lose_location(&app, &practice).await;
    let mut stream = app.client.subscribe(Some(&practice.patient), query, variables).await;
    let frame = stream.frame().await;
    assert_eq!(frame["payload"]["data"], json!(null), "{frame}");
    assert_eq!(frame["payload"]["errors"][0]["path"], json!(["item", "slot", "location"]));
    assert_eq!(frame["payload"]["errors"][0]["extensions"]["code"], "INTERNAL");
    assert!(!frame.to_string().contains("without its"), "{frame}");
    app.stop().await;
}
