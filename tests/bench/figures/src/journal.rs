//! The journal: ten sessions a day, or another number, over as many days as there are sessions for; the same for the same seed.

use asif_proto::local::{NewPractice, Request};
use asif_proto::rating::Rating;
use asif_proto::record::{Basis, FeltState, PracticeKind, SessionFields};
use fastrand::Rng;
use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::words::Words;

/// The zone of whoever keeps it.
pub(crate) const ZONE: &str = "Europe/London";
/// Sessions on one day, where nothing else is said.
const PER_DAY: usize = 10;
/// Sessions are written between seven in the morning and eleven at night.
const AWAKE_S: i64 = 57_600;
const PRACTICES: [(&str, &str); 8] = [
    ("lunch", "Lunch away from the desk"),
    ("mirror", "Answer the mirror kindly"),
    ("speak-as-m", "Speak to myself as I would to M."),
    ("walk", "Ten minutes outside before the first call"),
    ("loving-kindness", "Phrases of loving kindness"),
    ("say-no", "Say no once, without a reason"),
    ("letter", "A letter from somebody who knows me"),
    ("bed", "In bed before midnight"),
];
const TAGS: [&str; 12] = ["work", "home", "family", "evening", "morning", "hard", "easy", "friends", "body", "alone", "train", "weekend"];
const PLACES: [&str; 6] = ["chest", "throat", "stomach", "shoulders", "behind the eyes", "hands"];

/// One session before it is written.
#[derive(Clone)]
pub(crate) struct Entry {
    /// When it is written down.
    pub(crate) at: Timestamp,
    /// Its id.
    pub(crate) id: Uuid,
    /// The practice's short name.
    pub(crate) practice: &'static str,
    /// What is said about it.
    pub(crate) fields: SessionFields,
}

impl Entry {
    /// As a request.
    pub(crate) fn request(&self) -> Request {
        Request::Log { practice: Some(self.practice.into()), fields: Box::new(self.fields.clone()) }
    }
}

/// The practices, as requests.
pub(crate) fn practices() -> impl Iterator<Item = Request> {
    PRACTICES.iter().map(|(slug, title)| {
        Request::PracticeAdd(NewPractice { slug: Some((*slug).into()), ..NewPractice::of(PracticeKind::AsIfAction, *title) })
    })
}

/// When the journal begins.
pub(crate) fn beginning() -> Timestamp {
    at(date(2015, 1, 1).at(6, 0, 0, 0))
}

/// `count` sessions, oldest first.
pub(crate) fn entries(seed: u64, count: usize) -> Vec<Entry> {
    entries_of(seed, count, PER_DAY)
}

/// The same, with so many of them on one day.
pub(crate) fn entries_of(seed: u64, count: usize, per_day: usize) -> Vec<Entry> {
    let mut rng = Rng::with_seed(seed);
    let words = Words::new(&mut rng);
    assert!(words.count() > 5_000, "thousands of words");
    (0..count).map(|number| entry(&mut rng, &words, number, per_day)).collect()
}

fn entry(rng: &mut Rng, words: &Words, number: usize, per_day: usize) -> Entry {
    let day = i64::try_from(number / per_day).unwrap_or_default();
    let slot = i64::try_from(number % per_day).unwrap_or_default();
    let apart = AWAKE_S / i64::try_from(per_day).unwrap_or(1);
    let second = 7 * 3600 + slot * apart + rng.i64(0..apart);
    let start = date(2015, 1, 1).at(0, 0, 0, 0);
    let civil = start + jiff::Span::new().days(day).seconds(second);
    let (practice, _) =
        PRACTICES.get(usize::min(rng.usize(0..PRACTICES.len()), rng.usize(0..PRACTICES.len()))).copied().unwrap_or(("lunch", ""));
    let before = rng.i64(5..80);
    let some = |share: f64, rng: &mut Rng| (rng.f64() < share).then(|| rating(rng.i64(0..=100)));
    let fields = SessionFields {
        before: Some(rating(before)),
        after: Some(rating((before + rng.i64(-12..=25)).clamp(0, 100))),
        acted_as_if: some(0.8, rng),
        felt_real: some(0.5, rng),
        expectancy: some(0.2, rng),
        willingness: some(0.3, rng),
        felt_state: (rng.f64() < 0.3).then(|| *rng.choice(FeltState::ALL).unwrap_or(&FeltState::Neutral)),
        basis: (rng.f64() < 0.2).then_some(Basis::Leap),
        where_felt: (rng.f64() < 0.15).then(|| (*rng.choice(&PLACES).unwrap_or(&"chest")).to_owned()),
        felt_worse: (rng.f64() < 0.08).then_some(true),
        duration_s: (rng.f64() < 0.25).then(|| 60 * rng.u32(1..40)),
        repetitions: (rng.f64() < 0.1).then(|| rng.u32(1..40)),
        tags: (0..rng.usize(0..3).saturating_sub(usize::from(rng.bool())))
            .filter_map(|_| rng.choice(&TAGS))
            .map(|tag| (*tag).to_owned())
            .collect(),
        // One in ten is written down some hours later.
        at: (rng.f64() < 0.1).then(|| (civil - jiff::Span::new().hours(rng.i64(2..6))).strftime("%Y-%m-%d %H:%M").to_string()),
        // Three in four have a note: mostly short, now and then long.
        note: (rng.f64() < 0.75).then(|| {
            let len = (3.4 + 0.8 * normal(rng)).exp().clamp(3.0, 400.0) as usize;
            words.prose(rng, len)
        }),
        ..SessionFields::default()
    };
    let at = at(civil);
    let mut random = [0; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    Entry { at, id: uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(), practice, fields }
}

fn rating(value: i64) -> Rating {
    let value = u8::try_from(value.clamp(0, 100)).unwrap_or_default();
    Rating::try_from(value).unwrap_or_else(|_| unreachable!("it lies within the scale"))
}

/// About normal: twelve draws, added.
fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}

fn at(civil: DateTime) -> Timestamp {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    zone.to_timestamp(civil).unwrap_or_default()
}
