//! `docs/errors.md`, made of the list of codes and of the schema.

use std::fmt::Write as _;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{EnumType, TypeDefinition, TypeKind, TypeSystemDefinition};

use super::Code;

const HEAD: &str = "# Errors

Made by `make schema` from the code; do not edit.

A request can fail in two ways. A **business refusal** is data: the payload of the mutation has `userErrors`, each with a
`code` of that mutation's own list, a `message` and the `field` at fault, and nothing was changed. Everything else is a
**top-level error** in `errors`, with `extensions.code` of the list below and `extensions.requestId`, which is also the
header `X-Request-Id`. Lists grow; a client treats a code that it does not know like `INTERNAL`, and a refusal that it does
not know by its `message`.

## Top-level errors

| `extensions.code` | when | what to do |
|---|---|---|
";

/// The page.
#[must_use]
pub fn page(sdl: &str) -> String {
    let mut page = HEAD.to_owned();
    for code in Code::ALL {
        let _ = writeln!(page, "| `{}` |{} | {} |", code.word(), code.when(), code.advice());
    }
    let definitions = definitions(sdl);
    page.push_str("\n## Refusals\n");
    for definition in &definitions {
        let name = definition.name.node.as_str();
        let (Some(error), TypeKind::Enum(codes)) = (name.strip_suffix("ErrorCode"), &definition.kind) else {
            continue;
        };
        let _ = write!(page, "\n### `{}`\n\n| `code` | meaning |\n|---|---|\n", lower_first(error));
        write_codes(&mut page, codes);
    }
    page
}

fn definitions(sdl: &str) -> Vec<TypeDefinition> {
    let Ok(document) = parse_schema(sdl) else { return Vec::new() };
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        _ => None,
    });
    types.collect()
}

fn write_codes(page: &mut String, codes: &EnumType) {
    for code in codes.values.iter().map(|code| &code.node) {
        let meaning = code.description.as_ref().map(|text| text.node.replace('\n', " ")).unwrap_or_default();
        let _ = writeln!(page, "| `{}` | {} |", code.value.node, meaning.trim());
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
