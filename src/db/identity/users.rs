//! Users as rows. They belong to no organization, so nobody who serves requests may read the table.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::schema::users;
use crate::db::statement::sql_file;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::UserId;

sql_file! {
    struct KnownUser<'a> in "resolve_user.sql" {
        1 => issuer: &'a str as Text,
        2 => subject: &'a str as Text,
    } -> SqlUuid
}

sql_file! {
    struct RevokeSessions<'a> in "revoke_sessions.sql" {
        1 => user: UserId as SqlUuid,
    } -> Nullable<Timestamptz>
}

/// Adds a user as an issuer knows them, and answers their id; one who is there already keeps theirs.
///
/// # Errors
/// Those of the connection.
pub async fn ensure(conn: &mut OrgConn, issuer: &str, subject: &str) -> Result<UserId, DbError> {
    let row = (users::id.eq(UserId::random()), users::issuer.eq(issuer), users::subject.eq(subject));
    diesel::insert_into(users::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(KnownUser { issuer, subject, marker: PhantomData }.get_result(conn).await?)
}

/// Makes all tokens of somebody of the organization worthless that were issued until now. Answers from when tokens are
/// good again; `None` for a stranger.
///
/// # Errors
/// Those of the connection.
pub async fn revoke_sessions(conn: &mut OrgConn, user: UserId) -> Result<Option<DateTime<Utc>>, DbError> {
    Ok(RevokeSessions { user, marker: PhantomData }.get_result(conn).await?)
}
