//! Who is who, and what a token is worth.

mod api_keys;
mod bookings;
mod forged;
mod guest_tokens;
mod keys;
mod members;
pub mod revocation;
mod rights;
mod tokens;
mod viewer;

/// Who asks.
pub const VIEWER: &str = "query V($slug: String) { viewer(organizationSlug: $slug) {
    id role organization { slug } patient { id version } provider { id } sessionExpiresAt } }";
