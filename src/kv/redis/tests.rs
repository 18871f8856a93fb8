//! The bus against a real server that is killed and started again.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::server::RedisServer;
use super::*;
use crate::kv::BusEvent;

const SOON: Duration = Duration::from_secs(10);

fn bus(url: String, prefix: &str, tracker: &TaskTracker) -> RedisBus {
    let bus = RedisBus::new(&RedisSettings::new(url, prefix), tracker);
    bus.unwrap_or_else(|error| unreachable!("{error}"))
}

fn message(channel: &str, payload: &str) -> Message {
    Message { channel: channel.to_owned(), payload: payload.to_owned().into() }
}

/// The next event of interest; others before it are passed over.
async fn until(listener: &mut Listener, wanted: impl Fn(&BusEvent) -> bool) -> Option<BusEvent> {
    timeout(SOON, async {
        loop {
            match listener.events.recv().await {
                Some(event) if wanted(&event) => return Some(event),
                Some(_) => {}
                None => return None,
            }
        }
    })
    .await
    .unwrap_or_default()
}

async fn is_up(listener: &mut Listener) -> bool {
    until(listener, |event| *event == BusEvent::Reconnected).await.is_some()
}

#[tokio::test]
async fn server_may_be_killed_and_come_back() {
    let Some(mut server) = RedisServer::start().await else { unreachable!("redis-server is needed for this test") };
    let tracker = TaskTracker::new();
    let bus = bus(server.url(), "t[1]:", &tracker);
    let mut listener = bus.listen();
    assert!(is_up(&mut listener).await);
    assert!(listener.subscriptions.subscribe("changes:1").await.is_ok());
    assert!(listener.subscriptions.subscribe("changes:2").await.is_ok());
    assert!(listener.subscriptions.unsubscribe("changes:2").await.is_ok());
    assert_eq!(bus.subscribed_channels("changes:").await.ok(), Some(vec!["changes:1".to_owned()]));
    assert_eq!(bus.subscribed_channels("other").await.ok(), Some(vec![]));

    let sent = vec![message("changes:2", "not wanted"), message("changes:1", "one"), message("changes:1", "two")];
    assert!(bus.publish(sent).await.is_ok());
    let is_message = |event: &BusEvent| matches!(event, BusEvent::Message(_));
    for text in ["one", "two"] {
        assert_eq!(until(&mut listener, is_message).await, Some(BusEvent::Message(message("changes:1", text))));
    }

    server.kill();
    assert!(until(&mut listener, |event| *event == BusEvent::Disconnected).await.is_some());
    assert!(bus.publish(vec![message("changes:1", "lost")]).await.is_err());
    assert!(listener.subscriptions.subscribe("changes:3").await.is_err());

    assert!(server.restart().await);
    assert!(is_up(&mut listener).await);
    let sent = bus.publish(vec![message("changes:1", "three"), message("changes:3", "four")]).await;
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(until(&mut listener, is_message).await, Some(BusEvent::Message(message("changes:1", "three"))));
    assert_eq!(until(&mut listener, is_message).await, Some(BusEvent::Message(message("changes:3", "four"))));

    drop(listener);
    tracker.close();
    assert!(timeout(SOON, tracker.wait()).await.is_ok(), "the line ends with its listener");
}

#[tokio::test]
async fn start_does_not_wait_for_the_server() {
    let Some(mut server) = RedisServer::start().await else { unreachable!("redis-server is needed for this test") };
    server.kill();
    let tracker = TaskTracker::new();
    let bus = bus(server.url(), "", &tracker);
    let mut listener = bus.listen();
    assert!(timeout(SOON, bus.ping()).await.is_ok_and(|pong| pong.is_err()));
    assert!(timeout(SOON, listener.subscriptions.subscribe("a")).await.is_ok_and(|done| done.is_err()));
    assert!(server.restart().await);
    assert!(is_up(&mut listener).await);
    assert!(bus.publish(vec![message("a", "here")]).await.is_ok());
    let heard = until(&mut listener, |event| matches!(event, BusEvent::Message(_))).await;
    assert_eq!(heard, Some(BusEvent::Message(message("a", "here"))));
}

#[tokio::test]
async fn server_that_does_not_answer_is_noticed_and_taken_back() {
    let Some(server) = RedisServer::start().await else { unreachable!("redis-server is needed for this test") };
    let tracker = TaskTracker::new();
    let bus = bus(server.url(), "", &tracker);
    let mut listener = bus.listen();
    assert!(is_up(&mut listener).await);
    assert!(listener.subscriptions.subscribe("a").await.is_ok());
    assert!(server.stall(true));
    assert!(timeout(SOON, bus.publish(vec![message("a", "late")])).await.is_ok_and(|sent| sent.is_err()));
    assert!(until(&mut listener, |event| *event == BusEvent::Disconnected).await.is_some());
    assert!(server.stall(false));
    assert!(is_up(&mut listener).await);
    assert!(bus.publish(vec![message("a", "now")]).await.is_ok());
    let now = BusEvent::Message(message("a", "now"));
    assert!(until(&mut listener, |event| *event == now).await.is_some());
}

#[test]
fn pattern_takes_names_literally() {
    assert_eq!(literal(r"a*b?[c]^\d:"), r"a\*b\?\[c\]\^\\d:");
}

#[test]
fn settings_do_not_show_the_url() {
    let shown = format!("{:?}", RedisSettings::new("redis://user:secret@host", "p:"));
    assert!(!shown.contains("secret") && shown.contains("p:"), "{shown}");
}
