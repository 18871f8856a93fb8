//! Patients, as far as the caller may know them. What names them is added when it can be encrypted.

use crate::db::DbError;
use crate::db::identity::patients;
use crate::domain::Services;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::PatientId;

use super::authorize::Authorize;
use super::policy::{Action, Belongs};

/// The person a booking is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Patient {
    /// Id.
    pub id: PatientId,
    /// Grows by one with each change.
    pub version: i32,
}

/// Those of these patients whom the caller may see.
///
/// # Errors
/// Those that every read shares.
pub async fn by_ids(ctx: &Ctx, services: &Services, ids: &[PatientId]) -> Result<Vec<Patient>, Error> {
    let belongs = |id: &PatientId| Belongs { patient: Some(*id), ..Belongs::default() };
    let ids = ctx.visible(Action::ReadPatient, ids.len(), ids.to_vec(), belongs);
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows =
        services.db.read::<_, DbError, _>(ctx.organization, async |conn| patients::by_ids(conn, &ids).await).await?;
    Ok(rows.into_iter().map(|(id, version)| Patient { id, version }).collect())
}
