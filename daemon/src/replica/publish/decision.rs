//! What becomes of one record under one grant, decided from what is known of both: nothing is read or written here.

use super::revision::{again, knowledge};
use crate::seal::body::Revision;

/// What is done about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// It stays as it is.
    Leave,
    /// What the record shows now is put, under this revision.
    Put(Revision),
    /// It is taken back, under this revision.
    Retract(Revision),
}

/// The item that stands, beside what the record shows now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// How new.
    pub(super) revision: Revision,
    /// Of two equal revisions the higher one wins.
    pub(super) hash: [u8; 32],
    /// It shows something; else it was taken back.
    pub(super) is_shown: bool,
    /// It shows the very same.
    pub(super) is_same: bool,
    /// It shows something that the record no longer does.
    pub(super) says_more: bool,
    /// This device wrote it.
    pub(super) is_ours: bool,
    /// It was left out of what was sent, for a pause.
    pub(super) is_left_out: bool,
}

/// A record that a grant shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// How new it is, by what this device knows.
    pub(super) revision: Revision,
    /// Of what it shows.
    pub(super) hash: [u8; 32],
    /// What stands.
    pub(super) before: Option<Before>,
    /// A pause or a delay keeps back whatever is new.
    pub(super) is_kept_back: bool,
    /// This device has heard from another own one, if there is any.
    pub(super) has_heard: bool,
    /// It was written here just now, and there is no other device that could know better.
    pub(super) insists: bool,
}

impl Case {
    /// What becomes of a record that is shown.
    ///
    /// What would lose against the item that stands is not put: it says less, and perhaps what another device took back. Where there is no
    /// other device, what was written here just now takes the place of what is shown, also where that counts more changes: those are gone, as when an
    /// old copy was put back.
    pub(super) fn deed(&self) -> Deed {
        let Some(before) = self.before else {
            let is_due = self.has_heard && !self.is_kept_back;
            return if is_due { Deed::Put(self.revision) } else { Deed::Leave };
        };
        if self.is_kept_back {
            // Nothing new goes out; what would say less than it does is taken back meanwhile.
            return if before.says_more { Deed::Retract(self.revision) } else { Deed::Leave };
        }
        // Who put it, or took it back, knew more of the record: it stays so, also where the terms are others now, unless it says more than it may.
        let knows_less = knowledge(self.revision.touches) < knowledge(before.revision.touches);
        let would_say_more = !before.is_shown || (!before.says_more && !self.insists);
        if knows_less && would_say_more {
            return Deed::Leave;
        }
        let revision = self.against(&before);
        let is_news = !before.is_same && (revision, self.hash) > (before.revision, before.hash);
        if !self.has_heard || !(is_news || before.is_left_out) {
            return Deed::Leave;
        }
        // What a pause kept from being sent is put once more, by one more.
        Deed::Put(if before.is_left_out && revision <= before.revision { again(before.revision) } else { revision })
    }

    /// The revision to put under, where something stands.
    fn against(&self, before: &Before) -> Revision {
        if before.is_same {
            self.revision
        } else if self.insists && before.is_shown && before.revision >= self.revision {
            again(before.revision)
        } else if before.is_ours && before.revision == self.revision {
            // What this device took back before it had heard all that it now counts, it shows again.
            again(self.revision)
        } else {
            self.revision
        }
    }
}

/// What becomes of a record that is not shown. `is_firm`: also where another device knew of more changes.
pub(super) fn deed_unshown(revision: Revision, before: Option<Before>, is_firm: bool) -> Deed {
    let Some(before) = before.filter(|before| before.is_shown) else { return Deed::Leave };
    let revision = if is_firm { revision.max(before.revision) } else { revision };
    if revision >= before.revision { Deed::Retract(revision) } else { Deed::Leave }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(touches: u64) -> Revision {
        Revision { grant: 1, touches }
    }

    /// Shown otherwise, by another device, at the fifth change.
    const BEFORE: Before = Before {
        revision: Revision { grant: 1, touches: 5 },
        hash: [5; 32],
        is_shown: true,
        is_same: false,
        says_more: false,
        is_ours: false,
        is_left_out: false,
    };
    const CASE: Case = Case {
        revision: Revision { grant: 1, touches: 6 },
        hash: [6; 32],
        before: None,
        is_kept_back: false,
        has_heard: true,
        insists: false,
    };

    fn on(before: Before) -> Case {
        Case { before: Some(before), ..CASE }
    }

    #[test]
    fn what_is_shown_is_put_where_it_is_new() {
        let known = |own, grant| Revision { grant, touches: super::super::revision::touches(own, 0, 0) };
        let taken = |own, grant| Before { is_shown: false, revision: known(own, grant), ..BEFORE };
        let taken_back = Before { is_shown: false, is_ours: true, ..BEFORE };
        let left_out = Before { is_same: true, is_left_out: true, ..BEFORE };
        for (what, case, deed) in [
            ("nothing stands", CASE, Deed::Put(at(6))),
            ("nothing stands, and nobody was heard", Case { has_heard: false, ..CASE }, Deed::Leave),
            ("nothing stands, and it waits", Case { is_kept_back: true, ..CASE }, Deed::Leave),
            ("newer", on(BEFORE), Deed::Put(at(6))),
            ("newer, and nobody was heard", Case { has_heard: false, ..on(BEFORE) }, Deed::Leave),
            ("newer, and it waits", Case { is_kept_back: true, ..on(BEFORE) }, Deed::Leave),
            ("it waits and says less", Case { is_kept_back: true, ..on(Before { says_more: true, ..BEFORE }) }, Deed::Retract(at(6))),
            ("the same", on(Before { is_same: true, ..BEFORE }), Deed::Leave),
            ("older", Case { revision: at(4), ..on(BEFORE) }, Deed::Leave),
            ("as new, and the higher", Case { revision: at(5), ..on(BEFORE) }, Deed::Put(at(5))),
            ("as new, and the lower", Case { revision: at(5), hash: [4; 32], ..on(BEFORE) }, Deed::Leave),
            ("older, written here, and nobody else knows", Case { revision: at(4), insists: true, ..on(BEFORE) }, Deed::Put(at(6))),
            ("the same was written here", Case { revision: at(4), insists: true, ..on(Before { is_same: true, ..BEFORE }) }, Deed::Leave),
            ("as new as what was taken back here", Case { revision: at(5), hash: [4; 32], ..on(taken_back) }, Deed::Put(at(6))),
            ("by other terms, where who took it back knew more", Case { revision: known(4, 2), ..on(taken(5, 1)) }, Deed::Leave),
            (
                "by other terms, where who took it back knew no more",
                Case { revision: known(5, 2), ..on(taken(5, 1)) },
                Deed::Put(known(5, 2)),
            ),
            ("left out", on(left_out), Deed::Put(at(6))),
            ("left out, and as new", Case { revision: at(5), ..on(left_out) }, Deed::Put(at(6))),
            ("left out, and the pause goes on", Case { is_kept_back: true, ..on(left_out) }, Deed::Leave),
        ] {
            assert_eq!(case.deed(), deed, "{what}");
        }
    }

    #[test]
    fn what_is_not_shown_is_taken_back_by_whoever_knows_enough() {
        for (what, revision, before, is_firm, deed) in [
            ("nothing stands", 6, None, true, Deed::Leave),
            ("taken back already", 6, Some(Before { is_shown: false, ..BEFORE }), true, Deed::Leave),
            ("newer", 6, Some(BEFORE), false, Deed::Retract(at(6))),
            ("as new", 5, Some(BEFORE), false, Deed::Retract(at(5))),
            ("older", 4, Some(BEFORE), false, Deed::Leave),
            ("older, and the person said so here", 4, Some(BEFORE), true, Deed::Retract(at(5))),
        ] {
            assert_eq!(deed_unshown(at(revision), before, is_firm), deed, "{what}");
        }
    }
}
