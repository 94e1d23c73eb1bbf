//! Changing a grant: its scopes and bounds, pausing, and keeping a record back.

use asif_proto::id::{LogId, PersonId, RecordId};
use asif_proto::local::{Ask, ErrorKind, Failure, GrantChange, Held, Reply, ShareAsk};
use asif_proto::moment::Moment;
use asif_proto::record::{HoldUntil, MAX_LINE};
use asif_proto::share::Scope;
use serde_json::{Value, json};

use super::super::super::effect::ClientId;
use super::super::super::find::Found;
use super::super::super::publish::delay::MAX_DELAY_S;
use super::super::super::{Cx, Replica};
use super::super::journal::bound;
use super::super::kept::one_line;
use super::super::{Handled, Outcome};
use super::telling::Telling;
use crate::journal::document::Put;
use crate::journal::record::{Grant, record_grant};
use crate::journal::schema;
use crate::people::space::Space;
use crate::seal::body::DocId;
use crate::share::{item, projection};

/// The longest name, in bytes.
const MAX_NAME: usize = 100;

impl Replica {
    pub(in crate::replica::request) fn share_asked(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask, what: &ShareAsk) -> Handled {
        match what {
            ShareAsk::PreviewEdit { name, change } => {
                let (id, grant) = self.standing_grant(name, cx)?;
                let changed = self.changed(cx, ask, &grant, change)?;
                Ok(Outcome::Reply(Reply::Preview(self.preview_of(cx.now, id, &changed))))
            }
            ShareAsk::Edit { name, change } => {
                let (id, grant) = self.standing_grant(name, cx)?;
                let changed = self.changed(cx, ask, &grant, change)?;
                self.write_grant(cx, id, &grant_puts(id, &grant, &changed), "share edit")?;
                self.tell_soon(cx, client, Telling::Grant(id))
            }
            ShareAsk::Pause { name, paused } => {
                let (id, grant) = self.standing_grant(name, cx)?;
                if !paused {
                    self.go_on(cx, id, &grant.name)?;
                }
                if grant.paused != *paused {
                    self.write_grant(cx, id, &Self::field_puts(id, vec![("paused", json!(paused))]), "share pause")?;
                }
                self.tell_soon(cx, client, Telling::Grant(id))
            }
            ShareAsk::Receipts { given, name } => self.receipts(*given, name.as_deref()),
            ShareAsk::Log { name, since } => self.share_log(cx, ask, name.as_deref(), since.as_deref()),
            ShareAsk::Hidden { id } if self.shares_anything() => self.tell_soon(cx, client, Telling::Hidden(*id)),
            ShareAsk::Hidden { id } => Ok(Outcome::Reply(Reply::Held(self.held_view(*id, Vec::new())))),
            ShareAsk::Hold { id, until, off } => self.hold(cx, client, ask, id, until.as_deref(), *off),
        }
    }

    fn write_grant(&mut self, cx: &mut Cx<'_>, id: RecordId, puts: &[Put], what: &str) -> Result<(), Failure> {
        debug_assert!(puts.iter().all(|(key, _)| schema::record_of(key) == Some(id)));
        self.write(cx, DocId::Plan, puts, what).map(drop)
    }

    /// A grant that can be changed: somebody sees by it.
    fn standing_grant(&self, name: &str, cx: &Cx<'_>) -> Result<(RecordId, Grant), Failure> {
        let (id, grant) = self.find_grant(name, cx.now.wall)?;
        if grant.helper.is_none() {
            return Err(Failure::new(ErrorKind::Precondition, format!("{} has not joined yet", grant.name))
                .hint(format!("take the invitation back with asif share revoke \"{}\", and make another", grant.name)));
        }
        if self.has_ended(record_grant(id)) || (grant.ended.is_none() && grant.is_over(cx.now.wall)) {
            return Err(Failure::new(ErrorKind::Precondition, format!("sharing with {} has already ended", grant.name))
                .hint("invite them again with: asif share invite"));
        }
        Ok((id, grant))
    }

    /// The grant as it would be.
    fn changed(&self, cx: &Cx<'_>, ask: &Ask, grant: &Grant, change: &GrantChange) -> Result<Grant, Failure> {
        if *change == GrantChange::default() {
            return Err(Failure::new(ErrorKind::Usage, "nothing to change was named").hint("asif share edit --help tells what can be"));
        }
        let mut scopes = change.scopes.clone().unwrap_or_else(|| grant.scopes.clone());
        scopes.extend(&change.add);
        scopes.retain(|scope| !change.remove.contains(scope));
        scopes.sort();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "nothing would be left to see")
                .hint("to stop for good: asif share revoke   for a while: asif share pause"));
        }
        let mut changed = Grant { scopes, ..grant.clone() };
        if let Some(since) = bound(cx, ask, change.since.as_deref())? {
            changed.since = since;
        }
        changed.until = match change.until.as_deref() {
            Some("") => None,
            Some(until) => bound(cx, ask, Some(until))?,
            None => changed.until,
        };
        // An end that was over when it was given only bounds; one that lies behind now would neither end it nor be what was meant.
        let bounds_only = |until: &Moment| until.timestamp() <= grant.created_at;
        let is_past = changed.until != grant.until && changed.until.as_ref().is_some_and(|until| until.timestamp() <= cx.now.wall);
        if is_past && !grant.until.as_ref().is_some_and(bounds_only) {
            return Err(Failure::new(ErrorKind::Usage, "--until is over already; nothing was changed")
                .hint(format!("to end it now: asif share revoke \"{}\"; else a time to come", grant.name)));
        }
        changed.delay_s = change.delay_s.unwrap_or(changed.delay_s);
        changed.role = change.role.unwrap_or(changed.role);
        if let Some(purpose) = &change.purpose {
            changed.purpose = purpose_of(Some(purpose))?;
        }
        if let Some(client) = &change.client {
            changed.client_name = own_name(client)?;
        }
        check_terms(cx, &changed)?;
        Ok(changed)
    }

    /// Keeps a record back from everybody, or lets it go.
    fn hold(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Ask, typed: &str, until: Option<&str>, off: bool) -> Handled {
        let (id, doc) = match self.find(typed)? {
            Found::Session(id) => (id, self.view.session_doc(&id)),
            Found::Kept(id) if self.experiment(id).is_ok() => (id, self.view.kept(&id).map(|row| row.doc)),
            Found::Practice(_) | Found::Kept(_) | Found::Loan(_) | Found::Sent(_) => {
                return Err(Failure::new(ErrorKind::Usage, "only a session, a note or an experiment can be kept back for a while")
                    .hint("what nobody is to see is marked private: asif edit ID --private"));
            }
        };
        let doc = doc.ok_or_else(|| Failure::new(ErrorKind::NotFound, "no such record"))?;
        if !self.has(cx, doc) {
            return Ok(Outcome::Wanted);
        }
        let hold = match (off, bound(cx, ask, until)?) {
            (true, _) => None,
            (false, None) => Some(HoldUntil::Open),
            (false, Some(at)) if at.timestamp() <= cx.now.wall => {
                return Err(Failure::new(ErrorKind::Usage, "that time is over; nothing was kept back").hint("--until takes a time to come"));
            }
            (false, Some(at)) => Some(HoldUntil::At(at)),
        };
        let puts = self.changing(doc, id, Self::field_puts(id, vec![("hold_until", json!(hold))]));
        self.write(cx, doc, &puts, "hold")?;
        self.tell_soon(cx, client, Telling::Hold(id))
    }

    /// Somebody is shown something.
    fn shares_anything(&self) -> bool {
        self.view.grants().any(|(id, row)| row.value.helper.is_some() && !self.has_ended(record_grant(*id)))
    }

    /// What a hold came to.
    pub(in crate::replica::request) fn held_view(&self, id: RecordId, unheard: Vec<String>) -> Held {
        let of_session = self.view.session(&id).and_then(|row| row.value.hold_until.clone());
        let hold_until = of_session.or_else(|| self.experiment(id).ok().and_then(|(one, _)| one.hold_until.clone()));
        let short = self.view.short(&id);
        let private = projection::is_private(&self.view, id);
        let Some(owner) = self.person() else {
            return Held { id, short, hold_until, private, was_shared_with: vec![], unheard };
        };
        let held = |grant: &RecordId| {
            let grant = record_grant(*grant);
            let (_, key) = self.given.items.iter().find(|(one, _)| *one == grant)?;
            self.boards.get(&Space::Share { owner, grant }.id())?.get(&item::item_id(key, id))
        };
        let me = self.vault.as_ref().map(|vault| vault.device());
        // What this device sent has come as far as it was told so; of what another one sent that is not known here.
        let had = |grant: &RecordId, helper: PersonId| {
            let came =
                |(log, seq): &(LogId, u64)| self.logs.get(log).is_none_or(|log| log.device != me) || *seq <= self.delivered(*log, helper);
            held(grant).is_some_and(|held| held.outdated.iter().chain(held.payload.as_ref().map(|_| &held.entry)).any(came))
        };
        let stands = |grant: &RecordId| !self.has_ended(record_grant(*grant));
        let standing = self.view.grants().filter_map(|(id, row)| Some((id, row, row.value.helper?)));
        let shared = standing.filter(|(grant, _, helper)| stands(grant) && had(grant, *helper)).map(|(_, row, _)| row.value.name.clone());
        Held { id, short, hold_until, private, was_shared_with: shared.collect(), unheard }
    }
}

/// Refuses terms that make no sense.
pub(super) fn check_terms(cx: &Cx<'_>, grant: &Grant) -> Result<(), Failure> {
    if let Some(until) = &grant.until {
        if until.timestamp() <= grant.since.timestamp() {
            return Err(Failure::new(ErrorKind::Usage, "--until must be later than --since"));
        }
        if grant.is_over(cx.now.wall) {
            return Err(Failure::new(ErrorKind::Usage, "--until is over already: the sharing would end now")
                .hint(format!("to end it: asif share revoke \"{}\"; else a time to come", grant.name)));
        }
    }
    if grant.delay_s > MAX_DELAY_S {
        return Err(Failure::new(ErrorKind::Usage, "--delay can be 30 days at most"));
    }
    Ok(())
}

/// What sharing is for, on one line; nothing where nothing is on it.
pub(super) fn purpose_of(typed: Option<&String>) -> Result<Option<String>, Failure> {
    typed.filter(|text| !text.trim().is_empty()).map(|text| one_line("--purpose", text, MAX_LINE)).transpose()
}

/// What a helper is called here.
pub(super) fn helper_name(typed: &str) -> Result<String, Failure> {
    if typed.trim().is_empty() {
        return Err(Failure::new(ErrorKind::Usage, "a helper needs a name: --name Dana"));
    }
    if typed.trim().contains(char::is_control) {
        return Err(
            Failure::new(ErrorKind::Usage, "the helper's name has characters in it that cannot be shown").hint("nothing was shared")
        );
    }
    one_line("the helper's name", typed, MAX_NAME)
}

/// The name by which somebody wants to be known.
pub(super) fn own_name(typed: &str) -> Result<String, Failure> {
    one_line("the name that the helper will see", typed, MAX_NAME)
}

/// What one grant says and the other does not.
pub(in crate::replica) fn grant_puts(id: RecordId, before: &Grant, after: &Grant) -> Vec<Put> {
    let mut fields: Vec<(String, Value)> = Vec::new();
    for scope in Scope::ALL {
        let (was, is) = (before.scopes.contains(scope), after.scopes.contains(scope));
        if was != is {
            fields.push((format!("scopes/{scope}"), is.into()));
        }
    }
    let mut say = |field: &str, differs: bool, value: Value| {
        if differs {
            fields.push((field.to_owned(), value));
        }
    };
    let text = |moment: &Moment| Value::from(moment.to_string());
    say("since", before.since != after.since, text(&after.since));
    say("until", before.until != after.until, after.until.as_ref().map_or(Value::Null, text));
    say("delay_s", before.delay_s != after.delay_s, after.delay_s.into());
    say("role", before.role != after.role, after.role.word().into());
    say("purpose", before.purpose != after.purpose, json!(after.purpose));
    say("client_name", before.client_name != after.client_name, json!(after.client_name));
    fields.iter().map(|(field, value)| (schema::field(id, field), schema::scalar(value))).collect()
}
