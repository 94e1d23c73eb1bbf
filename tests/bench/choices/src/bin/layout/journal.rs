//! A made-up journal: the same for a seed, and about as compressible as prose.

use automerge::ScalarValue;
use fastrand::Rng;

use crate::session::Session;

/// One thing that the person does; each becomes one change.
pub enum Step {
    Add(Box<Session>),
    Edit { id: String, field: &'static str, value: ScalarValue },
}

/// What happens in one month, in order.
pub type Month = Vec<Step>;

const START_MS: i64 = 1_577_836_800_000;
const MONTH_MS: i64 = 30 * 86_400_000;
const BASES: [&str; 3] = ["own", "borrowed", "leap"];
const STATES: [&str; 6] = ["numb", "unreal", "neutral", "warm", "real", "painful"];
const PLACES: [&str; 6] = ["chest", "throat", "belly", "shoulders", "hands", "behind the eyes"];
const ZONES: [&str; 2] = ["Europe/Berlin", "Europe/Lisbon"];
const EDIT_AFTER: usize = 3;

/// `sessions` spread evenly over `months`; one session in ten is edited once, a few sessions later.
pub fn months(seed: u64, sessions: u64, months: u64) -> Vec<Month> {
    let mut rng = Rng::with_seed(seed);
    let words = words(&mut rng);
    let practices: Vec<String> = (0..12).map(|_| format!("{:032x}", rng.u128(..))).collect();
    let month = |index: u64| {
        let count = (sessions * (index + 1) / months - sessions * index / months) as usize;
        let start = START_MS + index as i64 * MONTH_MS;
        let made: Vec<Session> =
            (0..count).map(|at| session(&mut rng, &words, &practices, start + MONTH_MS * at as i64 / count as i64)).collect();
        let mut steps = Vec::new();
        for at in 0..count + EDIT_AFTER {
            steps.extend(made.get(at).cloned().map(|it| Step::Add(Box::new(it))));
            let edited = at.checked_sub(EDIT_AFTER).filter(|it| it % 10 == 7);
            steps.extend(edited.and_then(|it| made.get(it)).map(|it| edit(&mut rng, &words, it)));
        }
        steps
    };
    (0..months).map(month).collect()
}

fn session(rng: &mut Rng, words: &[String], practices: &[String], near_ms: i64) -> Session {
    let occurred_at = near_ms + rng.i64(..3_600_000);
    let before = rng.i64(..=100);
    Session {
        id: format!("{occurred_at:012x}7{:03x}{:016x}", rng.u16(..4096), rng.u64(..) >> 2 | 1 << 63),
        occurred_at,
        zone: ZONES[usize::from(rng.u8(..20) == 0)].into(),
        practice: practices[skewed(rng, practices.len())].clone(),
        basis: BASES[skewed(rng, BASES.len())].into(),
        expectancy: seldom_absent(rng),
        willingness: seldom_absent(rng),
        before: Some(before),
        after: Some((before + rng.i64(-10..30)).clamp(0, 100)),
        acted_as_if: seldom_absent(rng),
        felt_state: STATES[skewed(rng, STATES.len())].into(),
        felt_real: seldom_absent(rng),
        duration_s: (rng.u8(..10) < 6).then(|| rng.i64(30..1_800)),
        where_felt: (rng.u8(..10) < 5).then(|| PLACES[skewed(rng, PLACES.len())].into()),
        felt_worse: rng.u8(..20) == 0,
        note: note(rng, words),
    }
}

fn edit(rng: &mut Rng, words: &[String], session: &Session) -> Step {
    let (field, value) = match rng.u8(..4) {
        0 => ("after", ScalarValue::Int(rng.i64(..=100))),
        1 => ("felt_state", STATES[rng.usize(..STATES.len())].into()),
        _ => ("note", note(rng, words).into()),
    };
    Step::Edit { id: session.id.clone(), field, value }
}

fn seldom_absent(rng: &mut Rng) -> Option<i64> {
    (rng.u8(..10) > 0).then(|| rng.i64(..=100))
}

/// 0 to 400 characters.
fn note(rng: &mut Rng, words: &[String]) -> String {
    let length = rng.usize(..=400);
    let mut note = String::new();
    loop {
        let word = &words[skewed(rng, words.len())];
        if note.len() + word.len() + 2 > length {
            return note;
        }
        note.push_str(word);
        note.push_str(if rng.u8(..9) == 0 { ". " } else { " " });
    }
}

/// Four thousand words of one to four syllables.
fn words(rng: &mut Rng) -> Vec<String> {
    let mut syllable = || {
        let consonant = b"bcdfghklmnprstvw"[rng.usize(..16)];
        let vowel = b"aaeeeiioou"[rng.usize(..10)];
        let close = b"\0\0\0nrstlm"[rng.usize(..9)];
        String::from_utf8_lossy(&[consonant, vowel, close]).replace('\0', "")
    };
    (0..4_000).map(|at| (0..1 + at % 4).map(|_| syllable()).collect()).collect()
}

/// An index below `count`, the first ones far more often, much as words in prose are (log-uniform).
fn skewed(rng: &mut Rng, count: usize) -> usize {
    let index = ((count + 1) as f64).powf(rng.f64()) as usize;
    index.clamp(1, count) - 1
}
