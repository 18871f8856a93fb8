//! Filters of the directory.

use async_graphql::{ID, InputObject};

use crate::domain::directory::ProviderFilter;
use crate::graphql::context::parse_id;
use crate::kernel::error::Error;
use crate::kernel::ids::ProviderId;

/// Which providers. Fields are combined by AND, values in a list by OR.
#[derive(InputObject, Default)]
#[graphql(name = "ProviderFilter")]
pub struct ProviderFilterInput {
    /// Part of name or specialty, 2 to 100 characters, case ignored.
    search: Option<String>,
    /// Only these, at most 100.
    provider_ids: Option<Vec<ID>>,
    /// Specialty codes, at most 20.
    specialties: Option<Vec<String>>,
}

impl ProviderFilterInput {
    /// Parses ids.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn parse(self) -> Result<ProviderFilter, Error> {
        let ids = self
            .provider_ids
            .map(|ids| ids.iter().map(|id| parse_id::<ProviderId>("filter.providerIds", id).map(|id| id.id)).collect());
        Ok(ProviderFilter { search: self.search, ids: ids.transpose()?, specialties: self.specialties })
    }
}
