//! Practices: add, list, show, archive.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, NewPractice, Reply};
use asif_proto::record::{MAX_LINE, MAX_NOTE, Practice as PracticeView, PracticeStatus, PracticeTag, Visibility};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::{Handled, Outcome};
use crate::journal::record::{self, Practice, kind};
use crate::seal::body::DocId;

const MAX_SLUG: usize = 40;

impl Replica {
    pub(super) fn practice_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewPractice) -> Handled {
        let id = RecordId(ask.id);
        if self.view.practice(&id).is_some() {
            return Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)));
        }
        let usage = |message: String| Failure::new(ErrorKind::Usage, message);
        let title = new.title.trim();
        if title.is_empty() || title.contains('\n') || title.len() > MAX_LINE {
            return Err(usage(format!("a title is one line with something on it, of at most {MAX_LINE} bytes")));
        }
        if new.description.as_ref().is_some_and(|text| text.len() > MAX_NOTE) {
            return Err(usage(format!("the description may have {MAX_NOTE} bytes")));
        }
        let lines = [&new.cue, &new.frequency, &new.specificity.when, &new.specificity.place, &new.specificity.how_long];
        if lines.into_iter().flatten().any(|line| line.len() > MAX_LINE) {
            return Err(usage(format!("when, where, how long, cue and frequency may have {MAX_LINE} bytes each")));
        }
        let slug = match &new.slug {
            Some(slug) if is_slug(slug) => slug.clone(),
            Some(slug) => {
                return Err(usage(format!("{slug:?} cannot be a short name: use small letters, digits and hyphens, at most {MAX_SLUG}")));
            }
            None => self.free_slug(title),
        };
        if let Some((_, row)) = self.view.practices().find(|(_, row)| row.value.slug == slug && row.value.deleted != Some(true)) {
            return Err(Failure::new(ErrorKind::Precondition, format!("there is a practice called {slug:?} already: {}", row.value.title))
                .hint("choose another with --slug"));
        }
        let practice = Practice {
            title: title.to_owned(),
            slug,
            kind: new.kind,
            description: new.description.clone().filter(|text| !text.is_empty()),
            specificity: new.specificity.clone(),
            cue: new.cue.clone(),
            frequency: new.frequency.clone(),
            difficulty: new.difficulty,
            status: PracticeStatus::Active,
            recorded_at: whole_seconds(cx.now.wall),
            visibility: Some(new.visibility).filter(|visibility| *visibility == Visibility::Private),
            deleted: None,
        };
        let put = (id.key(), record::pack(kind::PRACTICE, &practice).as_str().into());
        self.write(cx, DocId::Plan, &[put], "practice add")?;
        Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)))
    }

    pub(super) fn practice_archive(&mut self, cx: &mut Cx<'_>, typed: &str) -> Handled {
        let (id, row) = self.find_practice(typed)?;
        if row.value.status != PracticeStatus::Archived {
            let puts = Self::field_puts(id, vec![("status", PracticeStatus::Archived.word().into())]);
            self.write(cx, DocId::Plan, &puts, "practice archive")?;
        }
        Ok(Outcome::Reply(Reply::Practice(self.practice_view(id)?)))
    }

    pub(super) fn practice_list(&self, all: bool) -> Vec<PracticeView> {
        let shown = |row: &Practice| row.deleted != Some(true) && (all || row.status != PracticeStatus::Archived);
        let mut list: Vec<_> =
            self.view.practices().filter(|(_, row)| shown(&row.value)).filter_map(|(id, _)| self.practice_view(*id).ok()).collect();
        list.sort_by(|a, b| a.slug.cmp(&b.slug).then(a.id.cmp(&b.id)));
        list
    }

    pub(super) fn practice_view(&self, id: RecordId) -> Result<PracticeView, Failure> {
        let row = self.view.practice(&id).ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such practice"))?;
        let practice = &row.value;
        let sessions = self.view.sessions().filter(|(_, row)| row.value.practice == Some(id) && row.value.deleted != Some(true)).count();
        Ok(PracticeView {
            tag: PracticeTag::Practice,
            id,
            short: self.view.short(&id),
            title: practice.title.clone(),
            slug: practice.slug.clone(),
            kind: practice.kind,
            description: practice.description.clone(),
            specificity: practice.specificity.clone(),
            cue: practice.cue.clone(),
            frequency: practice.frequency.clone(),
            difficulty: practice.difficulty,
            status: practice.status,
            recorded_at: practice.recorded_at,
            visibility: practice.visibility.unwrap_or(Visibility::Inherit),
            deleted: practice.deleted.unwrap_or_default(),
            sessions: u64::try_from(sessions).unwrap_or(u64::MAX),
        })
    }

    fn free_slug(&self, title: &str) -> String {
        let base = slug_of(title);
        let taken = |slug: &str| self.view.practices().any(|(_, row)| row.value.slug == slug);
        let numbered = (2..1000).map(|n| format!("{base}-{n}"));
        std::iter::once(base.clone()).chain(numbered).find(|slug| !taken(slug)).unwrap_or(base)
    }
}

fn is_slug(text: &str) -> bool {
    let good = |c: char| c.is_lowercase() || c.is_ascii_digit() || c == '-' || (c.is_alphabetic() && !c.is_uppercase());
    !text.is_empty() && text.len() <= MAX_SLUG && text.chars().all(good) && !text.starts_with('-') && !text.ends_with('-')
}

/// A short name from a title: its first three words, in small letters.
fn slug_of(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words.take(3) {
        if slug.len() + word.len() >= MAX_SLUG - 4 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    if is_slug(&slug) { slug } else { "practice".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_makes_a_slug() {
        assert_eq!(slug_of("Lunch away from the desk"), "lunch-away-from");
        assert_eq!(slug_of("Écrire à M."), "écrire-à-m");
        assert_eq!(slug_of("!!!"), "practice");
        assert!(is_slug("speak-as-m") && !is_slug("Speak") && !is_slug("a b") && !is_slug("-a") && !is_slug(""));
    }
}
