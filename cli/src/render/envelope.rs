//! The one shape of `--json`: `{"schema":"asif/1","data":...}`, or with `error` in place of `data`; one a line. What stands in it is written down in
//! `docs/schema`.
//!
//! A terminal may show the line: what would steer it stands there as `\u001b`, which is the same data.

use asif_proto::local::Failure;
use serde::Serialize;

use super::text::steers;

const SCHEMA: &str = "asif/1";

#[derive(Serialize)]
struct Data<'a, T: Serialize + ?Sized> {
    schema: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
    data: &'a T,
}

#[derive(Serialize)]
struct Problem<'a> {
    schema: &'static str,
    error: &'a Failure,
}

/// The envelope around what was asked for, on one line; partial: around what of it has arrived so far.
pub fn data<T: Serialize + ?Sized>(data: &T, partial: bool) -> String {
    line(&Data { schema: SCHEMA, partial, data })
}

/// The envelope around a failure, on one line.
pub fn error(failure: &Failure) -> String {
    line(&Problem { schema: SCHEMA, error: failure })
}

fn line<T: Serialize>(envelope: &T) -> String {
    #[expect(clippy::expect_used, reason = "our own plain structs with text keys always encode")]
    let line = serde_json::to_string(envelope).expect("plain data encodes");
    let mut out = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            // Only text holds these: what stands around it in JSON is ASCII.
            '\u{7f}' => out.push_str("\\u007f"),
            _ if steers(letter) => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::local::ErrorKind;

    #[test]
    fn an_envelope_names_its_schema_first() {
        assert_eq!(data(&[1, 2], false), r#"{"schema":"asif/1","data":[1,2]}"#);
        assert_eq!(data(&[1, 2], true), r#"{"schema":"asif/1","partial":true,"data":[1,2]}"#);
        let failure = Failure::new(ErrorKind::NotFound, "no such practice").hint("asif practice list");
        assert_eq!(
            error(&failure),
            r#"{"schema":"asif/1","error":{"kind":"not_found","message":"no such practice","hint":"asif practice list"}}"#
        );
    }

    #[test]
    fn what_would_steer_a_terminal_is_escaped_and_the_data_is_the_same() {
        let nasty = "a\u{1b}\u{7f}\u{9b}\u{2028}\u{202e}b\u{200d}\u{1f469}";
        let line = data(nasty, false);
        assert_eq!(line, "{\"schema\":\"asif/1\",\"data\":\"a\\u001b\\u007f\\u009b\\u2028\\u202eb\u{200d}\u{1f469}\"}");
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["data"], nasty);
    }
}
