//! Providers.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::{provider_traits, providers, specialties};
use crate::db::types::TraitKind;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, ProviderId};
use crate::kernel::page::PageRequest;

/// A person who can be booked.
#[derive(Queryable, Selectable, Insertable, Clone, Debug)]
#[diesel(table_name = providers)]
pub struct ProviderRow {
    /// Id.
    pub id: ProviderId,
    /// Owner.
    pub organization_id: OrganizationId,
    /// Name with title.
    pub display_name: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Short text.
    pub biography: Option<String>,
    /// Whether first visits can be booked.
    pub accepts_new_patients: bool,
    /// When they were taken out of use.
    pub retired_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Grows by one with each change.
    pub version: i32,
}

/// Place of a provider in the list by name.
pub type ProviderKey = (String, String, ProviderId);

/// Which providers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProviderFilter {
    /// Part of the name or of a specialty's name; case is ignored.
    pub search: Option<String>,
    /// Any of these.
    pub ids: Option<Vec<ProviderId>>,
    /// Any of these specialty codes.
    pub specialties: Option<Vec<String>>,
}

/// Active providers by family name, given name and id.
///
/// # Errors
/// Those of the connection.
pub async fn list(
    conn: &mut OrgConn,
    filter: &ProviderFilter,
    page: &PageRequest<ProviderKey>,
) -> Result<Vec<ProviderRow>, DbError> {
    let mut query = providers::table
        .filter(providers::retired_at.is_null())
        .select(ProviderRow::as_select())
        .order((providers::family_name, providers::given_name, providers::id))
        .limit(page.probe())
        .into_boxed();
    if let Some((family, given, id)) = &page.after {
        let same_family = providers::family_name.eq(family);
        query = query.filter(
            providers::family_name.gt(family).or(same_family
                .and(providers::given_name.gt(given).or(providers::given_name.eq(given).and(providers::id.gt(id))))),
        );
    }
    if let Some(ids) = &filter.ids {
        query = query.filter(providers::id.eq_any(ids));
    }
    if let Some(codes) = &filter.specialties {
        let practising = provider_traits::table
            .filter(provider_traits::kind.eq(TraitKind::Specialty.word()))
            .filter(provider_traits::value.eq_any(codes))
            .select(provider_traits::provider_id);
        query = query.filter(providers::id.eq_any(practising));
    }
    if let Some(text) = &filter.search {
        let pattern = format!("%{}%", escaped(text));
        let practising = provider_traits::table
            .inner_join(specialties::table.on(specialties::code.eq(provider_traits::value)))
            .filter(provider_traits::kind.eq(TraitKind::Specialty.word()))
            .filter(specialties::display_name.ilike(pattern.clone()))
            .select(provider_traits::provider_id);
        query = query.filter(providers::display_name.ilike(pattern).or(providers::id.eq_any(practising)));
    }
    Ok(query.load(conn).await?)
}

/// A text in which `%`, `_` and `\` stand for themselves in a LIKE pattern.
pub(in crate::db) fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

/// Providers by id, retired ones too, in no order.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[ProviderId]) -> Result<Vec<ProviderRow>, DbError> {
    let query = providers::table.filter(providers::id.eq_any(ids)).select(ProviderRow::as_select());
    Ok(query.load(conn).await?)
}

/// Adds a provider.
///
/// # Errors
/// `Violation` when a value breaks a rule of the table.
pub async fn insert(conn: &mut OrgConn, new: &ProviderRow) -> Result<(), DbError> {
    diesel::insert_into(providers::table).values(new).execute(conn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn wildcards_in_a_search_stand_for_themselves() {
        assert_eq!(super::escaped(r"50%_a\b"), r"50\%\_a\\b");
    }
}
