//! The core: joins journal, people, share and sync. It takes the time, randomness and an [`Input`], and returns
//! [`Effect`]s. It never waits, reads or asks.
//!
//! ```text
//! request -> change -> entry (sealed) -> Append -> Answer, Send
//! peer's frame -> checked, opened -> Append -> merged -> view -> Have (the acknowledgement)
//! ```
//!
//! The effects of one input are carried out in order. If an append fails, nothing after it is carried out, and the core
//! is made anew from what is on disk: so its memory may run ahead of the disk inside one step, and never between two.

mod adopt;
mod base;
mod begin;
mod boot;
mod compact;
mod deadlines;
mod deeds;
mod documents;
mod dropped;
pub mod effect;
mod empty;
mod erase;
mod find;
mod fork;
mod gate;
mod introduce;
mod join;
mod keychain;
mod kit;
mod links;
mod locked;
mod logs;
mod mail;
mod merge;
mod nearby;
mod offer;
mod peers;
mod place;
mod publish;
mod receive;
mod remind;
mod removals;
mod request;
mod roaming;
mod salvage;
mod same;
mod serve;
mod snapshot;
mod statements;
mod step;
mod vault;
mod waiting;
mod whereabouts;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use asif_proto::code::Code;
use asif_proto::home::Home;
use asif_proto::id::{GrantId, ItemId, LinkKey, LogId, QueueId, RecordId, SpaceId};
use asif_proto::local::{Ask, Draft, ErrorKind, Failure};
use asif_proto::ticket::Ticket;
use jiff::Timestamp;
use uuid::Uuid;

use crate::Rng;
use crate::journal::document::Document;
use crate::journal::erased::Erased;
use crate::journal::view::View;
use crate::people::epoch::EpochKeys;
use crate::people::pairing::codes::Codes;
use crate::people::registry::Registry;
use crate::seal::body::{DocId, Keys};
use crate::seal::guard::Guard;
use crate::seal::keys::VaultKey;
use crate::seal::outside::Outside;
use crate::seal::vault::Vault;
use crate::share::board::Board;
use crate::share::terms::Terms;
use crate::sync::backoff::Backoff;
use crate::sync::link::Link;
use effect::{ClientId, Effect, Input, LinkId, Now};
use logs::Log;
use merge::Pending;
use step::Cx;

pub use boot::BootError;
pub use compact::Keeping;
pub use remind::Alarm;
pub use request::locked;

/// What the core is told about the program it runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The process id.
    pub pid: u32,
    /// The version.
    pub version: String,
    /// Where things live.
    pub home: Home,
    /// This machine's name, for a device that was given none.
    pub host: String,
    /// When a checkpoint is made, and how long what it replaces is kept.
    pub keeping: Keeping,
}

/// The core.
pub struct Replica {
    about: About,
    start: [u8; 8],
    vault_key: Option<VaultKey>,
    /// What keeps the vault's key from whoever has the files, where something does.
    guard: Option<Guard>,
    /// What the keychain is asked for just now.
    keychain: keychain::Asking,
    locked: bool,
    /// What it goes on by while it is locked, and what was saved of that.
    outside: Option<Outside>,
    outside_saved: Option<Outside>,
    /// What came while it was locked.
    held: locked::Held,
    /// What was written while it was locked.
    dropped: dropped::Dropped,
    /// It is about to be made anew, locked.
    locking: bool,
    /// So long after the last request it locks by itself.
    lock_after: Option<Duration>,
    /// When something was asked last, by the clock that goes on while the machine sleeps.
    asked_at: Duration,
    vault: Option<Vault>,
    fault: Option<Failure>,
    registry: Registry,
    keys: HashMap<QueueId, EpochKeys>,
    given: Keys,
    logs: BTreeMap<LogId, Log>,
    view: View,
    boards: BTreeMap<SpaceId, Board>,
    documents: HashMap<DocId, Document>,
    loading: HashSet<DocId>,
    suspect: HashSet<DocId>,
    recent: VecDeque<DocId>,
    index: BTreeMap<DocId, BTreeMap<LogId, Vec<u64>>>,
    bases: base::Bases,
    compacting: compact::Compacting,
    erasing: erase::Erasing,
    /// A checkpoint of another device that is being taken.
    adopting: Option<adopt::Adopting>,
    /// Logs that are about to go on behind a checkpoint that is here already.
    jumping: adopt::Jumps,
    pending: BTreeMap<DocId, Vec<Pending>>,
    newer: BTreeSet<(LogId, u64)>,
    quarantine: BTreeMap<LogId, (u64, String)>,
    /// Logs that went on in two ways, of which a branch gave way.
    forks: BTreeSet<LogId>,
    /// What is gone for good.
    erased: Arc<Erased>,
    /// Changes that were written again: nothing waits for them.
    replaced: BTreeSet<[u8; 32]>,
    judging: BTreeMap<LogId, fork::Theirs>,
    losses: BTreeMap<LogId, fork::Loss>,
    /// Branches that others hold and that lost, with items of this person's own.
    found: BTreeMap<LogId, fork::Loss>,
    /// What was done last, on any device.
    deeds: deeds::Deeds,
    /// What was typed and not yet said, on this device.
    drafts: BTreeMap<Uuid, Draft>,
    drafts_damaged: bool,
    /// When this home was restored from a backup.
    restored: Option<Timestamp>,
    reminding: remind::Reminding,
    /// The digest of the plan's readable copy, where the person asked for one on this device.
    plan_copy: Option<[u8; 32]>,
    outdated: BTreeMap<LogId, BTreeSet<u64>>,
    rooms: HashMap<(LinkId, LogId), receive::Room>,
    reading: u32,
    parked: Vec<(ClientId, Box<Ask>)>,
    links: BTreeMap<LinkId, Link>,
    dialling: BTreeMap<LinkId, LinkKey>,
    last_error: BTreeMap<LinkKey, String>,
    /// Own devices that do not know this one.
    forgotten: BTreeSet<LinkKey>,
    /// Devices that this one is to be introduced to: they did not know it.
    unaware: BTreeSet<LinkKey>,
    /// Links under the link key of the recovery kit.
    introductions: BTreeSet<LinkId>,
    next_link: u64,
    backoff: HashMap<LinkKey, Backoff>,
    nearby: nearby::Nearby,
    peers: peers::Peers,
    /// Mailboxes, and what lies there.
    mail: mail::Mail,
    told: whereabouts::Told,
    told_to: whereabouts::ToldTo,
    /// How devices were last reached.
    reached: roaming::Reaches,
    /// Where devices were tried last, and why in vain.
    tried: BTreeMap<LinkKey, Vec<(SocketAddr, String)>>,
    /// How long the machine has slept, as far as the clocks tell.
    slept: Duration,
    listening: Option<Vec<SocketAddr>>,
    /// Why the network could not be opened when that was last tried, in words.
    not_open: Option<String>,
    /// Why the router passes nothing on from outside, in words, where it was asked to.
    not_mapped: Option<String>,
    listen_wanted: bool,
    listen_after: Option<Duration>,
    gate_at: Option<Duration>,
    rest_until: Option<Duration>,
    candidate: Option<Box<Vault>>,
    until_listening: Vec<join::Giving>,
    awaiting: BTreeMap<ClientId, join::Awaiting>,
    /// Codes that stand.
    codes: Codes,
    /// The code that this home joined by last, and the ticket that became of it: whoever was cut off comes again with that.
    became: Option<(Code, Ticket)>,
    joining: Option<join::Joining>,
    /// What a mailbox gives to this home, which comes back by it.
    recovering: Option<join::Recovering>,
    /// Who waits for what the recovery kit opened here to be read, and by which request.
    coming_back: Vec<(ClientId, Uuid)>,
    /// What was found of a journal whose vault does not open.
    unopened: Option<Box<effect::Found>>,
    syncing: Vec<(ClientId, Duration)>,
    telling: Vec<request::Told>,
    heard: bool,
    /// Records that this device took back, or would have, under a grant.
    withheld: publish::withheld::Withheld,
    /// Shares that wait for the person, since this may be an old copy.
    old_copy: publish::old_copy::OldCopy,
    /// What is still to be looked at under each grant.
    sweeps: publish::sweep::Sweeps,
    /// Records that were written here and are not yet published.
    touched_here: BTreeSet<RecordId>,
    /// Another own device put something into a share, and it was not yet looked at.
    came_back: bool,
    /// Items that another own device took back, of which it was not yet looked at.
    taken_back: BTreeSet<(GrantId, ItemId)>,
    /// Items that another own device put, of which it was not yet looked whether they say more than they may.
    put_there: BTreeSet<(GrantId, ItemId)>,
    /// Items that another own device put, and that something here stood before: it may have known more all the same.
    overruled: BTreeSet<(GrantId, ItemId)>,
    /// Records that another device wrote into, of which the same is to be looked at.
    narrowing: BTreeSet<RecordId>,
    retired_unsaved: bool,
    /// What an earlier run of the daemon left behind was not looked at yet.
    starting: bool,
    damage: Vec<(Option<LogId>, String)>,
    /// Logs whose epoch is not known here.
    orphans: Vec<effect::FoundLog>,
    strange: Vec<String>,
    /// What was read of damaged pieces and is not written again yet.
    salvaged: Vec<effect::Salvaged>,
    /// What can be written again is to be.
    salvaging: bool,
    salvage_report: Option<salvage::Report>,
    /// Logs that had more entries once: how many, and how many there were at the start.
    shortened: Vec<(LogId, u64, u64)>,
    /// Files with damaged pieces that were set aside.
    set_aside: Vec<String>,
    torn: Vec<String>,
    refused: BTreeMap<String, u64>,
    admitted: Option<(BTreeSet<LinkKey>, bool)>,
    prove_at: Option<Duration>,
    stub_at: Option<Duration>,
    sweep_at: Option<Duration>,
    /// When ends are written that a crash left unwritten: who has them, has been met by then.
    ends_at: Option<Duration>,
    delays: publish::delay::Delays,
    /// The terms under which others share with this person, and of which item they were read.
    agreed: BTreeMap<GrantId, ([u8; 32], Option<Terms>)>,
    /// What is being deleted of shares that ended.
    deleting: BTreeMap<GrantId, publish::deletion::Deleting>,
    /// How many items were forgotten before this start of shares that ended, where that is not answered yet.
    deleted_before: BTreeMap<GrantId, u64>,
    /// When the next record that is kept back until a time is let go.
    let_go_at: Option<Timestamp>,
    /// Shares whose time is over, and since when that is seen.
    over_since: BTreeMap<RecordId, Duration>,
    /// When this step is.
    now: Now,
    save_peers_at: Option<Duration>,
    unsaved_entries: usize,
    saved_at: Option<Duration>,
    /// How many statements there were when what follows from removals was last looked for.
    heeded: Option<usize>,
    /// When spaces that a removed device could read are given other keys here, if nobody else has by then.
    key_at: Option<Duration>,
    /// Not before then is the view saved: it is behind what is here, and nothing that it says is wrong.
    save_view_at: Option<Duration>,
    /// Until when sessions stay in memory that lie sealed, too.
    view_until: Option<Duration>,
    rebuilding: Option<ClientId>,
}

impl Replica {
    /// Carries out one input.
    pub fn handle(&mut self, now: Now, rng: &mut Rng, input: Input) -> Vec<Effect> {
        let mut cx = Cx::new(now, rng);
        (self.now, self.reminding.now) = (now, now.wall);
        // A tick comes when nobody else has anything to say.
        cx.idle = matches!(input, Input::Tick);
        self.count_on(now);
        self.notice_sleep(&mut cx);
        match input {
            Input::Ask { client, ask } => {
                (self.view_until, self.asked_at) = (None, now.steady);
                self.ask(&mut cx, client, ask);
            }
            Input::Decision { client, yes } => self.decided(&mut cx, client, yes),
            Input::Gone { client } => self.gone(&mut cx, client),
            Input::Opened { link, peer, address, incoming, exporter } => self.opened(&mut cx, link, peer, address, incoming, exporter.0),
            Input::Frame { link, frame } => self.frame(&mut cx, link, &frame),
            Input::Closed { link, reason, refused, busy } => {
                self.closed(&mut cx, link, Some(&*reason).filter(|_| !busy), refused);
            }
            Input::NotReached { link, tried } => self.not_reached(link, tried),
            Input::Moved { link, address } => self.moved(&mut cx, link, address),
            Input::Network { addresses } => self.network_changed(&mut cx, addresses),
            Input::Woke => self.look_again(&mut cx),
            Input::Refused { what } => self.refuse(what),
            Input::Listening { addresses } => self.listening(&mut cx, addresses),
            Input::NotListening { reason } => self.not_listening(&mut cx, &reason),
            Input::Read { purpose, entries } => self.read(&mut cx, purpose, entries),
            Input::Served { link, log, upto, bytes, stub } => self.served(&mut cx, link, log, upto, bytes, stub),
            Input::Stubbed { log } => self.stubbed(log),
            Input::Mended(found) => self.mended(&mut cx, *found),
            Input::Nearby { tags, invitations, addresses } => self.heard_nearby(&mut cx, &tags, &invitations, addresses),
            Input::NearbyFailed { reason } => self.nearby_failed(reason),
            Input::MappingFailed { reason } => self.not_mapped = reason,
            Input::Here { zone, quiet, lock_after, discovery } => {
                self.lock_after = lock_after;
                self.use_nearby(discovery);
                self.is_here(zone, quiet);
            }
            Input::Notified { notice, outcome } => self.notified(&mut cx, notice, outcome),
            Input::Desktop { outcome } => self.found_desktop(&mut cx, outcome),
            Input::Build { doc, pieces, entries } => self.build(&mut cx, doc, &pieces, entries),
            Input::Unpacked { of, bundle, pieces } => self.unpacked(&mut cx, of, bundle, &pieces),
            Input::Judged { of: Some((of, bundle)), judged } => self.judged(&mut cx, of, bundle, judged),
            Input::Judged { of: None, judged } => self.judged_own(&mut cx, judged),
            Input::Compared { of, doc, pieces, entries } => self.compared(&mut cx, of, doc, &pieces, &entries),
            Input::Adopted { outcome } => self.adopted(&mut cx, outcome),
            Input::Packed { packed } => self.packed(&mut cx, packed),
            Input::Kept { outcome } => self.kept_sealed(&mut cx, outcome),
            Input::Pruned { logs, outcome } => self.pruned(&logs, outcome),
            Input::Erased { erasures, outcome } => self.let_go_of(&mut cx, &erasures, outcome),
            Input::ErasedAside { outcome } => self.let_go_aside(&mut cx, outcome),
            Input::Unlocked { client } => self.was_unlocked(client),
            Input::Keychain { number, outcome } => self.keychain_told(&mut cx, number, outcome),
            Input::Sleeps => self.lock_before_sleep(&mut cx),
            Input::Tick => {}
            Input::Stop => self.save_all(&mut cx),
        }
        self.settle(&mut cx);
        if self.view.is_broken() { self.view_is_broken(cx) } else { self.mail.route(cx.into_effects()) }
    }

    /// What follows from any step: merges, publishing, pushing, dialling, deadlines.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        if self.locked {
            return self.settle_locked(cx);
        }
        self.take_held(cx);
        self.plan_is_wanted(cx);
        self.merge_pending(cx);
        self.prove_due(cx);
        self.rest_until = self.rest_until.filter(|at| cx.now.mono < *at);
        self.give_way(cx);
        self.go_on_adopting(cx);
        self.write_salvaged(cx);
        if self.is_ready() {
            self.read_terms();
            self.unpark(cx);
            self.take_dropped(cx);
            // Nothing is written of itself where not all is as it was.
            if self.rest_until.is_none() && !self.salvaging && self.writes_of_itself() {
                self.end_dead_invitations(cx);
                self.tell_of_kit(cx);
                self.pass_keys_on(cx);
                self.publish(cx);
            }
        }
        self.heed_removals(cx);
        self.key_due(cx);
        self.announce_statements(cx);
        self.push(cx);
        self.open_rooms(cx);
        // Acknowledgements before the gate: the last word to somebody who goes is that their end was heard.
        self.tend_links(cx);
        self.update_gate(cx);
        self.finish_syncs(cx);
        self.finish_join(cx);
        self.finish_restores(cx);
        self.tend_codes(cx);
        self.tend_nearby(cx);
        self.finish_awaiting(cx);
        self.finish_telling(cx);
        self.tend_plan_copy(cx);
        self.remind(cx);
        self.stub_due(cx);
        self.compact(cx);
        self.save_due(cx);
        self.let_view_go(cx);
        self.evict();
        self.answer_openers(cx);
        self.lock_due(cx);
    }

    /// All is as it was: only then is anything written that nobody asked for.
    fn writes_of_itself(&self) -> bool {
        self.damage.is_empty() && !self.is_unplaced()
    }

    /// Everything on disk is in the views, and the plan is loaded.
    fn is_ready(&self) -> bool {
        self.reading == 0 && (self.person().is_none() || self.documents.contains_key(&DocId::Plan))
    }

    fn refuse(&mut self, what: &str) {
        tracing::debug!(what, "refused");
        *self.refused.entry(what.to_owned()).or_default() += 1;
    }
}

fn no_journal() -> Failure {
    Failure::new(ErrorKind::Precondition, "there is no journal here yet").hint("start one with: asif init")
}
