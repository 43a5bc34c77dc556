//! What stands in the inputs of a form, and what is wrong with it.

use std::collections::BTreeMap;

use super::route_form::InputError;
use crate::web::api::Parameters;

/// The inputs of a form by name.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    values: BTreeMap<String, String>,
    errors: Vec<InputError>,
}

impl Inputs {
    /// As somebody sent them.
    pub fn read(parameters: &Parameters) -> Self {
        let values = parameters.iter().rev().cloned().collect();
        Self { values, errors: Vec::new() }
    }

    /// Fills an input.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// What stands in an input.
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// Notes that an input is wrong.
    pub fn note(&mut self, input: impl Into<String>, label: impl Into<String>, message: impl Into<String>) {
        self.errors.push(InputError { input: input.into(), label: label.into(), message: message.into() });
    }

    /// Everything that is wrong.
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }

    /// What is wrong with an input.
    pub fn errors_of(&self, input: &str) -> Vec<&str> {
        self.errors.iter().filter(|error| error.input == input).map(|error| error.message.as_str()).collect()
    }

    /// Whether something is wrong with an input.
    pub fn is_wrong(&self, input: &str) -> bool {
        self.errors.iter().any(|error| error.input == input)
    }
}
