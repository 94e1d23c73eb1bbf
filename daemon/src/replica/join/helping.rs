//! A home that accepted an invitation to help.

use asif_proto::local::{ErrorKind, Failure};
use asif_proto::peer::Welcome;
use uuid::Uuid;

use super::super::{Cx, Replica};
use crate::journal::record::{self, Client, grant_record};
use crate::people::space::Space;
use crate::people::statement::{Said, Statement};
use crate::seal::body::{Body, DocId, Keys};

impl Replica {
    pub(super) fn become_helper(
        &mut self,
        cx: &mut Cx<'_>,
        welcome: &Welcome,
        statements: Vec<Statement>,
        request: Uuid,
    ) -> Result<(), Failure> {
        let nonsense = || Failure::new(ErrorKind::NotPermitted, "the invitation does not fit together; nothing was joined");
        let (Some(me), Some(grant)) = (self.person(), welcome.grant) else { return Err(nonsense()) };
        let share = Space::Share { owner: welcome.person, grant };
        let fits = |one: &Statement| match one.said() {
            Said::Epoch(epoch) => epoch.space == share && epoch.readers.contains(&me),
            roster => roster.roster_of() == Some(welcome.person),
        };
        let record = grant_record(grant);
        // A grant is no other record of this journal, whoever chose its id.
        let taken = self.view.client(&record).is_none()
            && (self.view.touches(&record) > 0 || self.vault.iter().flat_map(|vault| &vault.invitations).any(|one| one.offers(&record.0)));
        if taken || !statements.iter().all(|one| fits(one) && self.is_free(one)) {
            return Err(nonsense());
        }
        statements.into_iter().for_each(|statement| {
            self.state(cx, statement);
        });
        self.refresh_keys();
        let read: Vec<_> = self
            .registry
            .epochs(share.id())
            .filter_map(|epoch| Some((share.id(), epoch.key, self.keys.get(&epoch.queue())?.read.clone())))
            .collect();
        if read.is_empty() {
            return Err(nonsense());
        }
        if self.view.client(&grant_record(grant)).is_some() {
            return Ok(());
        }
        let name = self.free_name(&super::super::find::one_line(&welcome.name, "client"), welcome.person);
        let client = Client { person: welcome.person, name, joined_at: cx.now.wall, joined_by: Some(request), left: None, purged: None };
        let put = (grant_record(grant).key(), record::pack(record::kind::CLIENT, &client).as_str().into());
        self.given.read.extend(read.iter().cloned());
        self.write_body(cx, Space::Journal { owner: me }, &Body::Keys(Keys { read, items: Vec::new() }))?;
        self.write(cx, DocId::Plan, &[put], "helper")?;
        self.open_epoch(cx, Space::Feedback { owner: me, grant }, &[welcome.person])?;
        Ok(())
    }

    /// A name for a client that no other person has here, nor one who still shares.
    fn free_name(&self, name: &str, person: asif_proto::id::PersonId) -> String {
        let is_taken = |name: &str| {
            let mut clients = self.view.clients().filter(|(_, row)| row.value.purged != Some(true));
            clients.any(|(id, row)| {
                let is_other = row.value.person != person || !self.has_ended(record::record_grant(*id));
                is_other && row.value.name.eq_ignore_ascii_case(name)
            })
        };
        let others = (2..).map(|number| format!("{name}-{number}"));
        std::iter::once(name.to_owned()).chain(others).find(|name| !is_taken(name)).unwrap_or_default()
    }
}
