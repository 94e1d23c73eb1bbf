//! Coming back with the words of the recovery kit: the root lets this home in as a new device. From another device, which gives back the journal; or here,
//! where the journal lies and what opened it does not any more.

use asif_proto::id::StatementId;
use asif_proto::local::{ErrorKind, Failure, Reply};
use asif_proto::secret::Secret;
use asif_proto::ticket::TicketRole;
use uuid::Uuid;

use super::super::effect::{ClientId, Effect, Found, Opaque};
use super::super::request::not_words;
use super::super::{Cx, Replica};
use super::joiner::JOIN_LIMIT;
use super::{By, Joining, address};
use crate::journal::schema;
use crate::people::registry::Registry;
use crate::people::statement::{Add, Candidate, Kit, Said, Statement};
use crate::seal::body::DocId;
use crate::seal::keys::{KitEntropy, VaultKey};
use crate::seal::outside::Outside;
use crate::seal::vault::Vault;

/// The name of the file that says of what this home was made.
const RESTORED: &str = "restored";

/// What is asked for.
pub(in crate::replica) struct Restore<'a> {
    /// Asked again under it, it is done once.
    pub(in crate::replica) request: Uuid,
    /// The words, as typed.
    pub(in crate::replica) words: &'a Secret,
    /// What this device is to be called.
    pub(in crate::replica) name: Option<&'a str>,
    /// Where another device listens.
    pub(in crate::replica) at: Option<&'a str>,
}

impl Replica {
    /// Begins to come back; the answer comes when it is through.
    pub(in crate::replica) fn restore_by_kit(&mut self, cx: &mut Cx<'_>, client: ClientId, ask: &Restore<'_>) -> Result<(), Failure> {
        let kit = KitEntropy::from_words(ask.words.danger_text()).map_err(|error| not_words(&error, ask.words))?;
        let at = address(ask.at)?;
        if self.goes_on(cx, client, ask.request, TicketRole::Device)? {
            return Ok(());
        }
        if self.unopened.is_some() || self.vault.as_ref().is_some_and(|vault| vault.person.is_some()) {
            self.restore_here(cx, &kit, ask)?;
            self.coming_back.push((client, ask.request));
            return Ok(());
        }
        let Some(at) = at else {
            return Err(Failure::new(ErrorKind::Usage, "there is no journal here that these words could open")
                .hint("say where another device of yours listens: --at HOST:PORT (asif status there tells)"));
        };
        self.vault_key.get_or_insert_with(|| VaultKey::random(cx.rng));
        let vault = self.vault.get_or_insert_with(|| Vault::random(cx.rng));
        vault.networked = true;
        self.save_vault(cx);
        self.joining = Some(Joining {
            candidate: None,
            client: Some(client),
            request: ask.request,
            by: By::Kit(kit),
            name: ask.name.map(str::to_owned),
            at: Some(at),
            link: None,
            is_mailbox: None,
            search: super::by_code::Search::default(),
            deadline: cx.now.mono + JOIN_LIMIT,
            arriving: None,
        });
        if self.listening.is_some() {
            self.dial_giver(cx);
        } else {
            self.listen_wanted = true;
            cx.rest.push(Effect::Listen);
        }
        Ok(())
    }

    /// The journal lies here: what the words open of it is gone on with, as a new device.
    fn restore_here(&mut self, cx: &mut Cx<'_>, kit: &KitEntropy, ask: &Restore<'_>) -> Result<(), Failure> {
        // One that was made of a backup is the device that the backup was made on, until it becomes another.
        let reads = self.fault.is_none() && self.stands() && !self.is_unplaced();
        if reads && self.forgotten.is_empty() && self.restored.is_none() {
            return Err(Failure::new(ErrorKind::Precondition, "this device reads its journal already: there is nothing to bring back")
                .hint("to shut out a device that was lost: asif device remove. To see whether a paper is the right one: asif recovery-kit confirm"));
        }
        let person = kit.person();
        let held = self.unopened.as_deref().map_or_else(|| self.registry.clone(), registry_of);
        if held.roster(&person).devices().next().is_none() && held.roster(&person).gone().is_empty() {
            return Err(
                Failure::new(ErrorKind::Precondition, "these words are not those of the journal that is here").hint("nothing was changed")
            );
        }
        if let Some(found) = self.unopened.take() {
            // What does not open may be wanted yet: it is kept beside.
            let (vault, key) = found.vault.clone().unwrap_or_default();
            for (name, bytes) in [("vault.before", vault), ("vault.key.before", key)] {
                if !bytes.is_empty() {
                    cx.saves.push(Effect::Save { name, bytes: Opaque::new(bytes) });
                }
            }
            self.vault_key = Some(VaultKey::random(cx.rng));
            (self.fault, self.guard, self.locked, self.outside) = (None, None, false, None);
            self.outside_saved = found.outside.as_deref().and_then(Outside::from_file);
            self.take_found(*found);
            self.met_while_locked();
        }
        if self.restored.take().is_some() {
            cx.saves.push(Effect::Remove { name: RESTORED });
        }
        let mut candidate = Box::new(Vault::random(cx.rng));
        candidate.kit = Some(kit.clone());
        let alone =
            self.registry.roster(&person).devices().count() <= 1 && self.registry.all_epochs().all(|epoch| epoch.space.grant().is_none());
        candidate.networked = self.vault.as_ref().map_or(!alone, |vault| vault.networked);
        let statements = said_by(kit, &candidate, self.registry.roster(&person).statements()).to_vec();
        self.open_network_anew(cx);
        (self.listening, self.listen_wanted) = (None, false);
        self.become_device(cx, Some(candidate), person, statements, true)?;
        self.call_this_device(cx, ask.name, ask.request, true)
    }

    /// A machine that came back is mostly called what it was called before: it is told apart.
    fn find_own_name(&mut self, cx: &mut Cx<'_>) {
        let (Some(person), Ok(this)) = (self.person(), self.this_device()) else { return };
        let roster = self.registry.roster(&person);
        let others = roster.devices().map(|device| device.signing).chain(roster.gone().keys().copied()).filter(|device| *device != this);
        let taken: Vec<String> = others.map(|device| self.device_name(&device).to_lowercase()).collect();
        let name = self.device_name(&this);
        let free = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
        let free = free.into_iter().find(|name| !taken.contains(&name.to_lowercase())).unwrap_or_else(|| name.clone());
        if free != name
            && let Err(failure) = self.write(cx, DocId::Plan, &[Self::name_put(schema::device_name(&this), &free)], "device")
        {
            tracing::warn!(reason = %failure, "this device could not be told apart from another of the same name");
        }
    }

    /// Answers those who came back here, once the journal is read.
    pub(in crate::replica) fn finish_restores(&mut self, cx: &mut Cx<'_>) {
        if self.coming_back.is_empty() || !self.is_ready() {
            return;
        }
        self.find_own_name(cx);
        for (client, request) in std::mem::take(&mut self.coming_back) {
            let nothing = || {
                Failure::new(ErrorKind::Integrity, "the words open this journal, and not all of it can be read")
                    .hint("asif doctor tells more")
            };
            let joined = self.joined_by(request, TicketRole::Device).map(Reply::Joined).ok_or_else(nothing);
            cx.answer(client, joined);
        }
    }
}

fn registry_of(found: &Found) -> Registry {
    let mut registry = Registry::default();
    // What is damaged is told of once the rest is read.
    let _ = registry.load(found.statements.iter().cloned());
    registry
}

/// What the root says of a device with these keys, and of its kit. `seen`: what this home knows of the roster.
pub(super) fn said_by(kit: &KitEntropy, vault: &Vault, seen: &[StatementId]) -> [Statement; 2] {
    let person = kit.person();
    let device = Candidate::new(person, &vault.signing, &vault.sealing, vault.link_key());
    let add = Said::Add(Add { person, device, seen: seen.to_vec() });
    [Statement::by_root(kit, &add), Statement::by_root(kit, &Said::Kit(Kit::of(kit)))]
}

/// Why nobody was there who knows these words.
pub(super) fn unreached(reason: &str, refused: bool) -> Failure {
    if refused {
        let failure = Failure::new(ErrorKind::Precondition, "the device there does not know these words");
        return failure.hint("either it is not one of yours, or the words are of another journal");
    }
    Failure::new(ErrorKind::PeerUnreachable, format!("the other device could not be reached: {reason}"))
        .hint("is asif running there, and are both on the same network? asif status there tells where it listens")
}
