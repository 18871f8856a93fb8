//! One loader per kind of thing, made for one organization and one operation (or one event of a stream): everything a
//! level of the document needs of one kind is read in one statement, and read once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::domain::Services;
use crate::domain::availability::{Slot, SlotQuery, search};
use crate::domain::bookings::{Booking, view};
use crate::domain::directory::{Location, Provider, Service, Trait, entries, providers};
use crate::domain::identity::keys::{self, ApiKey};
use crate::domain::identity::members::{self, Member};
use crate::domain::identity::patients::{self, Patient};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{
    ApiKeyId, BookingId, LocationId, MemberId, PatientId, ProviderId, ScheduleId, ServiceId, SlotId,
};

use super::batch::{BatchSource, Loader};

/// What a source needs to call the domain.
#[derive(Clone)]
pub struct Access {
    ctx: Ctx,
    services: Arc<Services>,
}

type Found<K, V> = Result<HashMap<K, V>, Error>;

/// Declares sources and the set of their loaders.
macro_rules! loaders {
    ($($(#[$doc:meta])* $field:ident: $source:ident($key:ty) -> $value:ty = $load:ident;)+) => {
        $(
            $(#[$doc])*
            pub struct $source(Access);

            impl BatchSource for $source {
                type Key = $key;
                type Value = $value;
                type Error = Error;

                async fn load(&self, keys: Vec<$key>) -> Found<$key, $value> {
                    $load(&self.0, &keys).await
                }
            }
        )+

        /// The loaders of one operation in one organization.
        pub struct Loaders {
            $($(#[$doc])* pub $field: Loader<$source>,)+
        }

        impl Loaders {
            /// Empty loaders.
            #[must_use]
            pub fn new(ctx: &Ctx, services: &Arc<Services>) -> Self {
                let access = Access { ctx: ctx.clone(), services: services.clone() };
                Self { $($field: Loader::new($source(access.clone())),)+ }
            }
        }
    };
}

loaders! {
    /// Providers by id.
    providers: Providers(ProviderId) -> Arc<Provider> = load_providers;
    /// What providers are searched by.
    traits: Traits(ProviderId) -> Arc<Vec<Trait>> = load_traits;
    /// Locations by id.
    locations: Locations(LocationId) -> Arc<Location> = load_locations;
    /// Where providers work.
    locations_of_provider: LocationsOfProvider(ProviderId) -> Arc<Vec<Arc<Location>>> = load_locations_of_providers;
    /// Services by id.
    services: ServicesById(ServiceId) -> Arc<Service> = load_services;
    /// What can be booked with providers.
    services_of_provider: ServicesOfProvider(ProviderId) -> Arc<Vec<Arc<Service>>> = load_services_of_providers;
    /// What can be booked on schedules.
    services_of_schedule: ServicesOfSchedule(ScheduleId) -> Arc<Vec<Arc<Service>>> = load_services_of_schedules;
    /// Slots by id.
    slots: Slots(SlotId) -> Arc<Slot> = load_slots;
    /// Free slots of providers, one page each.
    slots_of_provider: SlotsOfProvider((ProviderId, Arc<SlotQuery>)) -> Arc<Vec<Arc<Slot>>> = load_slots_of_providers;
    /// Bookings by id that the caller may see.
    bookings: Bookings(BookingId) -> Arc<Booking> = load_bookings;
    /// Patients by id that the caller may see.
    patients: Patients(PatientId) -> Arc<Patient> = load_patients;
    /// Members by id that the caller may see.
    members: Members(MemberId) -> Arc<Member> = load_members;
    /// Locations that members are limited to.
    locations_of_member: LocationsOfMember(MemberId) -> Arc<Vec<LocationId>> = load_locations_of_members;
    /// API keys by id that the caller may see.
    api_keys: ApiKeys(ApiKeyId) -> Arc<ApiKey> = load_api_keys;
}

async fn load_providers(at: &Access, keys: &[ProviderId]) -> Found<ProviderId, Arc<Provider>> {
    Ok(keyed(providers::by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

async fn load_traits(at: &Access, keys: &[ProviderId]) -> Found<ProviderId, Arc<Vec<Trait>>> {
    let rows = providers::traits(&at.ctx, &at.services, keys).await?;
    Ok(grouped(rows.into_iter().map(|row| (row.provider, row))))
}

async fn load_locations(at: &Access, keys: &[LocationId]) -> Found<LocationId, Arc<Location>> {
    Ok(keyed(entries::locations_by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

async fn load_locations_of_providers(at: &Access, keys: &[ProviderId]) -> Found<ProviderId, Arc<Vec<Arc<Location>>>> {
    let rows = entries::locations_of_providers(&at.ctx, &at.services, keys).await?;
    Ok(grouped(rows.into_iter().map(|(provider, row)| (provider, Arc::new(row)))))
}

async fn load_services(at: &Access, keys: &[ServiceId]) -> Found<ServiceId, Arc<Service>> {
    Ok(keyed(entries::services_by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

async fn load_services_of_providers(at: &Access, keys: &[ProviderId]) -> Found<ProviderId, Arc<Vec<Arc<Service>>>> {
    let rows = entries::services_of_providers(&at.ctx, &at.services, keys).await?;
    Ok(grouped(rows.into_iter().map(|(provider, row)| (provider, Arc::new(row)))))
}

async fn load_services_of_schedules(at: &Access, keys: &[ScheduleId]) -> Found<ScheduleId, Arc<Vec<Arc<Service>>>> {
    let rows = entries::services_of_schedules(&at.ctx, &at.services, keys).await?;
    Ok(grouped(rows.into_iter().map(|(schedule, row)| (schedule, Arc::new(row)))))
}

async fn load_slots(at: &Access, keys: &[SlotId]) -> Found<SlotId, Arc<Slot>> {
    Ok(keyed(search::by_ids(&at.ctx, &at.services, keys).await?, |slot| slot.id))
}

/// Providers that are asked for the same page share a statement; a document rarely has more than one such page.
async fn load_slots_of_providers(
    at: &Access,
    keys: &[(ProviderId, Arc<SlotQuery>)],
) -> Found<(ProviderId, Arc<SlotQuery>), Arc<Vec<Arc<Slot>>>> {
    let mut pages: HashMap<Arc<SlotQuery>, Vec<ProviderId>> = HashMap::new();
    for (provider, query) in keys {
        pages.entry(query.clone()).or_default().push(*provider);
    }
    let mut found = HashMap::with_capacity(keys.len());
    for (query, providers) in pages {
        let slots = search::free_of_providers(&at.ctx, &at.services, &providers, &query).await?;
        let slots = slots.into_iter().map(|slot| ((slot.provider, query.clone()), Arc::new(slot)));
        found.extend(grouped(slots));
    }
    Ok(found)
}

async fn load_bookings(at: &Access, keys: &[BookingId]) -> Found<BookingId, Arc<Booking>> {
    Ok(keyed(view::by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

async fn load_patients(at: &Access, keys: &[PatientId]) -> Found<PatientId, Arc<Patient>> {
    Ok(keyed(patients::by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

async fn load_members(at: &Access, keys: &[MemberId]) -> Found<MemberId, Arc<Member>> {
    Ok(keyed(members::by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

async fn load_locations_of_members(at: &Access, keys: &[MemberId]) -> Found<MemberId, Arc<Vec<LocationId>>> {
    Ok(grouped(members::locations_of(&at.ctx, &at.services, keys).await?.into_iter()))
}

async fn load_api_keys(at: &Access, keys: &[ApiKeyId]) -> Found<ApiKeyId, Arc<ApiKey>> {
    Ok(keyed(keys::by_ids(&at.ctx, &at.services, keys).await?, |row| row.id))
}

fn keyed<K: Hash + Eq, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Arc<V>> {
    rows.into_iter().map(|row| (key(&row), Arc::new(row))).collect()
}

fn grouped<K: Hash + Eq, V>(rows: impl Iterator<Item = (K, V)>) -> HashMap<K, Arc<Vec<V>>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, row) in rows {
        groups.entry(key).or_default().push(row);
    }
    groups.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect()
}
