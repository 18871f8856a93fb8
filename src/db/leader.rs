//! Leadership by advisory lock: one connection of its own, held for as long as one leads.

use diesel::ConnectionError;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::error::DbError;
use super::pool::notice_silence;

/// Leads one duty until it is dropped or the connection ends; the database frees the lock with the connection.
pub struct Leadership {
    conn: AsyncPgConnection,
}

async fn connect(url: &str) -> Result<AsyncPgConnection, ConnectionError> {
    let refused = |error: tokio_postgres::Error| ConnectionError::BadConnection(error.to_string());
    let mut config: tokio_postgres::Config = url.parse().map_err(refused)?;
    notice_silence(&mut config);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(refused)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
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
        let sql = format!("pg_try_advisory_lock(3, {number})");
        let taken: bool = diesel::select(diesel::dsl::sql::<Bool>(&sql)).get_result(&mut conn).await?;
        Ok(taken.then_some(Self { conn }))
    }

    /// Whether the lock is still held: the connection that holds it answers.
    pub async fn is_held(&mut self) -> bool {
        let answer: Result<bool, _> = diesel::select(diesel::dsl::sql::<Bool>("true")).get_result(&mut self.conn).await;
        answer.is_ok()
    }
}
