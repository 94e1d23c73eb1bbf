//! What is asked about mailboxes.

use asif_proto::local::{MailboxAsk, MailboxView, Reply, StationView};

use super::super::effect::ClientId;
use super::super::mail::Station;
use super::super::{Cx, Replica};
use super::{Handled, Outcome};

impl Replica {
    pub(super) fn mailbox(&mut self, cx: &mut Cx<'_>, client: ClientId, what: &MailboxAsk) -> Handled {
        match what {
            MailboxAsk::Use { ticket } => {
                self.use_mailbox(cx, client, ticket)?;
                Ok(Outcome::Later)
            }
            MailboxAsk::Status => Ok(Outcome::Reply(Reply::Mailbox(self.mailbox_view()))),
            MailboxAsk::Leave { unheard } => {
                self.leave_mailbox(cx, client, *unheard)?;
                Ok(Outcome::Later)
            }
        }
    }

    /// How it is with the mailboxes.
    pub(in crate::replica) fn mailbox_view(&self) -> MailboxView {
        let own = self.own_station().map(|station| self.station_view(&station));
        let others = self.stations().into_iter().filter(|station| Some(station.of) != self.person());
        MailboxView { own, others: others.map(|station| self.station_view(&station)).collect() }
    }

    fn station_view(&self, station: &Station) -> StationView {
        let known = self.station_known(&station.key);
        let of = (Some(station.of) != self.person()).then(|| self.name_of_person(station.of));
        let connected = self.station_link(&station.key).is_some();
        let trouble = known.and_then(|known| known.unwilling.clone()).or_else(|| {
            let why = || self.why_not_reached(&station.key).or_else(|| self.last_error.get(&station.key).cloned());
            if connected { None } else { why() }
        });
        StationView {
            of,
            places: station.places.clone(),
            connected,
            trouble,
            settled: self.is_station_settled(&station.key),
            last_sync: self.station_last_sync(station),
            quota: known.and_then(|known| known.allowance).map(|allowance| allowance.quota),
            used: known.and_then(|known| known.allowance).map(|allowance| allowance.used),
        }
    }
}
