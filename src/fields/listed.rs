//! Streaming parser of a JSON object with a list that may be long: its items are read one by one and dropped, because
//! all of them at once would take many times the memory of the text. The amount of values in a text is counted before
//! it is parsed. Beside the list only scalar values are kept.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Maximum number of wrong fields that are reported.
pub(super) const MOST_TOLD: usize = 1_000;

/// The number of values in a JSON text, an upper bound of what parsing creates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// The number of values of any kind.
    pub values: usize,
    /// The number of objects among them.
    pub objects: usize,
}

/// Counts the values in a text incrementally, chunk by chunk; the text need not be valid JSON.
#[derive(Clone, Debug)]
pub struct Counter {
    amount: Amount,
    is_text: bool,
    is_escaped: bool,
}

impl Default for Counter {
    fn default() -> Self {
        Self { amount: Amount { values: 1, objects: 0 }, is_text: false, is_escaped: false }
    }
}

impl Counter {
    /// Counts a chunk, and returns the amount up to its end.
    pub fn add(&mut self, piece: &[u8]) -> Amount {
        for byte in piece {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_text => self.is_escaped = true,
                b'"' => self.is_text = !self.is_text,
                _ if self.is_text => {}
                b',' | b'[' => self.amount.values += 1,
                b'{' => {
                    self.amount.values += 1;
                    self.amount.objects += 1;
                }
                _ => {}
            }
        }
        self.amount
    }
}

/// The object without the items of its list.
#[derive(Debug)]
pub struct Listed {
    /// The whole object; lists and objects in it are empty.
    pub object: Value,
    /// The number of items of the list.
    pub count: usize,
}

/// Parses a text and passes up to `most` items of the field `list`, with their paths, to `take`.
///
/// # Errors
/// When it is not JSON, or has two such fields.
pub fn read_listed<F: FnMut(&str, &Value)>(
    text: &[u8],
    list: &str,
    most: usize,
    mut take: F,
) -> serde_json::Result<Listed> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let mut reading = serde_json::Deserializer::from_slice(text);
        let object = Plain::<F>(None).deserialize(&mut reading)?;
        reading.end()?;
        return Ok(Listed { object, count: 0 });
    }
    let mut reading = serde_json::Deserializer::from_slice(text);
    let mut items = Items { list, most, count: 0, is_known: false, take: &mut take };
    let object = reading.deserialize_map(Whole(&mut items))?;
    let count = items.count;
    reading.end()?;
    Ok(Listed { object: Value::Object(object), count })
}

struct Items<'a, F> {
    list: &'a str,
    most: usize,
    count: usize,
    is_known: bool,
    take: &'a mut F,
}

struct Whole<'a, 'i, F>(&'a mut Items<'i, F>);

impl<'de, F: FnMut(&str, &Value)> Visitor<'de> for Whole<'_, '_, F> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = if name != self.0.list {
                map.next_value_seed(Plain::<F>(None))?
            } else if std::mem::replace(&mut self.0.is_known, true) {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            } else {
                map.next_value_seed(Plain(Some(&mut *self.0)))?
            };
            // Further wrong fields would not be reported, so they need not be kept.
            if fields.len() <= MOST_TOLD || name == self.0.list {
                fields.insert(name, value);
            }
        }
        Ok(fields)
    }
}

/// Visitor that reads a scalar value, or an empty list or object for a full one; items of the list are passed on.
struct Plain<'a, 'i, F>(Option<&'a mut Items<'i, F>>);

impl<'de, F: FnMut(&str, &Value)> DeserializeSeed<'de> for Plain<'_, '_, F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&str, &Value)> Visitor<'de> for Plain<'_, '_, F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Some(Items { list, most, count, take, .. }) = self.0 else {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Array(Vec::new()));
        };
        loop {
            if *count >= *most {
                if items.next_element::<IgnoredAny>()?.is_none() {
                    break;
                }
            } else {
                let Some(item) = items.next_element::<Value>()? else { break };
                take(&format!("{list}[{count}]"), &item);
            }
            *count += 1;
        }
        Ok(Value::Array(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(Map::new()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    type Taken = Vec<(String, Value)>;

    fn read(text: &str, most: usize) -> serde_json::Result<(Value, usize, Taken)> {
        let mut taken = Vec::new();
        let listed =
            read_listed(text.as_bytes(), "items", most, |path, item| taken.push((path.to_owned(), item.clone())))?;
        Ok((listed.object, listed.count, taken))
    }

    #[test]
    fn items_are_handed_over_and_the_rest_is_kept() {
        let (object, count, taken) = read(r#" {"a":[1,{"items":[5]}],"items":[7,{"b":[]},null],"c":null}"#, 9).unwrap();
        assert_eq!((object, count), (json!({"a": [], "items": [], "c": null}), 3));
        let expected = [("items[0]", json!(7)), ("items[1]", json!({"b": []})), ("items[2]", json!(null))];
        assert_eq!(taken, expected.map(|(path, item)| (path.to_owned(), item)));
        let (_, count, taken) = read(r#"{"items":[1,2,3,4]}"#, 2).unwrap();
        assert_eq!((count, taken.len()), (4, 2));
    }

    #[test]
    fn what_is_no_list_stays_what_it_is() {
        for items in ["null", "true", "1", "-1", "1.5", "\"x\"", "{\"a\":[1]}"] {
            let (object, count, taken) = read(&format!("{{\"items\":{items}}}"), 9).unwrap();
            let mut expected: Value = serde_json::from_str(items).unwrap();
            if let Some(fields) = expected.as_object_mut() {
                fields.clear();
            }
            assert_eq!((&object["items"], count, taken.len()), (&expected, 0, 0));
        }
        assert_eq!(read("[1]", 9).unwrap().0, json!([]));
    }

    #[test]
    fn of_very_many_other_fields_no_more_are_kept_than_are_told() {
        let many: String = (0..2_000).map(|number| format!("\"a{number}\":1,")).collect();
        let (object, count, _) = read(&format!("{{{many}\"items\":[1,2]}}"), 9).unwrap();
        assert_eq!((object.as_object().unwrap().len(), count), (MOST_TOLD + 2, 2));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{\"items\":[1,}", "{\"items\":[1]} x", "{\"items\":[],\"items\":[]}", "{\"items\":[[}]}"]
        {
            assert!(read(text, 9).is_err(), "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(json!(null)), any::<i64>().prop_map(Into::into), ".*".prop_map(Value::String)];
        leaf.prop_recursive(4, 64, 8, |inner| {
            let object = prop::collection::btree_map(".*", inner.clone(), 0..8);
            prop_oneof![prop::collection::vec(inner, 0..8).prop_map(Value::Array), object.prop_map(|map| json!(map))]
        })
    }

    fn made_of(value: &Value) -> Amount {
        let inner: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(fields) => fields.values().collect(),
            _ => Vec::new(),
        };
        let own = Amount { values: 1, objects: usize::from(value.is_object()) };
        inner.into_iter().map(made_of).fold(own, |sum, amount| Amount {
            values: sum.values + amount.values,
            objects: sum.objects + amount.objects,
        })
    }

    proptest! {
        #[test]
        fn never_less_is_counted_than_is_made(value in any_json()) {
            let (text, made) = (value.to_string(), made_of(&value));
            let (mut counter, (first, second)) = (Counter::default(), text.as_bytes().split_at(text.len() / 2));
            counter.add(first);
            let counted = counter.add(second);
            prop_assert_eq!(counted.objects, made.objects);
            prop_assert!(counted.values >= made.values && counted.values <= 2 * made.values, "{:?} {:?}", counted, made);
        }
    }
}
