//! What limits and responses need to know of the schema: the type of each field, which fields are pages, and which
//! objects an interface or union may turn out to be.

use std::collections::HashMap;

use async_graphql::parser::types::{BaseType, OperationType, ServiceDocument, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{self, types};

/// What a plain list without a size argument is charged for.
pub const ASSUMED_LIST: usize = 5;

/// One field of an object or interface.
#[derive(Clone, PartialEq, Eq, Debug)]
struct FieldType {
    type_name: String,
    is_list: bool,
    page_arguments: bool,
    required: Vec<bool>,
}

/// A field as the limits see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known<'a> {
    /// The named type behind lists and non-null.
    pub type_name: &'a str,
    /// Whether it is a list.
    pub is_list: bool,
    /// Whether `first` or `last` gives its size.
    pub page_arguments: bool,
    /// Whether it is non-null, then the same of the items of each list within, from the outside in.
    pub required: &'a [bool],
}

/// Types of all fields, read from the schema's own SDL.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TypeMap {
    fields: HashMap<String, HashMap<String, FieldType>>,
    possible: HashMap<String, Vec<String>>,
}

impl TypeMap {
    /// Reads an SDL.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(sdl: &str) -> Result<Self, parser::Error> {
        let document: ServiceDocument = parser::parse_schema(sdl)?;
        let mut map = Self::default();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let fields = match definition.node.kind {
                TypeKind::Object(object) => {
                    map.add_possible(&name, &name);
                    object.implements.iter().for_each(|interface| map.add_possible(&interface.node, &name));
                    object.fields
                }
                TypeKind::Interface(interface) => interface.fields,
                TypeKind::Union(union) => {
                    union.members.iter().for_each(|member| map.add_possible(&name, &member.node));
                    continue;
                }
                _ => continue,
            };
            let of = |field: &types::FieldDefinition| FieldType {
                type_name: named(&field.ty.node),
                is_list: matches!(field.ty.node.base, BaseType::List(_)),
                page_arguments: field
                    .arguments
                    .iter()
                    .any(|a| a.node.name.node == "first" || a.node.name.node == "last"),
                required: required(&field.ty.node),
            };
            let fields = fields.iter().map(|field| (field.node.name.node.to_string(), of(&field.node))).collect();
            map.fields.insert(name, fields);
        }
        Ok(map)
    }

    fn add_possible(&mut self, of: &str, object: &str) {
        self.possible.entry(of.to_owned()).or_default().push(object.to_owned());
    }

    /// The objects that a value of a type may be: of an object itself alone, of a scalar none.
    #[must_use]
    pub fn possible(&self, name: &str) -> &[String] {
        self.possible.get(name).map_or(&[], Vec::as_slice)
    }

    /// The root type of an operation.
    #[must_use]
    pub fn root(&self, kind: OperationType) -> &'static str {
        match kind {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        }
    }

    /// A field of a type.
    #[must_use]
    pub fn field(&self, parent: &str, name: &str) -> Option<Known<'_>> {
        let field = self.fields.get(parent)?.get(name)?;
        Some(Known {
            type_name: &field.type_name,
            is_list: field.is_list,
            page_arguments: field.page_arguments,
            required: &field.required,
        })
    }

    /// Every field of every type, as `Type.field`, sorted.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .fields
            .iter()
            .flat_map(|(parent, fields)| fields.keys().map(move |field| format!("{parent}.{field}")))
            .collect();
        all.sort();
        all
    }
}

fn named(ty: &types::Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => named(inner),
    }
}

fn required(ty: &types::Type) -> Vec<bool> {
    let mut levels = vec![!ty.nullable];
    if let BaseType::List(items) = &ty.base {
        levels.extend(required(items));
    }
    levels
}
