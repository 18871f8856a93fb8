//! What limits and responses need to know of the schema: the type of each field, which fields are pages, and which
//! objects an interface or union may turn out to be.

use std::collections::HashMap;

use async_graphql::parser::types::{BaseType, OperationType, ServiceDocument, TypeKind, TypeSystemDefinition};
use async_graphql::parser::{self, types};
use async_graphql::{Positioned, Value as ConstValue};

/// What a list without `@listSize` is charged for.
const ASSUMED_LIST: usize = 5;

/// How long a list is for the limits: `@listSize`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListSize {
    /// Items where no argument says.
    pub assumed: usize,
    /// Arguments that say: a number, or a list that has as many.
    pub slicing: Vec<String>,
    /// Fields below that have the items; the field itself where there are none.
    pub sized: Vec<String>,
}

/// One field of an object or interface.
#[derive(Clone, PartialEq, Eq, Debug)]
struct FieldType {
    type_name: String,
    size: Option<ListSize>,
    weight: Option<usize>,
    required: Vec<bool>,
}

/// A field as the limits see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known<'a> {
    /// The named type behind lists and non-null.
    pub type_name: &'a str,
    /// How long it is, where it is a list or has one.
    pub size: Option<&'a ListSize>,
    /// Points by `@cost`.
    pub weight: Option<usize>,
    /// Whether it is non-null, then the same of the items of each list within, from the outside in.
    pub required: &'a [bool],
}

impl Known<'_> {
    /// Whether it is a page, whose size `first` says.
    #[must_use]
    pub fn is_page(&self) -> bool {
        self.size.is_some_and(|size| size.slicing.iter().any(|argument| argument == "first"))
    }
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
            let fields =
                fields.iter().map(|field| (field.node.name.node.to_string(), field_type(&field.node))).collect();
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
            size: field.size.as_ref(),
            weight: field.weight,
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

fn field_type(field: &types::FieldDefinition) -> FieldType {
    let directive = |name: &str| field.directives.iter().map(|it| &it.node).find(|it| it.name.node == name);
    let weight = directive("cost").and_then(|cost| number(cost.get_argument("weight")));
    let is_list = matches!(field.ty.node.base, BaseType::List(_));
    let size = directive("listSize").map(|it| ListSize {
        assumed: number(it.get_argument("assumedSize")).unwrap_or(ASSUMED_LIST),
        slicing: names(it.get_argument("slicingArguments")),
        sized: names(it.get_argument("sizedFields")),
    });
    let size = size.or_else(|| is_list.then(|| ListSize { assumed: ASSUMED_LIST, ..ListSize::default() }));
    FieldType { type_name: named(&field.ty.node), size, weight, required: required(&field.ty.node) }
}

fn number(value: Option<&Positioned<ConstValue>>) -> Option<usize> {
    match &value?.node {
        ConstValue::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        _ => None,
    }
}

fn names(value: Option<&Positioned<ConstValue>>) -> Vec<String> {
    let Some(ConstValue::List(names)) = value.map(|value| &value.node) else { return Vec::new() };
    let text = |name: &ConstValue| if let ConstValue::String(name) = name { Some(name.clone()) } else { None };
    names.iter().filter_map(text).collect()
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
