//! The values of a form's inputs and their validation errors.

use std::collections::BTreeMap;

use crate::web::extract::query::Parameters;

/// A validation error of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The input's name.
    pub input: String,
    /// The label of the input.
    pub label: String,
    /// The message: what is wrong and what would be right.
    pub message: String,
}

/// The values of a form's inputs by name, with their validation errors.
#[derive(Clone, Debug, Default)]
pub struct FormState {
    pub(in crate::web::pages) values: BTreeMap<String, String>,
    pub(in crate::web::pages) errors: Vec<InputError>,
}

impl FormState {
    /// Reads a submitted form.
    pub fn read(parameters: &Parameters) -> Self {
        let values = parameters.iter().rev().cloned().collect();
        Self { values, errors: Vec::new() }
    }

    /// Sets the value of an input.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// Returns the value of an input; empty if there is none.
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Adds a validation error to an input.
    pub fn note(&mut self, input: impl Into<String>, label: impl Into<String>, message: impl Into<String>) {
        self.errors.push(InputError { input: input.into(), label: label.into(), message: message.into() });
    }

    /// Returns all validation errors.
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }

    /// Returns the error messages of an input.
    pub fn errors_of(&self, input: &str) -> Vec<&str> {
        self.errors.iter().filter(|error| error.input == input).map(|error| error.message.as_str()).collect()
    }

    /// Returns whether an input has errors.
    pub fn is_wrong(&self, input: &str) -> bool {
        self.errors.iter().any(|error| error.input == input)
    }
}
