//! The part of JSON Schema that the published schema uses.

use serde_json::{Map, Value};

/// # Panics
/// If the value does not fit, or the schema says what this check does not know.
pub fn fits(schema: &str, value: &Value) {
    let schema = serde_json::from_str(schema).expect("a schema is JSON");
    if let Err(why) = meets(&schema, &schema, value, "$") {
        panic!("{why}");
    }
}

fn meets(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let rules = schema.as_object().ok_or("a schema is an object")?;
    for (rule, asked) in rules {
        let met = match rule.as_str() {
            "$schema" | "$defs" | "title" | "description" | "required" | "additionalProperties" => true,
            "$ref" => return meets(root, target(root, asked)?, value, at),
            "anyOf" => list(asked)?.iter().any(|schema| meets(root, schema, value, at).is_ok()),
            "const" => value == asked,
            "enum" => list(asked)?.contains(value),
            "minimum" => value.as_i64() >= asked.as_i64(),
            "pattern" => asked == "^[0-9a-f]{16}$" && value.as_str().is_some_and(is_hash),
            "type" => match asked {
                Value::Array(types) => types.iter().any(|asked| is_a(value, asked)),
                asked => is_a(value, asked),
            },
            "items" => {
                for (index, item) in list(value)?.iter().enumerate() {
                    meets(root, asked, item, &format!("{at}[{index}]"))?;
                }
                true
            }
            "properties" => {
                properties(root, rules, asked, value, at)?;
                true
            }
            _ => return Err(format!("{at}: the rule `{rule}` is not known")),
        };
        if !met {
            return Err(format!("{at}: {value} does not fit `{rule}`: {asked}"));
        }
    }
    Ok(())
}

fn properties(root: &Value, rules: &Map<String, Value>, known: &Value, value: &Value, at: &str) -> Result<(), String> {
    let value = value.as_object().ok_or(format!("{at} is no object"))?;
    for (key, inner) in value {
        let schema = known.get(key).ok_or(format!("{at}.{key} is not in the schema"))?;
        meets(root, schema, inner, &format!("{at}.{key}"))?;
    }
    let missing = |key: &&Value| key.as_str().is_none_or(|key| !value.contains_key(key));
    match list(&rules["required"])?.iter().find(missing) {
        Some(key) => Err(format!("{at} has no {key}")),
        None => Ok(()),
    }
}

fn target<'a>(root: &'a Value, reference: &Value) -> Result<&'a Value, String> {
    let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).ok_or(format!("{reference} leads nowhere"))
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or(format!("{value} is no list"))
}

fn is_a(value: &Value, asked: &Value) -> bool {
    match asked.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("null") => value.is_null(),
        _ => false,
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
