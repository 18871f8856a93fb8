//! Leadership by advisory lock: one connection of its own, held for as long as one leads.

use diesel::dsl::sql;
use diesel::sql_types::{Bool, Integer};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::connect::connect;
use super::error::DbError;

/// Leads one duty until it is dropped or the connection ends; the database frees the lock with the connection.
pub struct Leadership {
    conn: AsyncPgConnection,
}

impl Leadership {
    /// Tries to lead duty `number`; `None` when somebody else does.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn try_take(url: &str, number: i32) -> Result<Option<Self>, DbError> {
        let mut conn = connect(url).await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "no connection for leadership");
            DbError::Unavailable
        })?;
        let take = sql::<Bool>("pg_try_advisory_lock(3, ").bind::<Integer, _>(number).sql(")");
        let taken: bool = diesel::select(take).get_result(&mut conn).await?;
        Ok(taken.then_some(Self { conn }))
    }

    /// Whether the lock is still held: the connection that holds it answers.
    pub async fn is_held(&mut self) -> bool {
        let answer: Result<bool, _> = diesel::select(sql::<Bool>("true")).get_result(&mut self.conn).await;
        answer.is_ok()
    }
}
