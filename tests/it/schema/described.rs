//! Everything has a description, and names follow one form.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputValueDefinition, ServiceDocument, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use openslot::app::schema::sdl;

fn document() -> ServiceDocument {
    parse_schema(sdl()).expect("an SDL")
}

fn types(document: &ServiceDocument) -> impl Iterator<Item = &TypeDefinition> {
    document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(&definition.node),
        _ => None,
    })
}

/// Path, description, and which sort of name it is.
type Named = (String, Option<String>, Form);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Type,
    Field,
    Word,
}

fn value(parent: &str, value: &InputValueDefinition) -> Named {
    let description = value.description.as_ref().map(|text| text.node.clone());
    (format!("{parent}.{}", value.name.node), description, Form::Field)
}

fn field(parent: &str, field: &FieldDefinition) -> Vec<Named> {
    let path = format!("{parent}.{}", field.name.node);
    let arguments = field.arguments.iter().map(|argument| value(&path, &argument.node));
    let own = (path.clone(), field.description.as_ref().map(|text| text.node.clone()), Form::Field);
    std::iter::once(own).chain(arguments).collect()
}

/// Everything of the schema that has a name.
fn named() -> Vec<Named> {
    let document = document();
    let mut all = Vec::new();
    for one in types(&document) {
        let name = one.name.node.to_string();
        all.push((name.clone(), one.description.as_ref().map(|text| text.node.clone()), Form::Type));
        match &one.kind {
            TypeKind::Object(object) => all.extend(object.fields.iter().flat_map(|f| field(&name, &f.node))),
            TypeKind::Interface(interface) => all.extend(interface.fields.iter().flat_map(|f| field(&name, &f.node))),
            TypeKind::InputObject(input) => all.extend(input.fields.iter().map(|f| value(&name, &f.node))),
            TypeKind::Enum(words) => all.extend(words.values.iter().map(|word| {
                let description = word.node.description.as_ref().map(|text| text.node.clone());
                (format!("{name}.{}", word.node.value.node), description, Form::Word)
            })),
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    assert!(all.len() > 250, "only {} names were found", all.len());
    all
}

#[test]
fn every_name_is_described() {
    let without: Vec<String> = named()
        .into_iter()
        .filter(|(_, description, _)| description.as_ref().is_none_or(|text| text.trim().len() < 3))
        .map(|(path, _, _)| path)
        .collect();
    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn descriptions_are_sentences() {
    let cut: Vec<String> = named()
        .into_iter()
        .filter(|(_, description, _)| {
            let text = description.as_deref().unwrap_or_default().trim_end();
            !text.ends_with(['.', '`']) || !text.starts_with(|c: char| c.is_ascii_uppercase() || c == '`')
        })
        .map(|(path, _, _)| path)
        .collect();
    assert_eq!(cut, Vec::<String>::new());
}

#[test]
fn names_have_the_form_of_their_sort() {
    for (path, _, form) in named() {
        let name = path.rsplit('.').next().expect("a name");
        let mut letters = name.chars();
        let first = letters.next().expect("a letter");
        let is_formed = match form {
            Form::Type => first.is_ascii_uppercase() && letters.all(|c| c.is_ascii_alphanumeric()),
            Form::Field => first.is_ascii_lowercase() && letters.all(|c| c.is_ascii_alphanumeric()),
            Form::Word => name.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
        };
        assert!(is_formed, "{path}");
    }
}

#[test]
fn words_that_have_another_name_here_do_not_occur() {
    for (path, _, _) in named() {
        let lower = path.to_lowercase();
        for word in ["tenant", "clinic", "doctor", "practitioner", "appointment", "customer", "calendar"] {
            assert!(!lower.contains(word), "{path} says {word}");
        }
    }
}
