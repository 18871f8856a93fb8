//! What providers are searched by: specialties, languages, insurance, regions; and the words for them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::{insurance_plans, provider_traits, specialties};
use crate::db::types::TraitKind;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, ProviderId};

/// One trait of one provider with its name for people, where it has one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraitRow {
    /// Whose.
    pub provider: ProviderId,
    /// Which sort.
    pub kind: TraitKind,
    /// Code, tag or region.
    pub value: String,
    /// Name of the specialty or plan.
    pub display_name: Option<String>,
    /// The insurer of a plan.
    pub payer: Option<String>,
}

/// Provider, kind, value, and the names of specialty, plan and payer.
type NamedTrait = (ProviderId, TraitKind, String, Option<String>, Option<String>, Option<String>);

/// Traits of providers, the main one of each kind first.
///
/// # Errors
/// Those of the connection.
pub async fn of_providers(conn: &mut OrgConn, providers: &[ProviderId]) -> Result<Vec<TraitRow>, DbError> {
    let named_specialty = provider_traits::kind
        .eq(TraitKind::Specialty.word())
        .and(specialties::organization_id.eq(provider_traits::organization_id))
        .and(specialties::code.eq(provider_traits::value));
    let named_plan = provider_traits::kind
        .eq(TraitKind::Insurance.word())
        .and(insurance_plans::organization_id.eq(provider_traits::organization_id))
        .and(insurance_plans::code.eq(provider_traits::value));
    let rows: Vec<NamedTrait> = provider_traits::table
        .left_join(specialties::table.on(named_specialty))
        .left_join(insurance_plans::table.on(named_plan))
        .filter(provider_traits::provider_id.eq_any(providers))
        .order((provider_traits::provider_id, provider_traits::kind, provider_traits::position, provider_traits::value))
        .select((
            provider_traits::provider_id,
            provider_traits::kind,
            provider_traits::value,
            specialties::display_name.nullable(),
            insurance_plans::display_name.nullable(),
            insurance_plans::payer.nullable(),
        ))
        .load(conn)
        .await?;
    let row = |(provider, kind, value, specialty, plan, payer)| TraitRow {
        provider,
        kind,
        value,
        display_name: Option::or(specialty, plan),
        payer,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// A trait to store; `position` orders those of one kind.
#[derive(Insertable, Clone, Debug)]
#[diesel(table_name = provider_traits)]
pub struct NewTrait {
    /// Owner.
    pub organization_id: OrganizationId,
    /// Which sort.
    pub kind: TraitKind,
    /// Code, tag or region.
    pub value: String,
    /// Whose.
    pub provider_id: ProviderId,
    /// Place among those of its kind.
    pub position: i16,
}

/// Adds traits of providers.
///
/// # Errors
/// `Violation` when a provider has one twice.
pub async fn insert(conn: &mut OrgConn, new: &[NewTrait]) -> Result<(), DbError> {
    diesel::insert_into(provider_traits::table).values(new).execute(conn).await?;
    Ok(())
}

/// Names a specialty.
///
/// # Errors
/// `Violation` when the code is taken.
pub async fn insert_specialty(
    conn: &mut OrgConn,
    organization: OrganizationId,
    code: &str,
    display_name: &str,
) -> Result<(), DbError> {
    let row = (
        specialties::organization_id.eq(organization),
        specialties::code.eq(code),
        specialties::display_name.eq(display_name),
    );
    diesel::insert_into(specialties::table).values(row).execute(conn).await?;
    Ok(())
}

/// Names an insurance plan.
///
/// # Errors
/// `Violation` when the code is taken.
pub async fn insert_plan(
    conn: &mut OrgConn,
    organization: OrganizationId,
    code: &str,
    display_name: &str,
    payer: &str,
) -> Result<(), DbError> {
    let row = (
        insurance_plans::organization_id.eq(organization),
        insurance_plans::code.eq(code),
        insurance_plans::display_name.eq(display_name),
        insurance_plans::payer.eq(payer),
    );
    diesel::insert_into(insurance_plans::table).values(row).execute(conn).await?;
    Ok(())
}
