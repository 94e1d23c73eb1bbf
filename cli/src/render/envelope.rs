//! The one shape of `--json`: `{"schema":"asif/1","data":...}`, or with `error` in place of `data`; one a line.

use asif_proto::local::Failure;
use serde::Serialize;

const SCHEMA: &str = "asif/1";

#[derive(Serialize)]
struct Data<'a, T: Serialize + ?Sized> {
    schema: &'static str,
    data: &'a T,
}

#[derive(Serialize)]
struct Problem<'a> {
    schema: &'static str,
    error: &'a Failure,
}

/// The envelope around what was asked for, on one line.
pub fn data<T: Serialize + ?Sized>(data: &T) -> String {
    line(&Data { schema: SCHEMA, data })
}

/// The envelope around a failure, on one line.
pub fn error(failure: &Failure) -> String {
    line(&Problem { schema: SCHEMA, error: failure })
}

fn line<T: Serialize>(envelope: &T) -> String {
    #[expect(clippy::expect_used, reason = "our own plain structs with text keys always encode")]
    serde_json::to_string(envelope).expect("plain data encodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use asif_proto::local::ErrorKind;

    #[test]
    fn an_envelope_names_its_schema_first() {
        assert_eq!(data(&[1, 2]), r#"{"schema":"asif/1","data":[1,2]}"#);
        let failure = Failure::new(ErrorKind::NotFound, "no such practice").hint("asif practice list");
        assert_eq!(
            error(&failure),
            r#"{"schema":"asif/1","error":{"kind":"not_found","message":"no such practice","hint":"asif practice list"}}"#
        );
    }

    #[test]
    fn marks_that_reorder_text_are_kept_as_they_were() {
        assert_eq!(data("a\u{202e}b\u{200b}"), "{\"schema\":\"asif/1\",\"data\":\"a\u{202e}b\u{200b}\"}");
    }
}
