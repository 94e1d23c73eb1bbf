//! When others are looked for: long at first, and then in glances.
//!
//! Looking is not free. The library asks anew after everybody it knows, itself included, every minute and a half for as long as it looks; that is
//! some two hundred datagrams an hour where nobody is there, and as many more for each who is. Two who both tell and look need not look at the same
//! time: whoever comes looks, and finds who is there.

use std::time::Duration;

/// How long it looks at first: longer than an invitation is open.
const AT_FIRST: Duration = Duration::from_secs(15 * 60);
/// From one glance to the next.
const APART: Duration = Duration::from_secs(15 * 60);
/// How long a glance is: the question is asked thrice in it.
const GLANCE: Duration = Duration::from_secs(5);

/// Whether it looks, so long after looking was asked for, and how long that stays so.
pub(super) fn attention(since: Duration) -> (bool, Duration) {
    let Some(after) = since.checked_sub(AT_FIRST) else { return (true, AT_FIRST.saturating_sub(since).max(SOON)) };
    let pause = APART.saturating_sub(GLANCE);
    let within = Duration::from_millis(u64::try_from(after.as_millis() % APART.as_millis()).unwrap_or(0));
    match pause.checked_sub(within) {
        Some(left) if !left.is_zero() => (false, left.max(SOON)),
        _ => (true, APART.saturating_sub(within).max(SOON)),
    }
}

/// Never less, so that nothing is done over and over at one moment.
const SOON: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_for_a_quarter_of_an_hour_and_then_for_five_seconds_in_each() {
        let (mut now, mut looks) = (Duration::ZERO, Vec::new());
        while now < Duration::from_secs(3600) {
            let (is_looking, lasts) = attention(now);
            looks.push((is_looking, lasts.as_secs()));
            now += lasts;
        }
        assert_eq!(looks, [(true, 900), (false, 895), (true, 5), (false, 895), (true, 5), (false, 895), (true, 5)]);
        assert_eq!(attention(Duration::from_micros(899_999_900)), (true, SOON));
        assert_eq!(attention(Duration::MAX).1.min(APART), attention(Duration::MAX).1);
    }
}
