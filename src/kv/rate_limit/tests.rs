//! Redis and the pure rule say the same, and what happens while Redis is away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::kv::RedisSettings;
use crate::kv::redis::server::RedisServer;

const QUOTA: Quota = Quota { points: 10, window: Duration::from_millis(1_000) };

fn shared(server: &RedisServer) -> RateLimit {
    let line = Line::new(&RedisSettings::new(server.url(), "test:")).expect("a URL");
    RateLimit::shared(QUOTA, Arc::new(line))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn script_and_rule_agree_on_every_step() {
    let server = RedisServer::start().await.expect("redis-server is installed");
    let limit = shared(&server);
    let steps = prop::collection::vec((-300_i64..900, 1_u64..14), 1..40);
    let mut runner = TestRunner::new(ProptestConfig { cases: 40, ..ProptestConfig::default() });
    let runtime = tokio::runtime::Handle::current();
    let case = std::sync::atomic::AtomicU64::new(0);
    tokio::task::block_in_place(|| {
        runner.run(&steps, |steps| {
            let who = format!("case:{}", case.fetch_add(1, Ordering::Relaxed));
            let (mut used, mut now) = (Used::default(), 1_000_000_u64);
            for (step, points) in steps {
                now = now.saturating_add_signed(step);
                let wanted = QUOTA.take(&mut used, points, now);
                let found = runtime.block_on(limit.take(&who, points, now));
                prop_assert_eq!(found, wanted, "at {}", now);
            }
            Ok(())
        })
    })
    .expect("they agree");
}

#[tokio::test]
async fn replicas_count_together_and_callers_apart() {
    let server = RedisServer::start().await.expect("redis-server is installed");
    let [one, other] = [0, 1].map(|_| shared(&server));
    assert_eq!(one.take("user:a", 6, 5_000).await.remaining, 4);
    assert_eq!(other.take("user:a", 4, 5_001).await.remaining, 0);
    assert!(!one.take("user:a", 1, 5_002).await.is_allowed);
    assert!(one.take("user:b", 10, 5_003).await.is_allowed);
}

#[tokio::test]
async fn without_redis_each_replica_keeps_the_quota_by_itself() {
    let mut server = RedisServer::start().await.expect("redis-server is installed");
    let [one, other] = [0, 1].map(|_| shared(&server));
    server.kill();
    for limit in [&one, &other] {
        assert!(limit.take("user:a", 10, 5_000).await.is_allowed);
        assert!(!limit.take("user:a", 1, 5_001).await.is_allowed);
    }
    assert!(server.restart().await, "the server starts again");
    // It is asked again only after a while; that finds the old connection dead, and the next one has a new one.
    assert!(!one.take("user:a", 1, 5_999).await.is_allowed);
    for limit in [&one, &other] {
        limit.take("user:c", 1, 7_000).await;
    }
    assert!(one.take("user:b", 6, 9_000).await.is_allowed);
    assert!(!other.take("user:b", 6, 9_001).await.is_allowed, "counted in Redis by the first");
}
