//! Fields that say who may see something, and until when: where they were said apart, whatever shows less stands.
//!
//! | field | what shows less |
//! |---|---|
//! | `visibility` | private |
//! | `deleted`, `paused` | true |
//! | `scopes/<scope>` of a grant | false |
//! | `hold_until` | the later, and without an end the latest of all |
//! | `delay_s` | the longer |
//! | `since` | the later |
//! | `until` | the earlier; with an end before without |

use asif_proto::moment::Moment;
use asif_proto::record::HoldUntil;
use automerge::ScalarValue;
use serde::de::DeserializeOwned;

use super::schema::{self, PRIVATE};

/// Whether a key is of a field that says who may see something.
pub fn is_guarded(key: &str) -> bool {
    rank(key, &ScalarValue::Null).is_some()
}

/// Whether a value shows less than if nothing were said: whoever says it once more writes it once more, so that it stands against whoever takes it
/// back apart.
pub fn keeps_away(key: &str, value: &ScalarValue) -> bool {
    rank(key, value).zip(rank(key, &ScalarValue::Null)).is_some_and(|(value, nothing)| value > nothing)
}

/// The first of the values that show least, if the key is of such a field.
pub fn narrowest<'a>(key: &str, said: impl IntoIterator<Item = &'a ScalarValue>) -> Option<&'a ScalarValue> {
    let ranked = said.into_iter().map(|value| Some((rank(key, value)?, value)));
    let mut least: Option<(i64, &ScalarValue)> = None;
    for one in ranked {
        let one = one?;
        if least.is_none_or(|least| one.0 > least.0) {
            least = Some(one);
        }
    }
    least.map(|(_, value)| value)
}

/// How much less a value shows than others of the field: the higher, the less.
fn rank(key: &str, value: &ScalarValue) -> Option<i64> {
    let (_, field) = key.split_once('/')?;
    let is = |wanted: ScalarValue| i64::from(*value == wanted);
    Some(match field {
        "visibility" => is(PRIVATE.into()),
        "deleted" | "paused" => is(ScalarValue::Boolean(true)),
        "hold_until" => read::<HoldUntil>(value).map_or(i64::MIN, |hold| match hold {
            HoldUntil::Open => i64::MAX,
            HoldUntil::At(at) => at.timestamp().as_second(),
        }),
        "delay_s" => value.as_i64().unwrap_or_default(),
        "since" => read::<Moment>(value).map_or(i64::MIN, |at| at.timestamp().as_second()),
        "until" => read::<Moment>(value).map_or(i64::MIN, |at| -at.timestamp().as_second()),
        _ => {
            field.strip_prefix("scopes/")?;
            is(ScalarValue::Boolean(false))
        }
    })
}

fn read<T: DeserializeOwned>(value: &ScalarValue) -> Option<T> {
    serde_json::from_value(schema::json(value)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_less_stands_whichever_was_said_first() {
        let text = |text: &str| ScalarValue::from(text);
        let (early, late) = (text("2026-11-24T12:00:00+00:00[Europe/London]"), text("2026-11-25T01:00:00+13:00[Pacific/Auckland]"));
        let later = text("2026-11-24T12:00:01+00:00[Europe/London]");
        for (field, less, more) in [
            ("visibility", text("private"), text("inherit")),
            ("deleted", true.into(), false.into()),
            ("paused", true.into(), ScalarValue::Null),
            ("scopes/notes", false.into(), true.into()),
            ("hold_until", text("open"), later.clone()),
            ("hold_until", later.clone(), early.clone()),
            ("hold_until", early.clone(), ScalarValue::Null),
            ("delay_s", 86_400.into(), 0.into()),
            ("since", later.clone(), early.clone()),
            ("until", early.clone(), later.clone()),
            ("until", later.clone(), ScalarValue::Null),
        ] {
            let key = format!("{}/{field}", "7".repeat(32));
            assert!(is_guarded(&key), "{field}");
            for said in [[&less, &more], [&more, &less]] {
                assert_eq!(narrowest(&key, said), Some(&less), "{field}: {more:?}");
            }
        }
        let key = format!("{}/since", "7".repeat(32));
        assert_eq!(narrowest(&key, [&early, &late]), Some(&early), "the same instant in another zone: the first of the two");
        for field in ["note", "tags/work", "scopes", "before", "note/visibility"] {
            assert!(!is_guarded(&format!("{}/{field}", "7".repeat(32))), "{field}");
        }
        assert!(!is_guarded("self/name"));
    }
}
