//! The append-only record of who did or saw what (FHIR AuditEvent).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::audit_events;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{AuditEventId, OrganizationId, RequestId, RowId};

/// One line of the record.
#[derive(Clone, Debug)]
pub struct AuditEvent<'a> {
    /// Whose record.
    pub organization: OrganizationId,
    /// The name they act under.
    pub principal: &'a str,
    /// As what.
    pub role: &'a str,
    /// Word of what was done: CREATED, CHANGED, REMOVED …
    pub action: &'a str,
    /// The mutation.
    pub operation: &'a str,
    /// The GraphQL type of what it was done to.
    pub entity: &'a str,
    /// Its row.
    pub id: Uuid,
    /// The patient it is about.
    pub patient: Option<Uuid>,
    /// Names of changed fields; never values.
    pub fields: &'a [&'a str],
    /// The request.
    pub request: RequestId,
}

/// Appends a line, with the transaction that it records.
///
/// # Errors
/// Those of the connection.
pub async fn record(conn: &mut OrgConn, event: &AuditEvent<'_>) -> Result<(), DbError> {
    let row = (
        audit_events::id.eq(AuditEventId::random()),
        audit_events::organization_id.eq(event.organization),
        audit_events::actor.eq(event.principal),
        audit_events::actor_role.eq(event.role),
        audit_events::action.eq(event.action),
        audit_events::operation.eq(event.operation),
        audit_events::entity_kind.eq(event.entity),
        audit_events::entity_id.eq(event.id),
        audit_events::patient_id.eq(event.patient),
        audit_events::changed_fields.eq(event.fields.to_vec()),
        audit_events::request_id.eq(event.request.uuid()),
    );
    diesel::insert_into(audit_events::table).values(row).execute(conn).await?;
    Ok(())
}
