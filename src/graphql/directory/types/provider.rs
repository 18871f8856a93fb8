//! Providers and what they are searched by.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use crate::domain::directory::{self, TraitKind};
use crate::graphql::availability::inputs::{SlotFilter, WindowInput};
use crate::graphql::availability::queries::FreeSlots;
use crate::graphql::availability::types::SlotConnection;
use crate::graphql::connection::connection;
use crate::graphql::context::Scope;
use crate::graphql::cost::{About, Page};
use crate::graphql::scalars::{Cursor, LanguageTag, RegionCode};
use crate::kernel::error::Error;

use super::{EntityStatus, Location, Service, version};

/// A person who can be booked (FHIR Practitioner and PractitionerRole).
pub struct Provider {
    /// The scope they were found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: Arc<directory::Provider>,
}

impl Provider {
    async fn traits(&self, kind: TraitKind) -> Result<Vec<directory::Trait>, Error> {
        let all = self.scope.loaders.traits.one(self.row.id).await?.unwrap_or_default();
        Ok(all.iter().filter(|one| one.kind == kind).cloned().collect())
    }
}

/// A person who can be booked (FHIR Practitioner and PractitionerRole).
#[Object]
impl Provider {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Name with title: `Dr. Ada Lindholm`.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }
    /// Given name.
    async fn given_name(&self) -> &str {
        &self.row.given_name
    }
    /// Family name.
    async fn family_name(&self) -> &str {
        &self.row.family_name
    }
    /// Short text, at most 2,000 characters.
    async fn biography(&self) -> Option<&str> {
        self.row.biography.as_deref()
    }
    /// What they practise, main one first, at most 20.
    #[graphql(directive = About::apply(3))]
    async fn specialties(&self) -> Result<Vec<Specialty>, Error> {
        let specialty = |one: directory::Trait| Specialty {
            display_name: one.display_name.unwrap_or_else(|| one.value.clone()),
            code: one.value,
        };
        Ok(self.traits(TraitKind::Specialty).await?.into_iter().map(specialty).collect())
    }
    /// Languages they treat in, at most 20.
    async fn languages(&self) -> Result<Vec<LanguageTag>, Error> {
        Ok(self.traits(TraitKind::Language).await?.into_iter().map(|one| LanguageTag(one.value)).collect())
    }
    /// Plans they accept, at most 100.
    #[graphql(directive = About::apply(10))]
    async fn accepted_insurance(&self) -> Result<Vec<InsurancePlan>, Error> {
        let plan = |one: directory::Trait| InsurancePlan {
            display_name: one.display_name.unwrap_or_else(|| one.value.clone()),
            payer: one.payer.unwrap_or_default(),
            code: one.value,
        };
        Ok(self.traits(TraitKind::Insurance).await?.into_iter().map(plan).collect())
    }
    /// Where they may treat, also by video, at most 60.
    async fn licensed_regions(&self) -> Result<Vec<RegionCode>, Error> {
        Ok(self.traits(TraitKind::LicensedRegion).await?.into_iter().map(|one| RegionCode(one.value)).collect())
    }
    /// Whether first visits can be booked.
    async fn accepts_new_patients(&self) -> bool {
        self.row.accepts_new_patients
    }
    /// Where they work, at most 50.
    #[graphql(directive = About::apply(3))]
    async fn locations(&self) -> Result<Vec<Location>, Error> {
        let rows = self.scope.loaders.locations_of_provider.one(self.row.id).await?.unwrap_or_default();
        Ok(rows.iter().map(|row| Location { scope: self.scope.clone(), row: row.clone() }).collect())
    }
    /// What can be booked with them, at most 100.
    #[graphql(directive = About::apply(5))]
    async fn services(&self) -> Result<Vec<Service>, Error> {
        let rows = self.scope.loaders.services_of_provider.one(self.row.id).await?.unwrap_or_default();
        Ok(rows.iter().map(|row| Service { scope: self.scope.clone(), row: row.clone() }).collect())
    }
    /// Their free slots, in the order of time. Inside a list of providers, `first: 5` shows the next times of each in the
    /// same request.
    #[graphql(directive = Page::apply())]
    async fn slots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When; the next 14 days without it.")] window: Option<WindowInput>,
        #[graphql(desc = "Which ones; all free ones without it.")] filter: Option<SlotFilter>,
        #[graphql(desc = "Page size from the start, 1 to 100. Without it: 20.")] first: Option<i32>,
        #[graphql(desc = "Items after this cursor of an earlier page with the same filter.")] after: Option<Cursor>,
    ) -> Result<SlotConnection, Error> {
        let ask = FreeSlots { window, filter, first, after };
        ask.of_provider(ctx, &self.scope, self.row.id).await
    }
    /// RETIRED ones are found by id only.
    async fn status(&self) -> EntityStatus {
        EntityStatus::of(self.row.retired_at)
    }
    /// Grows by one with each change. STAFF, ADMIN and INTEGRATOR with DIRECTORY_WRITE; null for others.
    async fn version(&self) -> Option<i32> {
        version(&self.scope, self.row.version)
    }
}

connection! {
    /// Providers.
    ProviderConnection,
    /// A provider and their place in the list.
    ProviderEdge of Provider, streamed by stream_cursor
}

/// A specialty.
#[derive(SimpleObject, Clone, Debug)]
pub struct Specialty {
    /// Code: SNOMED CT or NUCC, as configured.
    code: String,
    /// Name.
    display_name: String,
}

/// An insurance plan.
#[derive(SimpleObject, Clone, Debug)]
pub struct InsurancePlan {
    /// Code within the organization.
    code: String,
    /// Name of the plan.
    display_name: String,
    /// Name of the insurer.
    payer: String,
}
