#![allow(clippy::unwrap_used, reason = "a test may end this way")]

use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Request, Schema, Value};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::*;

/// A round trip to a task that plays the database.
type Database = mpsc::Sender<oneshot::Sender<()>>;

fn database() -> Database {
    let (sender, mut receiver) = mpsc::channel::<oneshot::Sender<()>>(64);
    tokio::spawn(async move {
        while let Some(reply) = receiver.recv().await {
            let _ = reply.send(());
        }
    });
    sender
}

/// Finds ten times the key of every key that is not negative, and counts its batches.
#[derive(Clone)]
struct Tens {
    database: Database,
    batches: Arc<AtomicUsize>,
}

impl BatchSource for Tens {
    type Key = i32;
    type Value = i32;
    type Error = &'static str;

    async fn load(&self, keys: Vec<i32>) -> Result<HashMap<i32, i32>, &'static str> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        let (reply, answer) = oneshot::channel();
        self.database.send(reply).await.map_err(|_| "no database")?;
        answer.await.map_err(|_| "no answer")?;
        if keys.contains(&13) {
            return Err("unlucky");
        }
        Ok(keys.into_iter().filter(|key| *key >= 0).map(|key| (key, key * 10)).collect())
    }
}

fn tens() -> (Loader<Tens>, Arc<AtomicUsize>) {
    let batches = Arc::new(AtomicUsize::new(0));
    (Loader::new(Tens { database: database(), batches: Arc::clone(&batches) }), batches)
}

struct Loaders {
    left: Loader<Tens>,
    right: Loader<Tens>,
    deep: Loader<Tens>,
}

struct Query;

#[Object]
impl Query {
    async fn items(&self, count: i32) -> Vec<Item> {
        (0..count).map(Item).collect()
    }
}

struct Item(i32);

#[Object]
impl Item {
    async fn left(&self, ctx: &Context<'_>) -> async_graphql::Result<Deep> {
        let value = ctx.data::<Loaders>()?.left.one(self.0 + 100).await?;
        value.map(Deep).ok_or_else(|| "absent".into())
    }

    async fn right(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i32>> {
        Ok(ctx.data::<Loaders>()?.right.one(self.0 + 100).await?)
    }

    /// Many items share one key.
    async fn shared(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i32>> {
        Ok(ctx.data::<Loaders>()?.left.one(100 + self.0 / 12).await?)
    }

    /// Few items ask at all.
    async fn sparse(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i32>> {
        if self.0 % 25 != 0 {
            return Ok(None);
        }
        Ok(ctx.data::<Loaders>()?.left.one(self.0 + 100).await?)
    }
}

struct Deep(i32);

#[Object]
impl Deep {
    async fn value(&self) -> i32 {
        self.0
    }

    async fn deep(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i32>> {
        Ok(ctx.data::<Loaders>()?.deep.one(self.0).await?)
    }
}

type TestSchema = Schema<Query, EmptyMutation, EmptySubscription>;

/// Runs one operation on its own task and counts its batches.
async fn batches_of(schema: TestSchema, database: Database, query: &'static str) -> usize {
    let batches = Arc::new(AtomicUsize::new(0));
    let tens = Tens { database, batches: Arc::clone(&batches) };
    let loader = || Loader::new(tens.clone());
    let request = Request::new(query).data(Loaders { left: loader(), right: loader(), deep: loader() });
    let operation = async move { scope(schema.execute(request)).await };
    let response = tokio::spawn(operation).await.unwrap();
    assert_eq!(response.errors, []);
    assert_ne!(response.data, Value::Null);
    batches.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_level_is_exactly_one_batch() {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let database = database();
    for (query, right) in [
        ("{items(count: 1) {left {value} right}}", 2),
        ("{items(count: 30) {left {value} right}}", 2),
        ("{items(count: 31) {left {value} right}}", 2),
        ("{items(count: 100) {left {value} right}}", 2),
        ("{items(count: 40) {left {deep} right}}", 3),
        ("{items(count: 100) {shared right}}", 2),
        ("{items(count: 100) {sparse right}}", 2),
        ("{x: items(count: 40) {left {deep}} y: items(count: 7) {left {value} right}}", 3),
    ] {
        for concurrency in [1, 4, 64] {
            let permits = Arc::new(Semaphore::new(concurrency));
            let reads = (0..12.max(concurrency)).map(|_| {
                let (permits, schema, database) = (Arc::clone(&permits), schema.clone(), database.clone());
                tokio::spawn(async move {
                    let _permit = permits.acquire().await.unwrap();
                    batches_of(schema, database, query).await
                })
            });
            for batches in join_all(reads).await {
                assert_eq!(batches.unwrap(), right, "{query} at concurrency {concurrency}");
            }
        }
    }
}

#[tokio::test]
async fn values_come_in_order_with_absent_and_repeated_keys() {
    let (loader, batches) = tens();
    let values = scope(loader.many(vec![3, -1, 1, 3])).await;
    assert_eq!(values, Ok(vec![Some(30), None, Some(10), Some(30)]));
    assert_eq!(scope(loader.many(vec![])).await, Ok(vec![]));
    assert_eq!(batches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_found_or_absent_is_not_read_again() {
    let (loader, batches) = tens();
    for _ in 0..2 {
        assert_eq!(scope(loader.many(vec![1, -1])).await, Ok(vec![Some(10), None]));
        assert_eq!(scope(loader.one(1)).await, Ok(Some(10)));
    }
    assert_eq!(batches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_error_reaches_all_of_its_batch_and_nobody_else() {
    let (loader, batches) = tens();
    let asked = scope(async { tokio::join!(loader.one(1), loader.one(13), loader.many(vec![2, 1])) }).await;
    assert_eq!(asked, (Err("unlucky"), Err("unlucky"), Err("unlucky")));
    assert_eq!(scope(loader.one(3)).await, Ok(Some(30)));
    assert_eq!(batches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn one_who_stops_waiting_midway_harms_nobody() {
    // Whoever started the batch gives up while it is gathered, or while the database works.
    for gives_up_while_gathered in [true, false] {
        let (sender, mut requests) = mpsc::channel::<oneshot::Sender<()>>(1);
        let batches = Arc::new(AtomicUsize::new(0));
        let loader = Loader::new(Tens { database: sender, batches: Arc::clone(&batches) });
        let (give_up, given_up) = oneshot::channel::<()>();
        let first = async {
            tokio::select! { biased; value = loader.one(1) => Some(value), _ = given_up => None }
        };
        let answer = async {
            if gives_up_while_gathered {
                drop(give_up);
                requests.recv().await.unwrap().send(()).unwrap();
                return;
            }
            let reply = requests.recv().await.unwrap();
            drop(give_up);
            tokio::task::yield_now().await;
            reply.send(()).unwrap();
        };
        let asked = scope(async { tokio::join!(first, loader.one(2), answer) });
        let asked = tokio::time::timeout(Duration::from_secs(5), asked).await.unwrap();
        assert_eq!((asked.0, asked.1), (None, Ok(Some(20))));
        assert_eq!(batches.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn dropping_the_operation_midway_frees_everything() {
    let (database, mut requests) = mpsc::channel::<oneshot::Sender<()>>(1);
    let tens = Tens { database, batches: Arc::default() };
    let loader = Loader::new(tens);
    let source: Weak<Tens> = Arc::downgrade(&loader.source);
    let operation = tokio::spawn(async move { scope(loader.many(vec![1, 2])).await });
    let reply = requests.recv().await.unwrap();
    operation.abort();
    assert!(operation.await.unwrap_err().is_cancelled());
    assert!(reply.is_closed(), "nobody waits for the database any more");
    assert!(source.upgrade().is_none(), "the loader is not held by its own batch");
}

#[tokio::test]
async fn without_a_scope_the_values_are_the_same() {
    let (loader, batches) = tens();
    let asked = tokio::join!(loader.one(1), loader.one(2), loader.many(vec![1, 2, 3]));
    assert_eq!(asked, (Ok(Some(10)), Ok(Some(20)), Ok(vec![Some(10), Some(20), Some(30)])));
    assert_eq!(batches.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_batch_outlives_the_scope_it_was_opened_in() {
    let (loader, _) = tens();
    let loader = Arc::new(loader);
    let (opened, is_open) = oneshot::channel::<()>();
    let (outside, inside) = (Arc::clone(&loader), Arc::clone(&loader));
    let ended = async {
        // Woken again and again, the operation is never quiet, and ends with its batch still open.
        let asks = async {
            tokio::select! { biased; _ = inside.one(1) => panic!("closed"), () = ready_later() => () }
        };
        scope(asks).await;
        opened.send(()).unwrap();
    };
    let waits = async {
        is_open.await.unwrap();
        outside.one(2).await
    };
    let ((), value) = tokio::join!(ended, waits);
    assert_eq!(value, Ok(Some(20)));
}

/// Ready at its second poll, for which it asks at once.
async fn ready_later() {
    let mut polled = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
