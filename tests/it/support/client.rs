//! A GraphQL client over HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::clinic::User;
use super::socket::Subscription;

/// Speaks to one replica.
#[derive(Clone)]
pub struct Client {
    pub addr: SocketAddr,
    pub http: reqwest::Client,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Client {
    pub fn new(addr: SocketAddr) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build();
        Self { addr, http: http.expect("a client") }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// As nobody.
    pub async fn guest(&self, query: &str, variables: Value) -> Answer {
        self.post(None, &json!({ "query": query, "variables": variables })).await
    }

    /// As a user.
    pub async fn by(&self, user: &User, query: &str, variables: Value) -> Answer {
        self.post(Some(&user.token), &json!({ "query": query, "variables": variables })).await
    }

    /// A query in the URL.
    pub async fn get(&self, token: Option<&str>, query: &str, variables: &Value) -> Answer {
        let parameters = [("query", query), ("variables", &variables.to_string())];
        let url = reqwest::Url::parse_with_params(&self.url("/graphql"), parameters).expect("a URL");
        Self::answer(self.http.get(url), token).await
    }

    /// Any body.
    pub async fn post(&self, token: Option<&str>, body: &Value) -> Answer {
        Self::answer(self.http.post(self.url("/graphql")).json(body), token).await
    }

    async fn answer(mut request: reqwest::RequestBuilder, token: Option<&str>) -> Answer {
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {status} {text}"));
        Answer { status, body }
    }

    /// Opens a stream and waits until the socket has acknowledged; the subscription itself is sent.
    pub async fn subscribe(&self, user: Option<&User>, query: &str, variables: Value) -> Subscription {
        Subscription::open(self.addr, user.map(|user| user.token.as_str()), query, variables).await
    }
}

impl Answer {
    /// A value by its path below `data`, such as `/bookSlot/booking/id`.
    pub fn at(&self, path: &str) -> &Value {
        let found = self.body.pointer(&format!("/data{path}"));
        found.unwrap_or_else(|| panic!("nothing at {path}: {}", self.body))
    }

    /// A text by its path below `data`.
    pub fn text(&self, path: &str) -> String {
        self.at(path).as_str().unwrap_or_else(|| panic!("no text at {path}: {}", self.body)).to_owned()
    }

    /// Codes of the top-level errors.
    pub fn codes(&self) -> Vec<String> {
        let errors = self.body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let code = |error: &Value| error.pointer("/extensions/code").and_then(Value::as_str).map(str::to_owned);
        errors.iter().map(|error| code(error).unwrap_or_else(|| panic!("no code: {error}"))).collect()
    }

    /// Codes of the refusals of a mutation.
    pub fn refusals(&self, mutation: &str) -> Vec<String> {
        let errors = self.at(&format!("/{mutation}/userErrors")).as_array().expect("a list").clone();
        errors.iter().map(|error| error["code"].as_str().expect("a code").to_owned()).collect()
    }

    /// The body without the id that every request has of its own.
    pub fn without_request_id(&self) -> Value {
        let mut body = self.body.clone();
        for error in body["errors"].as_array_mut().into_iter().flatten() {
            error["extensions"].as_object_mut().and_then(|extensions| extensions.remove("requestId"));
        }
        body
    }

    /// Fails unless there are no errors at all.
    pub fn ok(self) -> Self {
        assert!(self.body.get("errors").is_none(), "{}", self.body);
        self
    }
}
