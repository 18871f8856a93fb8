//! How much may run: operations at a time for everybody together, and points in a time for each caller.

use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::{Response, Value, value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::identity::session::Session;
use crate::graphql::error;
use crate::kernel::actor::Principal;
use crate::kernel::error::{Error, whole_seconds};
use crate::kernel::ids::RequestId;
use crate::kernel::time::Clock;
use crate::kv::RateLimit;
pub use crate::kv::Verdict as Rate;

/// Cost that one point of the rate limit stands for.
const COST_OF_A_POINT: usize = 100;

/// An answer, and what its transport tells beside it.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub response: Response,
    /// What is left of the caller's quota; `None` where nothing is counted.
    pub rate: Option<Rate>,
    /// Why nothing was run, where that is about traffic and not about the request.
    pub refused: Option<Error>,
}

impl Answer {
    /// One that was not counted.
    #[must_use]
    pub fn refused(error: Error, request_id: RequestId) -> Self {
        Self { response: error::refusal(&error, request_id), rate: None, refused: Some(error) }
    }
}

/// A place among the operations under way, for as long as it is held.
#[derive(Clone, Debug)]
pub struct Admission {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// A request that was counted.
#[derive(Clone, Debug)]
pub struct Entered {
    who: String,
    pub(super) rate: Option<Rate>,
}

/// Bounds what runs.
pub struct Traffic {
    places: Arc<Semaphore>,
    rate: Option<RateLimit>,
    clock: Clock,
}

impl Traffic {
    /// At most `operations` at a time; `rate` counts for each caller, if it is given.
    #[must_use]
    pub fn new(operations: usize, rate: Option<RateLimit>, clock: Clock) -> Self {
        Self { places: Arc::new(Semaphore::new(operations)), rate, clock }
    }

    /// A place, at once or not at all: who waits in a queue is answered too late to be of use, and costs memory meanwhile.
    ///
    /// # Errors
    /// `Busy`.
    pub fn admit(&self) -> Result<Admission, Error> {
        let permit = self.places.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        Ok(Admission { _permit: Arc::new(permit) })
    }

    /// Takes the point that every request costs, before anything of it is looked at; `Err` holds the verdict that refuses it.
    pub(super) async fn enter(&self, session: &Session, address: IpAddr) -> Result<Entered, Rate> {
        let who = match session.principal() {
            // A guest is made by a request: whoever made many would have as many quotas.
            Principal::Anonymous | Principal::Guest(_) => of_address(address),
            principal => principal.to_string(),
        };
        let rate = self.take(&who, 1).await?;
        Ok(Entered { who, rate })
    }

    /// Takes what an operation of this cost is counted as beyond that.
    pub(super) async fn charge(&self, entered: Entered, cost: usize) -> Result<Option<Rate>, Rate> {
        match points(cost) - 1 {
            0 => Ok(entered.rate),
            more => self.take(&entered.who, more).await,
        }
    }

    /// Takes a point of an address, for a credential that is no good.
    ///
    /// # Errors
    /// `RateLimited` when there is none left.
    pub(super) async fn charge_address(&self, address: IpAddr) -> Result<(), Error> {
        let verdict = self.take(&of_address(address), 1).await;
        verdict.map(drop).map_err(|verdict| Error::RateLimited(verdict.retry_after))
    }

    async fn take(&self, who: &str, points: u64) -> Result<Option<Rate>, Rate> {
        let Some(rate) = &self.rate else { return Ok(None) };
        let now = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        let verdict = rate.take(who, points, now).await;
        if verdict.is_allowed { Ok(Some(verdict)) } else { Err(verdict) }
    }
}

/// One request for each hundred of cost that was begun.
fn points(cost: usize) -> u64 {
    u64::try_from(cost.div_ceil(COST_OF_A_POINT).max(1)).unwrap_or(u64::MAX)
}

/// An address of IPv6 counts with its neighbours of the same /64: one subscriber has them all.
fn of_address(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("address:{address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// `extensions.rateLimit`.
pub(super) fn told(verdict: &Rate) -> Value {
    value!({
        "limit": verdict.limit,
        "remaining": verdict.remaining,
        "resetSeconds": whole_seconds(verdict.reset),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundred_points_of_cost_are_one_request() {
        let found = [0, 1, 100, 101, 5_000].map(points);
        assert_eq!(found, [1, 1, 1, 2, 50]);
    }

    #[test]
    fn neighbours_in_a_network_of_ipv6_count_together() {
        let of = |text: &str| of_address(text.parse().expect("an address"));
        assert_eq!(of("203.0.113.9"), "address:203.0.113.9");
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.9"));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::4"), of("2001:db8:1:3::4"));
    }
}
