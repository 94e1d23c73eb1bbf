//! Leaving a mailbox: it is asked to remove all that it keeps for this person, and then forgotten.

use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure, Reply};
use asif_proto::peer::Message;

use super::super::effect::{ClientId, Effect, LinkId};
use super::super::{Cx, Replica};
use crate::journal::schema;
use crate::seal::body::DocId;

/// So long a mailbox has to do it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody waits for it.
pub(super) struct Leaving {
    client: ClientId,
    /// It was said on this link.
    said_on: Option<LinkId>,
    pub(super) deadline: Duration,
    /// It is left also where it does not answer.
    unheard: bool,
}

impl Replica {
    /// Begins to leave; the answer comes when it is through.
    pub(in crate::replica) fn leave_mailbox(&mut self, cx: &mut Cx<'_>, client: ClientId, unheard: bool) -> Result<(), Failure> {
        let Some(station) = self.own_station() else {
            return Err(Failure::new(ErrorKind::Precondition, "you use no mailbox").hint("see: asif mailbox status"));
        };
        self.backoff.entry(station.key).or_default().reset();
        let patience = if unheard { Duration::from_secs(5) } else { PATIENCE };
        self.mail.leaving = Some(Leaving { client, said_on: None, deadline: cx.now.mono + patience, unheard });
        Ok(())
    }

    /// Says so on a link to it, or gives up.
    pub(super) fn tend_leaving(&mut self, cx: &mut Cx<'_>) {
        let Some(station) = self.own_station() else { return };
        let link = self.mail.live.iter().find(|(_, live)| live.key == station.key && live.enrolled).map(|(id, _)| *id);
        let why = || self.why_not_reached(&station.key).or_else(|| self.last_error.get(&station.key).cloned());
        let why = why().unwrap_or_else(|| "it did not answer".into());
        let Some(leaving) = &mut self.mail.leaving else { return };
        if let Some(link) = link.filter(|link| leaving.said_on != Some(*link)) {
            leaving.said_on = Some(link);
            cx.rest.push(Effect::Send { link, message: Message::Leave });
        }
        if cx.now.mono < leaving.deadline {
            return;
        }
        let (client, unheard) = (leaving.client, leaving.unheard);
        self.mail.leaving = None;
        if unheard {
            return self.forget_mailbox(cx, client);
        }
        let told = format!("the mailbox at {} was not reached: {why}. Nothing was changed", station.places.join(" "));
        let hint = "what it keeps stays sealed. To leave it all the same: asif mailbox leave --unheard";
        cx.answer(client, Err(Failure::new(ErrorKind::PeerUnreachable, told).hint(hint)));
    }

    /// It has removed everything.
    pub(super) fn left(&mut self, cx: &mut Cx<'_>, id: LinkId) {
        if let Some(leaving) = self.mail.leaving.take_if(|one| one.said_on == Some(id)) {
            self.forget_mailbox(cx, leaving.client);
        }
    }

    fn forget_mailbox(&mut self, cx: &mut Cx<'_>, client: ClientId) {
        let written = self.write(cx, DocId::Plan, &[Self::name_put(schema::MAILBOX.into(), "")], "mailbox");
        cx.answer(client, written.map(|_| Reply::Mailbox(self.mailbox_view())));
    }

    /// Who waits for it.
    pub(in crate::replica) fn leaving_client(&self) -> Option<ClientId> {
        self.mail.leaving.as_ref().map(|one| one.client)
    }
}
