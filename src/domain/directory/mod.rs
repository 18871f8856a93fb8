//! Who and what can be booked, and where.
//!
//! Every read asks for `ReadDirectory`; every change for its own right. A row of the directory is the domain's
//! own notion of it: nothing is computed from it here.

pub mod change_organization;
pub mod entries;
pub mod organizations;
pub mod providers;

pub use crate::db::directory::locations::LocationRow as Location;
pub use crate::db::directory::organizations::{OrganizationRow as Organization, PolicyRow as Policy};
pub use crate::db::directory::providers::{ProviderFilter, ProviderKey, ProviderRow as Provider};
pub use crate::db::directory::services::ServiceRow as Service;
pub use crate::db::directory::traits::TraitRow as Trait;
pub use crate::db::types::span;
pub use crate::db::types::{ApprovalMode, GuestBooking, LateCancellation, Modality, TraitKind};
