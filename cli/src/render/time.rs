//! Times as people say them. The year is told only where it is not this one.

use asif_proto::moment::Moment;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use super::Screen;

/// `Mon 23 Nov 12:41`, in the zone where it happened.
pub fn when(moment: &Moment, now: Timestamp) -> String {
    let year = now.to_zoned_datetime(moment.zoned().time_zone().clone()).year();
    if moment.zoned().year() == year { moment.short() } else { moment.zoned().strftime("%a %-d %b %Y %H:%M").to_string() }
}

/// `Mon 23 Nov 12:41`, and `(Tokyo)` where the reader's clock shows another time for it.
pub fn when_and_where(moment: &Moment, screen: &Screen) -> String {
    let told = when(moment, screen.now);
    let here = screen.zone.to_offset(moment.timestamp());
    if here == moment.zoned().offset() {
        return told;
    }
    let zone = moment.zone_name().map(|name| name.rsplit('/').next().unwrap_or(name).replace('_', " "));
    format!("{told} ({})", zone.unwrap_or_else(|| moment.zoned().offset().to_string()))
}

/// `Asia/Tokyo`, or an offset, where that is not the reader's zone.
pub fn other_zone(moment: &Moment, screen: &Screen) -> Option<String> {
    match (moment.zone_name(), screen.zone.iana_name()) {
        (Some(name), Some(here)) if name == here => None,
        (Some(name), Some(_)) => Some(name.to_owned()),
        (name, _) => {
            let differs = screen.zone.to_offset(moment.timestamp()) != moment.zoned().offset();
            differs.then(|| name.map_or_else(|| moment.zoned().offset().to_string(), str::to_owned))
        }
    }
}

/// `Mon 23 Nov 12:41`, in the reader's zone.
pub fn instant(at: Timestamp, screen: &Screen) -> String {
    when(&Moment::at(at, &screen.zone), screen.now)
}

/// `21 Feb` for the start of a day, else with the time: an end, or a beginning.
pub fn bound(moment: &Moment, now: Timestamp) -> String {
    let at: &ZonedDateTime = moment.zoned();
    let this_year = at.year() == now.to_zoned_datetime(at.time_zone().clone()).year();
    let day = at.strftime(if this_year { "%-d %b" } else { "%-d %b %Y" }).to_string();
    let midnight = at.start_of_day().is_ok_and(|start| start.timestamp() == at.timestamp());
    if midnight { day } else { format!("{day} {}", at.strftime("%H:%M")) }
}

/// `just now`, `3 min ago`, `2 h ago`, `4 days ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// `45 s`, `8 min`, `1 h 5 min`.
pub fn length(seconds: u32) -> String {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let parts = [(days, if days == 1 { "day" } else { "days" }), (hours, "h"), (minutes, "min"), (rest, "s")];
    let told: Vec<String> = parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if told.is_empty() { "0 s".to_owned() } else { told.join(" ") }
}

/// The clock time alone, in the reader's zone.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).unwrap()
    }

    #[test]
    fn the_year_is_told_where_it_is_not_this_one() {
        let now = "2026-11-23T12:41:07Z".parse().unwrap();
        assert_eq!(when(&at("2026-11-23T12:41:07+00:00[Europe/London]"), now), "Mon 23 Nov 12:41");
        assert_eq!(when(&at("2025-11-23T12:41:07+00:00[Europe/London]"), now), "Sun 23 Nov 2025 12:41");
        assert_eq!(bound(&at("2027-02-21T00:00:00+00:00[Europe/London]"), now), "21 Feb 2027");
        assert_eq!(bound(&at("2026-12-21T18:30:00+00:00[Europe/London]"), now), "21 Dec 18:30");
    }

    #[test]
    fn a_while_ago_is_said_in_one_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (text, told) in [
            ("2026-11-23T12:00:30Z", "just now"),
            ("2026-11-23T11:57:00Z", "3 min ago"),
            ("2026-11-23T10:00:00Z", "2 h ago"),
            ("2026-11-19T11:00:00Z", "4 days ago"),
        ] {
            assert_eq!(ago(text.parse().unwrap(), now), told);
        }
        assert_eq!((length(0), length(480), length(3905)), ("0 s".into(), "8 min".into(), "1 h 5 min 5 s".into()));
    }
}
