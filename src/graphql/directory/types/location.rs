//! Locations.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};

use crate::domain::directory;
use crate::graphql::context::Scope;
use crate::graphql::scalars::{PhoneNumber, RegionCode, TimeZone};
use crate::kernel::error::Error;

use super::{EntityStatus, version, zone};

/// A place with an address and a time zone.
pub struct Location {
    /// The scope it was found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: Arc<directory::Location>,
}

/// A place with an address and a time zone.
#[Object]
impl Location {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Name.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }
    /// Postal address.
    async fn address(&self) -> PostalAddress {
        PostalAddress {
            lines: self.row.address_lines.iter().flatten().cloned().collect(),
            city: self.row.city.clone(),
            postal_code: self.row.postal_code.clone(),
            region: self.row.region.clone().map(RegionCode),
            country: RegionCode(self.row.country.clone()),
        }
    }
    /// Where it is.
    async fn coordinates(&self) -> Option<GeoPoint> {
        let (latitude, longitude) = (self.row.latitude?, self.row.longitude?);
        Some(GeoPoint { latitude, longitude })
    }
    /// Zone of its local times.
    async fn time_zone(&self) -> Result<TimeZone, Error> {
        zone(&self.row.time_zone)
    }
    /// Public number.
    async fn phone(&self) -> Option<PhoneNumber> {
        self.row.phone.clone().map(PhoneNumber)
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

/// A postal address.
#[derive(SimpleObject, Clone, Debug)]
pub struct PostalAddress {
    /// Street lines, 1 to 4.
    lines: Vec<String>,
    /// City.
    city: String,
    /// Postal code.
    postal_code: Option<String>,
    /// State or province.
    region: Option<RegionCode>,
    /// Country, two letters.
    country: RegionCode,
}

/// A point on earth (WGS 84).
#[derive(SimpleObject, Clone, Debug)]
pub struct GeoPoint {
    /// Degrees, -90 to 90.
    latitude: f64,
    /// Degrees, -180 to 180.
    longitude: f64,
}
