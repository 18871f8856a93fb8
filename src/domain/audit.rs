//! The record of who did what, written with what was done.

use uuid::Uuid;

use crate::db::audit::{self, AuditEvent};
use crate::db::{DbError, OrgConn};
use crate::kernel::ctx::Ctx;
use crate::kernel::ids::{PatientId, RowId};

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Something was made.
    Created,
    /// Something was changed.
    Changed,
    /// Something was taken away.
    Removed,
}

/// What was done to what.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What was done.
    pub deed: Deed,
    /// The mutation.
    pub operation: &'a str,
    /// The GraphQL type.
    pub entity: &'a str,
    /// The row.
    pub id: Uuid,
    /// Names of changed fields; never values.
    pub fields: &'a [&'a str],
}

/// Appends to the record, in the transaction of the deed.
///
/// # Errors
/// Those of the connection.
pub async fn record(conn: &mut OrgConn, ctx: &Ctx, entry: Entry<'_>) -> Result<(), DbError> {
    let principal = ctx.actor.principal.to_string();
    let action = match entry.deed {
        Deed::Created => "CREATED",
        Deed::Changed => "CHANGED",
        Deed::Removed => "REMOVED",
    };
    let event = AuditEvent {
        organization: ctx.organization,
        principal: &principal,
        role: ctx.actor.role.word(),
        action,
        operation: entry.operation,
        entity: entry.entity,
        id: entry.id,
        patient: (entry.entity == PatientId::TYPE).then_some(entry.id),
        fields: entry.fields,
        request: ctx.request_id,
    };
    audit::record(conn, &event).await
}
