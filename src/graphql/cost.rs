//! What fields cost, told in the schema itself by the directives of the IBM GraphQL Cost Directive specification. The limits
//! read them from there.

use std::borrow::Cow;

use async_graphql::TypeDirective;
use async_graphql::registry::location_traits::Directive_At_FIELD_DEFINITION;
use async_graphql::registry::{MetaDirectiveInvocation, Registry};

use super::connection::DEFAULT_PAGE;

pub use directives::{cost, list_size};

/// What the macro makes of these functions has no place for documentation.
#[allow(missing_docs)]
mod directives {
    use async_graphql::TypeDirective;

    /// What a field is charged instead of 1.
    #[TypeDirective(location = "FieldDefinition", name = "cost")]
    pub fn cost(#[graphql(desc = "Points.")] weight: i32) {}

    /// What sizes a list, to charge its items.
    #[TypeDirective(location = "FieldDefinition", name = "listSize")]
    pub fn list_size(
        #[graphql(desc = "Size where no slicing argument says.")] assumed_size: Option<i32>,
        #[graphql(desc = "Arguments that give the size; a list counts by its length.")] slicing_arguments: Option<
            Vec<String>,
        >,
        #[graphql(desc = "Fields below that have the size; the field itself without it.")] sized_fields: Option<
            Vec<String>,
        >,
        #[graphql(desc = "Whether exactly one of them must be given; true where nothing is said.")]
        require_one_slicing_argument: Option<bool>,
    ) {
    }
}

/// `@listSize` of a connection.
pub struct Page;

impl Page {
    /// Its size is `first`.
    pub fn apply() -> MetaDirectiveInvocation {
        let sized = ["edges", "nodes"].map(str::to_owned).to_vec();
        let assumed = i32::try_from(DEFAULT_PAGE).ok();
        list_size::apply(assumed, Some(vec!["first".to_owned()]), Some(sized), Some(false))
    }
}

/// `@listSize` of a plain list.
pub struct About;

impl About {
    /// It holds about so many.
    pub fn apply(items: i32) -> MetaDirectiveInvocation {
        list_size::apply(Some(items), None, None, None)
    }
}

/// `@listSize` of a list of what is asked for.
pub struct AsManyAs;

impl AsManyAs {
    /// It holds as many as this argument does.
    pub fn apply(argument: &str) -> MetaDirectiveInvocation {
        list_size::apply(None, Some(vec![argument.to_owned()]), None, None)
    }
}

macro_rules! is_list_size {
    ($($name:ident)+) => {$(
        impl Directive_At_FIELD_DEFINITION for $name {}
        impl TypeDirective for $name {
            fn name(&self) -> Cow<'static, str> { list_size.name() }
            fn register(&self, registry: &mut Registry) { list_size.register(registry); }
        }
    )+};
}
is_list_size! { Page About AsManyAs }
