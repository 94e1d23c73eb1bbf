//! What a sitting leaves: how it is kept in a draft, and what it says of the session.

use std::collections::BTreeMap;

use asif_proto::record::{Mark, MarkKind, SessionFields};
use jiff::Timestamp;

use crate::form::BASE;
use crate::render::session::sitting;

/// A sitting that is over, or so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sat {
    /// When it began.
    pub began_at: Timestamp,
    /// Seconds, without the pauses.
    pub elapsed_s: u32,
    /// Phrases shown, where they are counted.
    pub repetitions: Option<u32>,
    /// What was marked.
    pub marks: Vec<Mark>,
}

const BEGAN: &str = "began_at";
const ELAPSED: &str = "elapsed_s";
const REPETITIONS: &str = "repetitions";
const MARKS: &str = "marks";

/// Whether an answer of a draft tells of a sitting.
pub fn is_of_a_sitting(name: &str) -> bool {
    [BEGAN, ELAPSED, REPETITIONS, MARKS].contains(&name)
}

impl Sat {
    /// It as answers of a draft, by their names.
    pub fn answers(&self) -> BTreeMap<String, String> {
        // Plain data encodes.
        let marks = serde_json::to_string(&self.marks).unwrap_or_default();
        let all = [
            Some((BEGAN, self.began_at.to_string())),
            Some((ELAPSED, self.elapsed_s.to_string())),
            self.repetitions.map(|repetitions| (REPETITIONS, repetitions.to_string())),
            Some((MARKS, marks)),
        ];
        all.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The sitting that the answers of a draft tell of, where one had begun.
    pub fn told_by(answers: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            began_at: answers.get(BEGAN)?.parse().ok()?,
            elapsed_s: answers.get(ELAPSED)?.parse().ok()?,
            repetitions: answers.get(REPETITIONS).and_then(|text| text.parse().ok()),
            marks: serde_json::from_str(answers.get(MARKS)?).ok()?,
        })
    }

    /// `sat 2 min 4 s, repetitions 7, marked: numb 1 min 4 s`
    pub fn in_words(&self) -> String {
        let landed = self.marks.iter().find(|mark| mark.kind == MarkKind::Landed);
        sitting(Some(self.elapsed_s), self.repetitions, landed.map(|mark| mark.t_s), &self.marks)
    }

    /// It felt worse.
    pub fn felt_worse(&self) -> bool {
        self.marks.iter().any(|mark| mark.kind == MarkKind::Worse)
    }

    /// Says what is known of it, where `fields` does not say so already. `length_s` is how long it was to be.
    pub fn tell(self, fields: &mut SessionFields, length_s: u32) {
        fields.felt_worse = self.felt_worse().then_some(true);
        fields.stopped_early = (self.elapsed_s < length_s).then_some(true);
        fields.duration_s = Some(self.elapsed_s);
        fields.repetitions = self.repetitions;
        fields.at.get_or_insert_with(|| self.began_at.to_string());
        fields.marks = self.marks;
    }
}

/// The answers of a draft as people read them, with a sitting in words.
pub fn readable(answers: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let sat = Sat::told_by(answers);
    let others = answers.iter().filter(|(name, _)| sat.is_none() || ![BEGAN, ELAPSED, REPETITIONS, MARKS].contains(&name.as_str()));
    // What an editor was opened on is not what the person wrote.
    let others = others.filter(|(name, _)| *name != BASE);
    let mut all: Vec<(String, String)> = others.map(|(name, text)| (name.clone(), text.clone())).collect();
    all.extend(sat.as_ref().map(|sat| ("sitting".to_owned(), sat.in_words())));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sat() -> Sat {
        let marks = vec![Mark { t_s: 64, kind: MarkKind::Numb }, Mark { t_s: 70, kind: MarkKind::Worse }];
        Sat { began_at: "2026-11-23T12:41:07Z".parse().unwrap(), elapsed_s: 70, repetitions: Some(7), marks }
    }

    #[test]
    fn what_a_draft_keeps_comes_back() {
        let answers = sat().answers();
        assert_eq!(answers["marks"], r#"[{"t_s":64,"kind":"numb"},{"t_s":70,"kind":"worse"}]"#);
        assert_eq!(Sat::told_by(&answers), Some(sat()));
        let silent = Sat { repetitions: None, marks: vec![], ..sat() };
        assert_eq!(Sat::told_by(&silent.answers()), Some(silent));
    }

    #[test]
    fn people_read_a_sitting_in_words() {
        let mut answers = sat().answers();
        answers.insert("before".into(), "25".into());
        let told = "sat 1 min 10 s, repetitions 7, marked: numb 1 min 4 s, worse 1 min 10 s";
        assert_eq!(readable(&answers), [("before".to_owned(), "25".to_owned()), ("sitting".to_owned(), told.to_owned())]);
        let others = BTreeMap::from([("marks".to_owned(), "of my own".to_owned())]);
        assert_eq!(readable(&others), [("marks".to_owned(), "of my own".to_owned())]);
    }

    #[test]
    fn a_draft_of_the_question_before_it_holds_no_sitting() {
        assert_eq!(Sat::told_by(&BTreeMap::from([("before".to_owned(), "25".to_owned())])), None);
        let broken = BTreeMap::from([("elapsed_s".to_owned(), "soon".to_owned())]);
        assert_eq!(Sat::told_by(&sat().answers().into_iter().chain(broken).collect()), None);
    }

    #[test]
    fn a_session_says_what_the_sitting_was_and_when_it_began() {
        let mut fields = SessionFields::default();
        sat().tell(&mut fields, 480);
        assert_eq!((fields.felt_worse, fields.stopped_early, fields.duration_s), (Some(true), Some(true), Some(70)));
        assert_eq!((fields.repetitions, fields.marks.len(), fields.at.as_deref()), (Some(7), 2, Some("2026-11-23T12:41:07Z")));
        let mut fields = SessionFields { at: Some("21:30".into()), ..SessionFields::default() };
        Sat { marks: vec![], elapsed_s: 480, ..sat() }.tell(&mut fields, 480);
        assert_eq!((fields.felt_worse, fields.stopped_early, fields.at.as_deref()), (None, None, Some("21:30")));
    }
}
