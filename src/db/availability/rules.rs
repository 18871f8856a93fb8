//! Rules of schedules as rows.

use chrono::{NaiveDate, NaiveTime};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::availability_rules;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, RuleId, ScheduleId};

/// Recurring open hours in local time.
#[derive(Queryable, Selectable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = availability_rules)]
pub struct RuleRow {
    /// Id.
    pub id: RuleId,
    /// Owner.
    pub organization_id: OrganizationId,
    /// The schedule it opens.
    pub schedule_id: ScheduleId,
    /// RFC 5545 RRULE value.
    pub rrule: String,
    /// Whether it was written in the weekly short form.
    pub is_weekly: bool,
    /// Local start.
    pub start_time: NaiveTime,
    /// Local minutes on the wall clock.
    pub open_minutes: i16,
    /// First local day.
    pub valid_from: NaiveDate,
    /// Last local day on which hours start.
    pub valid_until: Option<NaiveDate>,
}

/// Rules of a schedule that open anything.
///
/// # Errors
/// Those of the connection.
pub async fn of_schedules(conn: &mut OrgConn, schedules: &[ScheduleId]) -> Result<Vec<RuleRow>, DbError> {
    let query = availability_rules::table
        .filter(availability_rules::schedule_id.eq_any(schedules))
        .filter(availability_rules::retired_at.is_null())
        .order(availability_rules::id)
        .select(RuleRow::as_select());
    Ok(query.load(conn).await?)
}

/// Adds rules.
///
/// # Errors
/// `Violation` when a value breaks a rule of the table.
pub async fn insert(conn: &mut OrgConn, new: &[RuleRow]) -> Result<(), DbError> {
    diesel::insert_into(availability_rules::table).values(new).execute(conn).await?;
    Ok(())
}
