//! Whatever happens to the disk, at every single call to it:
//!
//! 1. what was acknowledged is there after opening again, unchanged and in order, and nothing that was never asked for;
//! 2. opening finds no damage: what a crash leaves is a torn tail or nothing;
//! 3. what opening reports is there after the power goes right then;
//! 4. a stub that was acknowledged is a stub; one that was not is a stub or whole;
//! 5. a small file is what was last saved, or what was being saved;
//! 6. after a failed append nothing is taken until the store is opened again, and then it takes everything.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::{AppendError, Fault, MemDisk, Op, OpenError, RealDisk};
use super::*;

/// What the world may hold the store to.
#[derive(Default)]
struct Promised {
    chains: Vec<Chain>,
    acknowledged: Vec<usize>,
    stubs: Vec<Vec<u64>>,
    statements: Vec<Vec<u8>>,
    /// How many of the statements are acknowledged; those after came with the step that failed.
    statements_acknowledged: usize,
    saved: Option<Vec<u8>>,
    /// What the step that failed was about to do.
    saving: Option<Option<Vec<u8>>>,
    stubbing: Option<(usize, Vec<u64>)>,
}

impl Promised {
    fn new() -> Self {
        Self { chains: (1..=3).map(Chain::new).collect(), acknowledged: vec![0; 3], stubs: vec![Vec::new(); 3], ..Self::default() }
    }

    /// One random step; tells whether it was acknowledged.
    fn step(&mut self, store: &mut Store, dice: &mut Dice) -> bool {
        match dice.below(8) {
            0 => {
                let value = (dice.below(4) > 0).then(|| vec![u8::try_from(dice.below(256)).unwrap(); 600]);
                self.saving = Some(value.clone());
                let done = match &value {
                    Some(bytes) => store.save("vault", bytes).is_ok(),
                    None => store.remove("vault").is_ok(),
                };
                if done {
                    self.saved = value;
                    self.saving = None;
                }
                done
            }
            1 => {
                let log = dice.below(3);
                let len = self.acknowledged[log];
                if len == 0 {
                    return true;
                }
                let seqs = vec![dice.below(len) as u64 + 1, dice.below(len) as u64 + 1];
                self.stubbing = Some((log, seqs.clone()));
                let done = store.stub(self.chains[log].log(), &seqs).is_ok();
                if done {
                    self.stubs[log].extend(seqs);
                    self.stubbing = None;
                }
                done
            }
            _ => {
                let mut batch = Vec::new();
                for _ in 0..=dice.below(4) {
                    match dice.below(4) {
                        3 => {
                            let statement = vec![1 + u8::try_from(self.statements.len() % 255).unwrap(); 1 + dice.below(700)];
                            self.statements.push(statement.clone());
                            batch.push(Append::Record(List::Statements, statement));
                        }
                        log => batch.push(self.chains[log].push(84 + dice.below(1500))),
                    }
                }
                match store.append(&batch) {
                    Ok(()) => {
                        self.acknowledged = self.chains.iter().map(|chain| chain.wires.len()).collect();
                        self.statements_acknowledged = self.statements.len();
                        true
                    }
                    Err(AppendError::Disk(_)) => {
                        let again = store.append(&[Append::Record(List::Statements, b"again".to_vec())]);
                        assert!(matches!(again, Err(AppendError::Poisoned)), "a failed append poisons");
                        false
                    }
                    Err(AppendError::Poisoned) => false,
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }

    /// Properties 1, 2, 4, 5. What is there more than acknowledged counts from now on.
    fn check_and_take(&mut self, store: &Store, found: &Found) {
        assert!(found.damage.is_empty(), "{:?}", found.damage);
        for (n, chain) in self.chains.iter_mut().enumerate() {
            let seq = found.logs.iter().find(|log| log.head == chain.head).map_or(0, |log| usize::try_from(log.seq).unwrap());
            assert!(seq >= self.acknowledged[n], "log {n}: {seq} of {} acknowledged entries", self.acknowledged[n]);
            chain.wires.truncate(seq);
            self.acknowledged[n] = seq;
            let held = if seq > 0 { read_all(store, chain.log()) } else { Vec::new() };
            assert_eq!(held.len(), chain.wires.len(), "nothing that was never asked for");
            for ((link, wire), (held_link, held_wire)) in chain.wires.iter().zip(&held) {
                assert_eq!(held_link, link);
                let may_be = self.stubbing.as_ref().is_some_and(|(log, seqs)| *log == n && seqs.contains(&wire.seq()));
                if self.stubs[n].contains(&wire.seq()) {
                    assert_eq!(*held_wire, wire.to_stub());
                } else if *held_wire != *wire {
                    assert!(may_be && *held_wire == wire.to_stub(), "log {n} holds something else at {}", wire.seq());
                    self.stubs[n].push(wire.seq());
                }
            }
        }
        let (acknowledged, asked) = self.statements.split_at(self.statements_acknowledged);
        assert_eq!(
            found.records(List::Statements).get(..acknowledged.len()),
            Some(acknowledged),
            "acknowledged statements are there, in order"
        );
        let mut asked = asked.iter();
        let more = &found.records(List::Statements)[acknowledged.len()..];
        assert!(more.iter().all(|one| asked.any(|other| one == other)), "nothing that was never asked for");
        self.statements = found.records(List::Statements).to_vec();
        self.statements_acknowledged = found.records(List::Statements).len();
        let held = store.load("vault").unwrap();
        assert!(held == self.saved || Some(&held) == self.saving.as_ref(), "a small file is the old one or the new one");
        self.saved = held;
        (self.saving, self.stubbing) = (None, None);
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ordeal {
    /// The power goes at a call.
    PowerLoss,
    /// The process is killed at a call, and the power goes when the next has just opened the store.
    Kill,
    /// A call fails.
    Failure,
    /// The disk is full at a call.
    Full,
}

/// Runs a random life of a store in which call `at` goes wrong; tells whether it came so far.
fn live(seed: u64, at: usize, ordeal: Ordeal) -> bool {
    let mem = Arc::new(MemDisk::new());
    let disk: Arc<dyn Disk> = mem.clone();
    let data = Path::new("/data");
    let fault = match ordeal {
        Ordeal::PowerLoss | Ordeal::Kill => Fault::PowerOff,
        Ordeal::Failure => Fault::Error,
        Ordeal::Full => Fault::NoSpace,
    };
    mem.plan(move |call| (call.number == at).then_some(fault));
    let (mut dice, mut fate) = (Dice(seed), Dice(seed ^ at as u64));
    let mut promised = Promised::new();
    match Store::open(disk.clone(), data) {
        Ok((mut store, _)) => {
            for _ in 0..16 {
                if !promised.step(&mut store, &mut dice) {
                    break;
                }
            }
        }
        Err(OpenError::Disk(_) | OpenError::Takeover(_)) => assert!(mem.calls() > at),
        Err(newer @ OpenError::Newer(_)) => panic!("{newer}"),
    }
    let reached = mem.calls() > at;
    if ordeal == Ordeal::PowerLoss {
        mem.crash(&mut |n| fate.below(n));
    } else {
        mem.heal();
    }
    // The second opening is after one more loss of power, before anything was written: property 3.
    for _ in 0..2 {
        let (store, found) = open(&disk, data);
        promised.check_and_take(&store, &found);
        mem.crash(&mut |n| fate.below(n));
    }
    // And it takes everything again.
    let (mut store, found) = open(&disk, data);
    promised.check_and_take(&store, &found);
    for _ in 0..4 {
        assert!(promised.step(&mut store, &mut dice));
    }
    let (store, found) = open(&disk, data);
    promised.check_and_take(&store, &found);
    reached
}

fn at_every_call(ordeal: Ordeal) {
    for seed in 0..24 {
        let mut at = 0;
        loop {
            let lived = std::panic::catch_unwind(|| live(seed, at, ordeal));
            match lived {
                Ok(true) => at += 1,
                Ok(false) => break,
                Err(_) => panic!("seed {seed}, call {at}, {ordeal:?}"),
            }
        }
        assert!(at > 40, "the life was long enough to tell");
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes() {
    at_every_call(Ordeal::PowerLoss);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_daemon_is_killed() {
    at_every_call(Ordeal::Kill);
}

#[test]
fn nothing_acknowledged_is_lost_when_a_call_fails() {
    at_every_call(Ordeal::Failure);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_disk_is_full() {
    at_every_call(Ordeal::Full);
}

#[test]
fn a_failed_sync_poisons_and_its_bytes_are_not_taken_for_stored() {
    let mem = Arc::new(MemDisk::new());
    let disk: Arc<dyn Disk> = mem.clone();
    let data = Path::new("/data");
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&[chain.push(100)]).unwrap();
    let kept = chain.clone();
    let mut failed = false;
    mem.plan(move |call| (call.op == Op::Sync && !std::mem::replace(&mut failed, true)).then_some(Fault::Error));
    assert!(matches!(store.append(&[chain.push(100)]), Err(AppendError::Disk(_))));
    assert!(matches!(store.append(&[chain.push(100)]), Err(AppendError::Poisoned)));
    assert_eq!(read_all(&store, kept.log()), kept.wires, "it still reads");
    let (_, found) = open(&disk, data);
    assert_eq!(found.logs[0].seq, 1, "what the disk dropped is not reported");
    mem.crash(&mut |_| 0);
    assert_eq!(open(&disk, data).1.logs[0].seq, 1);
}

#[test]
fn what_a_failed_sync_dropped_and_nothing_took_back_is_written_again_before_it_is_reported() {
    let mem = Arc::new(MemDisk::new());
    let disk: Arc<dyn Disk> = mem.clone();
    let data = Path::new("/data");
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&[chain.push(100), Append::Record(List::Statements, b"one".to_vec())]).unwrap();
    // Neither can it be synced nor cut off again.
    mem.plan(|call| matches!(call.op, Op::Sync | Op::Truncate).then_some(Fault::Error));
    assert!(matches!(store.append(&[chain.push(100)]), Err(AppendError::Disk(_))));
    mem.heal();
    let (_, found) = open(&disk, data);
    assert_eq!(found.logs[0].seq, 2, "it still looks written");
    mem.crash(&mut |_| 0);
    let (_, after) = open(&disk, data);
    assert_eq!((after.logs, after.damage), (found.logs, Vec::new()), "what was reported is there");
}

#[test]
fn a_log_that_cannot_be_read_keeps_no_other_shut_and_is_moved_away_whole() {
    let mem = Arc::new(MemDisk::new());
    let disk: Arc<dyn Disk> = mem.clone();
    let data = Path::new("/data");
    let (mut bad, mut good) = (Chain::new(1), Chain::new(2));
    let (mut store, _) = open(&disk, data);
    store.append(&[bad.push(100), good.push(100)]).unwrap();
    let name = bad.log().to_string();
    let of_bad = name.clone();
    mem.plan(move |call| (call.op == Op::Read && call.path.ends_with(&of_bad)).then_some(Fault::Error));
    let (mut store, found) = open(&disk, data);
    assert_eq!((found.damage.len(), found.damage[0].log), (1, Some(bad.log())));
    assert!(found.damage[0].what.contains("cannot be read"));
    assert_eq!(found.logs.iter().map(|log| log.head.log).collect::<Vec<_>>(), [good.log()]);
    assert!(matches!(store.append(&[bad.push(100)]), Err(AppendError::Damaged { .. })));
    store.append(&[good.push(100)]).unwrap();
    let aside = store.set_aside(bad.log()).unwrap().unwrap();
    mem.heal();
    assert!(disk.read(&aside).unwrap().len() > 100, "its bytes are kept");
    let (_, found) = open(&disk, data);
    assert_eq!((found.damage.len(), found.logs.len()), (0, 1));
}

#[test]
fn a_full_disk_takes_again_when_there_is_room() {
    let mem = Arc::new(MemDisk::new());
    let disk: Arc<dyn Disk> = mem.clone();
    let data = Path::new("/data");
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&[chain.push(100)]).unwrap();
    mem.plan(|call| (call.op == Op::Append).then_some(Fault::NoSpace));
    let kept = chain.clone();
    let more = chain.pushes(&[100, 900]);
    let Err(AppendError::Disk(error)) = store.append(&more) else { panic!("a full disk acknowledges nothing") };
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
    mem.heal();
    let (mut store, found) = open(&disk, data);
    assert_eq!((found.logs[0].seq, found.logs[0].link), (1, kept.tip()));
    store.append(&more).unwrap();
    assert_eq!(read_all(&store, chain.log()), chain.wires);
}

#[test]
fn each_file_is_written_and_synced_once_per_append() {
    let mem = Arc::new(MemDisk::new());
    let disk: Arc<dyn Disk> = mem.clone();
    let (mut store, _) = open(&disk, Path::new("/data"));
    let (mut one, mut two) = (Chain::new(1), Chain::new(2));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    mem.plan(move |call| {
        seen.lock().unwrap().push(call.op);
        None
    });
    store.append(&[one.push(100), two.push(100), one.push(100)]).unwrap();
    let made = [Op::Create, Op::Append, Op::Sync, Op::SyncDir];
    assert_eq!(*calls.lock().unwrap(), [made, made].concat());
    calls.lock().unwrap().clear();
    store.append(&[one.push(100), one.push(100)]).unwrap();
    assert_eq!(*calls.lock().unwrap(), [Op::Append, Op::Sync]);
}

#[test]
fn loose_folders_and_files_are_refused_in_words() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new());
    let (mut store, _) = open(&disk, &data);
    store.append(&[Append::Record(List::Statements, b"one".to_vec())]).unwrap();
    store.save("vault.key", b"key").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in ["", "store", "store/logs"] {
        assert_eq!(mode(&data.join(folder)), 0o700);
    }
    assert_eq!((mode(&data.join("store/statements")), mode(&data.join("vault.key"))), (0o600, 0o600));

    let loosen = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    loosen(&data.join("vault.key"), 0o640);
    let error = store.load("vault.key").unwrap_err();
    let words = std::error::Error::source(&error).unwrap().to_string();
    assert!(words.contains("chmod 600"), "{words}");
    for (path, tight) in [("", 0o700), ("store", 0o700), ("store/logs", 0o700), ("store/statements", 0o600)] {
        loosen(&data.join(path), tight | 0o044);
        let OpenError::Disk(error) = Store::open(disk.clone(), &data).unwrap_err() else { panic!() };
        assert_eq!(error.source.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(error.source.to_string().contains(&format!("chmod {tight:o} ")), "{path}: {}", error.source);
        loosen(&data.join(path), tight);
    }
    open(&disk, &data);
}
