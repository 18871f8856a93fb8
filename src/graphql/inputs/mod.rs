//! Values that a request brings, held against the types of the schema before anything runs: a mutation must not happen
//! because the variables of the next one were found to be wrong too late (GraphQL, October 2021, section 6.1.2). Each fault
//! is named by its path.

mod arguments;
mod types;
mod variables;

#[cfg(test)]
mod tests;

use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{Name, Value};

use crate::kernel::error::FieldError;

use super::scalars;
use types::Input;

pub use arguments::{Late, arguments, late};
pub use types::InputTypes;
pub use variables::{variables, without_missing};

/// Characters of a step of a path that are told.
const LONGEST_STEP: usize = 100;

/// Faults that are told at most.
const MOST_FAULTS: usize = 10;

/// How large values may be.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Items of a list.
    pub list: usize,
    /// Bytes of a text.
    pub string: usize,
}

/// Holds values against types and notes what is wrong with them.
struct Judge<'a> {
    types: &'a InputTypes,
    sizes: Sizes,
    path: Vec<String>,
    faults: Vec<FieldError>,
}

impl<'a> Judge<'a> {
    fn new(types: &'a InputTypes, sizes: Sizes) -> Self {
        Self { types, sizes, path: Vec::new(), faults: Vec::new() }
    }

    fn fault(&mut self, rule: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(FieldError { field: self.path.clone(), rule: rule.into() });
        }
    }

    /// Judges what lies a step further along the path.
    fn at(&mut self, step: &str, judge: impl FnOnce(&mut Self)) {
        // A name that nobody declared can be as long as a request.
        self.path.push(step.chars().take(LONGEST_STEP).collect());
        judge(self);
        self.path.pop();
    }

    /// A value of a type.
    fn value(&mut self, ty: &Type, value: &Value) {
        if *value == Value::Null {
            if !ty.nullable {
                self.fault("must not be null");
            }
            return;
        }
        match (&ty.base, value) {
            (BaseType::List(_), Value::List(items)) if items.len() > self.sizes.list => {
                self.fault(format!("must have at most {} items", self.sizes.list));
            }
            (BaseType::List(of), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&index.to_string(), |judge| judge.value(of, item));
                }
            }
            // One item stands for a list of one.
            (BaseType::List(of), item) => self.value(of, item),
            (BaseType::Named(name), value) => self.named(name, value),
        }
    }

    fn named(&mut self, name: &Name, value: &Value) {
        let types = self.types;
        match (types.get(name), value) {
            (Some(Input::Object { fields, is_one_of }), Value::Object(given)) => {
                for key in given.keys().filter(|key| !fields.iter().any(|field| field.name == **key)) {
                    self.at(key, |judge| judge.fault("must be left out: there is no such field"));
                }
                for field in fields {
                    self.at(&field.name, |judge| match given.get(&field.name) {
                        Some(value) => judge.value(&field.ty, value),
                        None if field.is_required() => judge.fault("must be given"),
                        None => {}
                    });
                }
                if *is_one_of && (given.len() != 1 || given.values().any(|value| *value == Value::Null)) {
                    self.fault("must have exactly one of its fields, and not null");
                }
            }
            (Some(Input::Object { .. }), _) => self.fault("must be an object"),
            (Some(Input::Words(words)), Value::Enum(word)) if words.contains(word.as_str()) => {}
            // Variables are JSON, which has no enums.
            (Some(Input::Words(words)), Value::String(word)) if words.contains(word) => {}
            (Some(Input::Words(_)), _) => self.fault(format!("must be one of the values of {name}")),
            (None, Value::String(text)) if text.len() > self.sizes.string => {
                self.fault(format!("must have at most {} bytes", self.sizes.string));
            }
            (None, Value::String(text)) if text.contains('\0') => self.fault("must not contain a null character"),
            (None, value) if !scalars::is_valid(name, value) => self.fault(format!("must be {}", scalars::rule(name))),
            (None, _) => {}
        }
    }
}
