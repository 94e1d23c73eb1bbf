//! Drafts: what was typed and not yet said. They stay on this device: one sealed file, replaced as a whole before anything is answered.

use std::collections::BTreeSet;

use asif_proto::home::DAMAGED_DRAFTS;
use asif_proto::id::{MIN_SUFFIX, RecordId};
use asif_proto::local::draft::{Keeping, MAX_DRAFT, MAX_DRAFTS};
use asif_proto::local::{Draft, DraftAsk, ErrorKind, Failure, Reply};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::effect::{Effect, Opaque};
use super::super::find::by_suffix;
use super::super::{Cx, Replica};
use super::{Handled, Outcome};

/// The name of the sealed file.
const FILE: &str = "drafts";

/// What the sealed file says, in JSON: a newer program reads what an older one kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    drafts: Vec<Draft>,
}

impl Replica {
    /// Takes over what was kept. A file that does not open is set aside, whole.
    pub(in crate::replica) fn load_drafts(&mut self, cx: &mut Cx<'_>, bytes: Option<Vec<u8>>) {
        let (Some(vault), Some(bytes)) = (&self.vault, bytes) else { return };
        let plain = vault.cache.open(FILE, &bytes).ok();
        match plain.and_then(|plain| serde_json::from_slice::<Kept>(&plain).ok()) {
            Some(kept) => self.drafts = kept.drafts.into_iter().map(|draft| (draft.id, draft)).collect(),
            None => {
                tracing::error!("the kept drafts do not open; they are set aside");
                self.drafts_damaged = true;
                cx.saves.push(Effect::Save { name: DAMAGED_DRAFTS, bytes: Opaque::new(bytes) });
                self.save_drafts(cx);
            }
        }
    }

    /// Seals and saves them as they are now.
    pub(in crate::replica) fn save_drafts(&self, cx: &mut Cx<'_>) {
        let Some(vault) = &self.vault else { return };
        let kept = Kept { drafts: self.drafts.values().cloned().collect() };
        let plain = Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
        cx.saves.push(Effect::Save { name: FILE, bytes: Opaque::new(vault.cache.seal(FILE, &plain, cx.rng)) });
    }

    /// Forgets what was being typed about records that are gone.
    pub(in crate::replica) fn forget_drafts_of(&mut self, cx: &mut Cx<'_>, gone: &BTreeSet<RecordId>) {
        let names = |word: &String| {
            word.len() >= MIN_SUFFIX && gone.iter().any(|id| id.to_string().ends_with(word.as_str()) || id.key().ends_with(word.as_str()))
        };
        let before = self.drafts.len();
        self.drafts.retain(|id, draft| !gone.contains(&RecordId(*id)) && !draft.words.iter().skip(1).any(names));
        if self.drafts.len() < before {
            self.save_drafts(cx);
        }
    }

    pub(super) fn drafts(&mut self, cx: &mut Cx<'_>, what: &DraftAsk) -> Handled {
        match what {
            DraftAsk::Keep(draft) => self.draft_keep(cx, draft),
            DraftAsk::List => Ok(Outcome::Reply(Reply::Drafts(self.draft_list()))),
            DraftAsk::Show { id } => {
                let id = match id {
                    Some(typed) => self.find_draft(typed)?,
                    None => self.draft_list().first().map(|draft| draft.id).ok_or_else(no_draft)?,
                };
                self.draft_reply(&id)
            }
            DraftAsk::Drop { id, after } => {
                let id = match (id, &self.draft_list()[..]) {
                    (Some(typed), _) => self.find_draft(typed)?,
                    (None, [only]) => only.id,
                    (None, []) => return Err(no_draft()),
                    (None, several) => {
                        let message = format!("there are {} drafts", several.len());
                        return Err(Failure::new(ErrorKind::Usage, message).hint("name the one you mean: asif draft list"));
                    }
                };
                let dropped = self.draft_reply(&id)?;
                if after.is_some_and(|after| self.drafts.get(&id).is_some_and(|draft| draft.kept_at != after)) {
                    return Ok(dropped);
                }
                self.drafts.remove(&id);
                self.save_drafts(cx);
                Ok(dropped)
            }
        }
    }

    fn draft_keep(&mut self, cx: &mut Cx<'_>, Keeping { draft, after }: &Keeping) -> Handled {
        if self.drafts.get(&draft.id).is_some_and(|there| !there.says(draft) && Some(there.kept_at) != *after) {
            return self.draft_reply(&draft.id);
        }
        let size = draft.words.iter().map(String::len).sum::<usize>()
            + draft
                .answers
                .iter()
                .chain(draft.typing.iter().map(|(field, text)| (field, text)))
                .map(|(a, b)| a.len() + b.len())
                .sum::<usize>();
        if size > MAX_DRAFT {
            return Err(Failure::new(ErrorKind::Usage, format!("a draft may have {} KiB", MAX_DRAFT / 1024)).hint("it is not kept"));
        }
        if self.drafts.len() >= MAX_DRAFTS && !self.drafts.contains_key(&draft.id) {
            let message = format!("there are {MAX_DRAFTS} drafts already; this one is not kept");
            return Err(Failure::new(ErrorKind::Precondition, message).hint("look through them with: asif draft list"));
        }
        self.drafts.insert(draft.id, Draft { short: String::new(), ..draft.clone() });
        self.save_drafts(cx);
        self.draft_reply(&draft.id)
    }

    fn find_draft(&self, typed: &str) -> Result<Uuid, Failure> {
        by_suffix(typed, self.drafts.keys().map(|id| (id.to_string(), *id)), "no draft has the id")
            .map_err(|failure| failure.hint("see them with: asif draft list"))
    }

    fn draft_reply(&self, id: &Uuid) -> Handled {
        let draft = self.drafts.get(id).ok_or_else(no_draft)?;
        Ok(Outcome::Reply(Reply::Draft(self.draft_view(draft))))
    }

    pub(super) fn draft_list(&self) -> Vec<Draft> {
        let mut drafts: Vec<_> = self.drafts.values().map(|draft| self.draft_view(draft)).collect();
        drafts.sort_by_key(|draft| std::cmp::Reverse((draft.kept_at, draft.id)));
        drafts
    }

    fn draft_view(&self, draft: &Draft) -> Draft {
        let id = draft.id.to_string();
        let end = |len: usize| id.get(id.len().saturating_sub(len)..).unwrap_or(&id);
        let is_unique = |len: &usize| self.drafts.keys().filter(|other| other.to_string().ends_with(end(*len))).count() == 1;
        let len = (MIN_SUFFIX..id.len()).find(is_unique).unwrap_or(id.len());
        Draft { short: end(len).to_owned(), ..draft.clone() }
    }
}

fn no_draft() -> Failure {
    Failure::new(ErrorKind::NotFound, "no draft is kept")
}
