//! How it is with helpers.

use asif_proto::id::RecordId;
use asif_proto::local::{Ask, ErrorKind, Failure, RapportAsk, Reply};
use asif_proto::record::{Kind, MAX_LINE, Rapport};

use super::super::{Cx, Replica};
use super::journal::whole_seconds;
use super::kept::{new_record, one_line};
use super::{Handled, Outcome};
use crate::journal::kept::Kept;
use crate::journal::record::record_grant;
use crate::seal::body::DocId;

impl Replica {
    pub(super) fn rapport(&mut self, cx: &mut Cx<'_>, ask: &Ask, what: &RapportAsk) -> Handled {
        match what {
            RapportAsk::Rate { helper, understood, trust, agreement, visibility } => {
                if [understood, trust, agreement].iter().all(|rating| rating.is_none()) {
                    return Err(Failure::new(ErrorKind::Usage, "nothing was rated").hint("asif rapport rate --help tells what can be"));
                }
                if !self.has(cx, DocId::Plan) {
                    return Ok(Outcome::Wanted);
                }
                let id = RecordId(ask.id);
                self.one_more(id, Kind::Rapport)?;
                let helper = one_line("the helper's name", helper, MAX_LINE)?;
                // Somebody with whom nothing is shared can be rated too.
                let grant = match self.find_grant(&helper, cx.now.wall) {
                    Ok((id, grant)) => Some((id, grant)).filter(|(_, grant)| grant.helper.is_some()),
                    Err(failure) if failure.kind == ErrorKind::NotFound => None,
                    Err(failure) => return Err(failure),
                };
                let rapport = Rapport {
                    helper: grant.as_ref().map_or(helper, |(_, grant)| grant.name.clone()),
                    grant: grant.as_ref().map(|(id, _)| record_grant(*id)),
                    understood: *understood,
                    trust: *trust,
                    agreement: *agreement,
                    recorded_at: whole_seconds(cx.now.wall),
                    visibility: *visibility,
                    deleted: false,
                };
                self.write_once(cx, DocId::Plan, id, &new_record(id, Kind::Rapport, &rapport, &[]), "rapport")
            }
            RapportAsk::List { helper } => {
                let of = |one: &Rapport| helper.as_ref().is_none_or(|name| one.helper.eq_ignore_ascii_case(name));
                let all = self.all_standing(|kept| if let Kept::Rapport(one) = kept { Some(one) } else { None });
                let mut all: Vec<_> = all.filter(|(_, _, one)| of(one)).map(|(id, row, one)| self.as_shown(id, row, one.clone())).collect();
                all.sort_by_key(|one| one.value.recorded_at);
                Ok(Outcome::Reply(Reply::Rapports(all)))
            }
        }
    }
}
