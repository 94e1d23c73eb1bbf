//! Coming to a mailbox with its ticket.

use std::time::Duration;

use asif_proto::id::LinkKey;
use asif_proto::local::{ErrorKind, Failure, Reply};
use asif_proto::peer::{Allowance, Message, Why};
use asif_proto::ticket::{MailboxTicket, TicketError};

use super::super::effect::{ClientId, Effect, LinkId};
use super::super::{Cx, Replica, no_journal};
use super::Station;
use super::stations::Told;
use crate::journal::schema;
use crate::seal::body::DocId;
use crate::seal::keys::{EnrolmentSeed, derive};
use crate::seal::proof;

/// So long a mailbox is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Somebody waits to be enrolled.
pub(super) struct Enrolling {
    client: ClientId,
    pub(super) station: Station,
    ticket: EnrolmentSeed,
    seed: EnrolmentSeed,
    pub(super) deadline: Duration,
}

impl Replica {
    /// Begins to use a mailbox; the answer comes when it is through.
    pub(in crate::replica) fn use_mailbox(&mut self, cx: &mut Cx<'_>, client: ClientId, text: &str) -> Result<(), Failure> {
        let ticket: MailboxTicket = text.parse().map_err(|error: TicketError| {
            Failure::new(ErrorKind::Usage, error.to_string()).hint("whoever runs the mailbox makes one with: asifd mailbox invite")
        })?;
        let before = self.own_station().filter(|before| before.key != ticket.key);
        if let Some(before) = before {
            let told = format!("you use another mailbox already, at {}", before.places.join(" "));
            return Err(Failure::new(ErrorKind::Precondition, told).hint("leave that one first: asif mailbox leave"));
        }
        let (Some(me), Some(vault)) = (self.person(), &mut self.vault) else { return Err(no_journal()) };
        // The same on each try of this device: a ticket is bound to the first key that comes with it.
        let seed = EnrolmentSeed::from_bytes(*derive(vault.cache.danger_bytes(), &[b"asif enrolment v1", &ticket.secret]));
        vault.networked = true;
        self.save_vault(cx);
        let station = Station { key: ticket.key, places: ticket.places.clone(), seed: Some(seed.clone()), of: me };
        self.last_error.remove(&ticket.key);
        // Where there is a link, it was not said on it that somebody comes with a ticket.
        let live: Vec<LinkId> = self.mail.live.iter().filter(|(_, live)| live.key == ticket.key).map(|(id, _)| *id).collect();
        live.into_iter().for_each(|id| self.drop_link(cx, id));
        self.backoff.entry(ticket.key).or_default().reset();
        let ticket = EnrolmentSeed::of_ticket(&ticket.secret);
        self.mail.enrolling = Some(Enrolling { client, station, ticket, seed, deadline: cx.now.mono + PATIENCE });
        if self.listening.is_none() {
            self.listen_wanted = true;
            cx.rest.push(Effect::Listen);
        }
        Ok(())
    }

    /// Says to a station that somebody comes with its ticket, where somebody does.
    pub(super) fn enrol_at(&mut self, cx: &mut Cx<'_>, id: LinkId, key: &LinkKey, exporter: &[u8; 32]) -> bool {
        let Some(one) = self.mail.enrolling.as_ref().filter(|one| one.station.key == *key) else { return false };
        cx.rest.push(Effect::Send { link: id, message: Message::Enrol(proof::enrol(&one.ticket, &one.seed, exporter)) });
        true
    }

    /// A station says what this person may keep there.
    pub(super) fn enrolled(&mut self, cx: &mut Cx<'_>, id: LinkId, allowance: Allowance) {
        let Some(live) = self.mail.live.get_mut(&id) else { return };
        live.enrolled = true;
        let key = live.key;
        // From here on it takes statements in every queue of this person's.
        self.announce_slips(cx);
        let known = self.mail.known.entry(key).or_default();
        (known.allowance, known.unwilling) = (Some(allowance), None);
        let Some(Enrolling { client, station, seed, .. }) = self.mail.enrolling.take_if(|one| one.station.key == key) else { return };
        let seed = Some(data_encoding::HEXLOWER.encode(seed.danger_bytes()));
        let told = Told { key: station.key, places: station.places, seed };
        let packed = serde_json::to_string(&told).unwrap_or_default();
        let written = self.write(cx, DocId::Plan, &[Self::name_put(schema::MAILBOX.into(), &packed)], "mailbox");
        cx.answer(client, written.map(|_| Reply::Mailbox(self.mailbox_view())));
    }

    /// A station does not know whoever said to be enrolled. Says whether that was about somebody who waits.
    pub(super) fn not_enrolled(&mut self, cx: &mut Cx<'_>, id: LinkId, why: Why) -> bool {
        let Some(key) = self.mail.live.get(&id).map(|live| live.key) else { return false };
        let is_about = |one: &mut Enrolling| one.station.key == key && matches!(why, Why::Unknown | Why::Used | Why::Expired | Why::Store);
        let Some(Enrolling { client, .. }) = self.mail.enrolling.take_if(is_about) else { return false };
        let failure = match why {
            Why::Store => Failure::new(ErrorKind::Failure, why.to_string()).hint("try again in a while: the ticket is still good"),
            _ => Failure::new(ErrorKind::Precondition, why.to_string()).hint("ask whoever runs the mailbox for a new ticket"),
        };
        cx.answer(client, Err(failure));
        self.drop_link(cx, id);
        true
    }

    /// Whoever waited long enough is told why.
    pub(super) fn finish_enrolling(&mut self, cx: &mut Cx<'_>) {
        let Some(Enrolling { client, station, .. }) = self.mail.enrolling.take_if(|one| cx.now.mono >= one.deadline) else { return };
        let why = self.why_not_reached(&station.key).or_else(|| self.last_error.get(&station.key).cloned());
        let why = why.or_else(|| self.not_open.clone()).unwrap_or_else(|| "no answer".into());
        let told = format!("the mailbox at {} was not reached: {why}", station.places.join(" "));
        let hint = "is it running, and does its address lead there from here? The ticket is still good";
        cx.answer(client, Err(Failure::new(ErrorKind::PeerUnreachable, told).hint(hint)));
    }

    /// Who waits to be enrolled.
    pub(in crate::replica) fn enrolling_client(&self) -> Option<ClientId> {
        self.mail.enrolling.as_ref().map(|one| one.client)
    }
}
