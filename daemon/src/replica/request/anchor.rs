//! Anchors and sketches.

use asif_proto::id::RecordId;
use asif_proto::local::{AnchorAsk, Ask, ErrorKind, Failure, NewAnchor, NewSketch, Reply, SketchAsk};
use asif_proto::record::{Anchor, Kind, MAX_LINE, MAX_NOTE, Sketch};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{new_record, nth, one_line, prose};
use super::{Handled, Outcome};
use crate::journal::kept::Kept;
use crate::journal::record::{self, kind};
use crate::seal::body::DocId;

/// The most practices that one sketch makes.
const MAX_STEPS: usize = 50;

impl Replica {
    pub(super) fn anchors(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &AnchorAsk) -> Handled {
        match what {
            AnchorAsk::Add(new) => self.anchor_add(cx, ask, new),
            AnchorAsk::List => {
                let anchors = self.all_standing(|kept| if let Kept::Anchor(anchor) = kept { Some(anchor) } else { None });
                Ok(Outcome::Reply(Reply::Anchors(anchors.map(|(id, row, anchor)| self.as_shown(id, row, anchor.clone())).collect())))
            }
        }
    }

    fn anchor_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewAnchor) -> Handled {
        let id = RecordId(ask.id);
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        self.one_more(id, Kind::Anchor)?;
        let anchor = Anchor {
            who_label: new.who_label.as_ref().map(|label| one_line("who it was", label, MAX_LINE)).transpose()?,
            act: prose("what you did", Some(&new.act), MAX_NOTE)?
                .ok_or_else(|| Failure::new(ErrorKind::Usage, "what you did was empty"))?,
            deserved: new.deserved,
            polite: new.polite,
            recorded_at: whole_seconds(cx.now.wall),
            visibility: new.visibility,
            deleted: false,
        };
        self.write_once(cx, DocId::Plan, id, &new_record(id, Kind::Anchor, &anchor, &["act"]), "anchor")
    }

    pub(super) fn sketches(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &SketchAsk) -> Handled {
        match what {
            SketchAsk::Add(new) => self.sketch_add(cx, ask, new),
            SketchAsk::List => {
                let ids: Vec<_> = self.all_standing(|kept| matches!(kept, Kept::Sketch(_)).then_some(())).map(|(id, _, ())| id).collect();
                let sketches = ids.into_iter().map(|id| self.sketch_view(id)).collect::<Result<_, _>>()?;
                Ok(Outcome::Reply(Reply::Sketches(sketches)))
            }
        }
    }

    fn sketch_add(&mut self, cx: &mut Cx<'_>, ask: &Ask, new: &NewSketch) -> Handled {
        let id = RecordId(ask.id);
        if !self.has(cx, DocId::Plan) {
            return Ok(Outcome::Wanted);
        }
        self.one_more(id, Kind::Sketch)?;
        if new.practices.len() > MAX_STEPS {
            return Err(Failure::new(ErrorKind::Usage, format!("a sketch makes at most {MAX_STEPS} practices")));
        }
        if let (Some(starts), Some(ends)) = (new.starts, new.ends)
            && ends < starts
        {
            return Err(Failure::new(ErrorKind::Usage, format!("the last day ({ends}) is before the first ({starts})")));
        }
        let text = prose("the sketch", Some(&new.text), MAX_NOTE)?.ok_or_else(|| Failure::new(ErrorKind::Usage, "the sketch was empty"))?;
        let mut steps = Vec::new();
        let mut taken = Vec::new();
        for (n, step) in (1..).zip(&new.practices) {
            let id = RecordId(nth(ask, n));
            let practice = self.new_practice(id, step, cx.now.wall, &taken)?;
            taken.push(practice.slug.clone());
            steps.push((id, (id.key(), record::pack(kind::PRACTICE, &practice).as_str().into())));
        }
        let sketch = Sketch {
            text,
            plausible: new.plausible,
            starts: new.starts,
            ends: new.ends,
            practices: steps.iter().map(|(id, _)| *id).collect(),
            recorded_at: whole_seconds(cx.now.wall),
            visibility: new.visibility,
            deleted: false,
        };
        let mut puts = new_record(id, Kind::Sketch, &sketch, &["text"]);
        puts.extend(steps.into_iter().map(|(_, put)| put));
        self.write_once(cx, DocId::Plan, id, &puts, "sketch")
    }
}
