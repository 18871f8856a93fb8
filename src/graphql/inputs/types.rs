//! What inputs are made of, read from the schema's own SDL.

use std::collections::{HashMap, HashSet};

use async_graphql::Name;
use async_graphql::parser::types::{
    InputValueDefinition, ServiceDocument, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::parser::{self, parse_schema};

/// A field of an input object, or an argument.
#[derive(Clone, Debug)]
pub(super) struct InputField {
    pub(super) name: Name,
    pub(super) ty: Type,
    has_default: bool,
}

impl InputField {
    fn of(definition: &InputValueDefinition) -> Self {
        let (name, ty) = (definition.name.node.clone(), definition.ty.node.clone());
        Self { name, ty, has_default: definition.default_value.is_some() }
    }

    /// Whether it must be given.
    pub(super) fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

/// What a named input is; scalars are none of these.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// An object, or one of its fields by `@oneOf`.
    Object { fields: Vec<InputField>, is_one_of: bool },
    /// An enum.
    Words(HashSet<String>),
}

/// Inputs and arguments of a schema.
#[derive(Clone, Debug, Default)]
pub struct InputTypes {
    inputs: HashMap<Name, Input>,
    /// By type, then field.
    arguments: HashMap<Name, HashMap<Name, Vec<InputField>>>,
    scalars: HashSet<Name>,
}

impl InputTypes {
    /// Reads an SDL.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(sdl: &str) -> Result<Self, parser::Error> {
        let document: ServiceDocument = parse_schema(sdl)?;
        let mut types = Self::default();
        for definition in document.definitions {
            if let TypeSystemDefinition::Type(definition) = definition {
                types.add(&definition.node);
            }
        }
        Ok(types)
    }

    fn add(&mut self, definition: &TypeDefinition) {
        let name = definition.name.node.clone();
        let fields = match &definition.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            TypeKind::InputObject(object) => {
                let fields = object.fields.iter().map(|field| InputField::of(&field.node)).collect();
                let is_one_of = definition.directives.iter().any(|directive| directive.node.name.node == "oneOf");
                self.inputs.insert(name, Input::Object { fields, is_one_of });
                return;
            }
            TypeKind::Enum(words) => {
                let words = words.values.iter().map(|word| word.node.value.node.to_string()).collect();
                self.inputs.insert(name, Input::Words(words));
                return;
            }
            TypeKind::Scalar => {
                self.scalars.insert(name);
                return;
            }
            TypeKind::Union(_) => return,
        };
        let of = |arguments: &[parser::Positioned<InputValueDefinition>]| {
            arguments.iter().map(|argument| InputField::of(&argument.node)).collect()
        };
        let fields = fields.iter().map(|field| (field.node.name.node.clone(), of(&field.node.arguments)));
        self.arguments.insert(name, fields.collect());
    }

    pub(super) fn get(&self, name: &Name) -> Option<&Input> {
        self.inputs.get(name)
    }

    /// The type of an argument; `None` where there is none, which validation says.
    pub(super) fn argument(&self, parent: &str, field: &Name, argument: &Name) -> Option<&InputField> {
        let arguments = self.arguments.get(parent)?.get(field)?;
        arguments.iter().find(|known| known.name == *argument)
    }

    /// Names of the scalars that the schema declares.
    pub fn scalars(&self) -> impl Iterator<Item = &Name> {
        self.scalars.iter()
    }
}
