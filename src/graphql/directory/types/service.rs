//! Services.

use std::sync::Arc;

use async_graphql::{ID, Object};

use crate::domain::directory;
use crate::graphql::context::Scope;
use crate::graphql::scalars::Duration;
use crate::graphql::words::mirrored;

use super::{EntityStatus, version};

mirrored! {
    /// How a visit takes place.
    Modality of directory::Modality {
        /// At the location.
        InPerson,
        /// By video.
        Video,
        /// By telephone.
        Phone,
    }
    /// Whether staff decide on each booking.
    ApprovalMode of directory::ApprovalMode {
        /// Booked at once.
        Automatic,
        /// PENDING, with the slot kept, until decided or timed out.
        StaffDecides,
    }
}

/// What is booked.
pub struct Service {
    /// The scope it was found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: Arc<directory::Service>,
}

/// What is booked.
#[Object]
impl Service {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Name: `Initial consultation`.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }
    /// For patients, at most 2,000 characters.
    async fn summary(&self) -> Option<&str> {
        self.row.summary.as_deref()
    }
    /// Length of the visit in minutes.
    async fn duration_minutes(&self) -> i16 {
        self.row.duration_minutes
    }
    /// Length of a first visit in minutes; null: the same.
    async fn new_patient_duration_minutes(&self) -> Option<i16> {
        self.row.new_patient_minutes
    }
    /// Blocked before, in minutes.
    async fn buffer_before_minutes(&self) -> i16 {
        self.row.buffer_before_minutes
    }
    /// Blocked after, in minutes.
    async fn buffer_after_minutes(&self) -> i16 {
        self.row.buffer_after_minutes
    }
    /// Seats per slot; above 1 it is a group service.
    async fn capacity(&self) -> i16 {
        self.row.capacity
    }
    /// Latest booking before the start.
    async fn minimum_notice(&self) -> Duration {
        Duration(directory::span(self.row.minimum_notice))
    }
    /// Earliest booking before the start.
    async fn maximum_advance(&self) -> Duration {
        Duration(directory::span(self.row.maximum_advance))
    }
    /// How the visit takes place.
    async fn modality(&self) -> Modality {
        self.row.modality.into()
    }
    /// Whether staff decide on each booking.
    async fn approval(&self) -> ApprovalMode {
        self.row.approval.into()
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
