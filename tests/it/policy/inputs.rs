//! Every place of the schema that takes a text, with the least else that a request needs.

use std::cell::Cell;
use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use openslot::app::schema::sdl;
use serde_json::{Map, Value, json};

use super::things::Things;

/// Scalars that are no text.
const NO_TEXT: [&str; 3] = ["Int", "Float", "Boolean"];

/// A place that takes a text: the root field, and the way from its arguments on.
#[derive(Clone, Debug)]
pub struct Place {
    root: &'static str,
    field: String,
    path: Vec<String>,
}

impl Place {
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.root, self.field, self.path.join("."))
    }
}

/// The inputs of the schema, and good values for them.
pub struct Inputs {
    kinds: HashMap<String, TypeKind>,
    things: Things,
    fresh: Cell<u32>,
}

impl Inputs {
    pub fn of(things: &Things) -> Self {
        let document = parse_schema(sdl()).expect("an SDL");
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        });
        let kinds = types.map(|definition| (definition.name.node.to_string(), definition.kind)).collect();
        Self { kinds, things: things.clone(), fresh: Cell::new(0) }
    }

    /// Every place below these root types.
    pub fn places(&self, roots: &[&'static str]) -> Vec<Place> {
        let mut all = Vec::new();
        for root in roots {
            for field in self.fields(root) {
                let mut paths = Vec::new();
                for argument in &field.arguments {
                    self.walk(&argument.node, vec![], &mut paths);
                }
                let field = field.name.node.to_string();
                all.extend(paths.into_iter().map(|path| Place { root, field: field.clone(), path }));
            }
        }
        all
    }

    /// A request with the text in the place, and what else it needs.
    pub fn request(&self, place: &Place, text: &str) -> (String, Value) {
        let fields = self.fields(place.root);
        let field = fields.into_iter().find(|field| field.name.node == place.field).expect("the field");
        let mut variables = Map::new();
        let (mut declared, mut passed) = (Vec::new(), Vec::new());
        for argument in field.arguments.iter().map(|argument| &argument.node) {
            let name = argument.name.node.to_string();
            let below = (place.path[0] == name).then(|| &place.path[1..]);
            let Some(value) = self.value(argument, &place.field, below.map(|path| (path, text))) else { continue };
            declared.push(format!("${name}: {}", argument.ty.node));
            passed.push(format!("{name}: ${name}"));
            variables.insert(name, value);
        }
        let word = place.root.to_lowercase();
        let (declared, passed) = (declared.join(", "), passed.join(", "));
        (format!("{word}({declared}) {{ {}({passed}) {{ __typename }} }}", place.field), Value::Object(variables))
    }

    fn fields(&self, of: &str) -> Vec<&FieldDefinition> {
        match &self.kinds[of] {
            TypeKind::Object(object) => object.fields.iter().map(|field| &field.node).collect(),
            _ => panic!("{of} is no object"),
        }
    }

    fn walk(&self, input: &InputValueDefinition, mut path: Vec<String>, found: &mut Vec<Vec<String>>) {
        path.push(input.name.node.to_string());
        let name = named(&input.ty.node);
        match self.kinds.get(name) {
            Some(TypeKind::InputObject(object)) => {
                object.fields.iter().for_each(|field| self.walk(&field.node, path.clone(), found));
            }
            Some(TypeKind::Enum(_)) => {}
            _ if NO_TEXT.contains(&name) => {}
            _ => found.push(path),
        }
    }

    /// A value for an input: with the text in its place, else a good one; none for what can be left out.
    fn value(&self, input: &InputValueDefinition, within: &str, text: Option<(&[String], &str)>) -> Option<Value> {
        let is_needed = !input.ty.node.nullable && input.default_value.is_none();
        let name = input.name.node.as_str();
        // Without it the caller's own sessions end.
        let is_wanted = within == "revokeSessions" && name == "memberId";
        if text.is_none() && !is_needed && !is_wanted {
            return None;
        }
        let one = self.one(&input.ty.node.base, name, within, text);
        Some(one)
    }

    fn one(&self, of: &BaseType, name: &str, within: &str, text: Option<(&[String], &str)>) -> Value {
        let kind = match of {
            BaseType::List(items) => return json!([self.one(&items.base, name, within, text)]),
            BaseType::Named(kind) => kind.as_str(),
        };
        match (self.kinds.get(kind), text) {
            (Some(TypeKind::InputObject(object)), _) => {
                let mut fields = Map::new();
                for field in object.fields.iter().map(|field| &field.node) {
                    let name = field.name.node.to_string();
                    let below = text.filter(|(path, _)| path[0] == name).map(|(path, text)| (&path[1..], text));
                    if let Some(value) = self.value(field, within, below) {
                        fields.insert(name, value);
                    }
                }
                Value::Object(fields)
            }
            (Some(TypeKind::Enum(words)), _) => json!(words.values.last().expect("a word").node.value.node.as_str()),
            (_, Some((_, text))) => json!(text),
            _ => self.good(kind, name, within),
        }
    }

    fn good(&self, kind: &str, name: &str, within: &str) -> Value {
        let things = &self.things;
        self.fresh.set(self.fresh.get() + 1);
        match (kind, name) {
            ("Int" | "Float", _) => json!(1),
            ("Boolean", _) => json!(false),
            ("EmailAddress", _) => json!(format!("fresh-{}@example.com", self.fresh.get())),
            ("Duration", _) => json!("PT1H"),
            ("LocalDate", _) => json!("2027-03-02"),
            ("DateTime", _) => json!("2027-03-02T08:00:00Z"),
            ("ID", "bookingId") => json!(things.booking),
            ("ID", "memberId") => json!(things.member),
            ("ID", "apiKeyId") => json!(things.key),
            ("ID", "serviceId") => json!(things.service),
            ("ID", _) => match within {
                "bookSlot" | "slot" => json!(things.slot),
                "booking" => json!(things.booking),
                "location" => json!(things.location),
                "service" => json!(things.service),
                _ => json!(things.provider),
            },
            ("String", _) => json!("text"),
            other => panic!("say what a good {other:?} is"),
        }
    }
}

fn named(of: &Type) -> &str {
    let mut base = &of.base;
    loop {
        match base {
            BaseType::List(items) => base = &items.base,
            BaseType::Named(name) => return name.as_str(),
        }
    }
}
