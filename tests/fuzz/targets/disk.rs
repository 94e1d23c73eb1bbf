//! What lies on the disk, opened by the store and the core that open it in the program.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use asif_daemon::Rng;
use asif_daemon::journal::view::part;
use asif_daemon::replica::effect::{ClientId, Effect, Input, Now, Purpose};
use asif_daemon::replica::{About, Keeping, Replica};
use asif_daemon::run::shelf::{Done, Shelf};
use asif_daemon::seal::keys::VaultKey;
use asif_daemon::seal::vault::Vault;
use asif_daemon::seal::wire::{self, Wire};
use asif_daemon::store::{Append, Disk, Found, List, LogHead, MemDisk, Store};
use asif_proto::home::Home;
use asif_proto::id::{KeyId, Link, LogId, QueueId};
use asif_proto::local::{Ask, ListFilter, Request};
use rand_core::SeedableRng;

use super::Bytes;

const LOG: LogId = LogId([3; 16]);

fn head() -> LogHead {
    LogHead { queue: QueueId([1; 32]), key: KeyId([2; 16]), log: LOG }
}

/// An entry of the log that nobody can open, whose outside is right.
fn entry(seq: u64, sealed: &[u8]) -> Wire {
    let padding = [0; 84];
    let mut bytes = [&wire::header(LOG, seq)[..], &[7; wire::NONCE_LEN], sealed, &padding].concat();
    bytes.truncate(wire::MAX_ENTRY);
    Wire::entry(bytes).expect("an outside that is right")
}

pub(super) fn put(disk: &MemDisk, path: &Path, bytes: &[u8]) {
    disk.create(path).and_then(|()| disk.append(path, bytes)).and_then(|()| disk.sync(path)).expect("a disk in memory");
}

fn fresh() -> (Arc<MemDisk>, PathBuf) {
    let disk = Arc::new(MemDisk::new());
    let data = PathBuf::from("/data");
    disk.create_dir(&data.join("store/logs")).expect("a disk in memory");
    (disk, data)
}

fn open(disk: &Arc<MemDisk>, data: &Path) -> (Store, Found) {
    Store::open(disk.clone(), data).expect("whatever lies on the disk, the store opens")
}

/// The file of a log: as it comes, or records whose links were put right and then what comes, or a good file with a piece that was overwritten.
/// What opens reads back whole, opens again to the same, and takes the next entry, unless it is damaged: then nothing until the damage is set aside.
pub(super) fn log_file(bytes: &[u8]) {
    let mut input = Bytes(bytes);
    let mode = input.byte() % 3;
    let (disk, data) = fresh();
    let path = data.join("store/logs").join(LOG.to_string());
    if mode == 0 {
        put(&disk, &path, input.0);
    } else {
        let (mut store, _) = open(&disk, &data);
        let mut link = Link::ZERO;
        let records = 1 + u64::from(input.byte() % 8);
        for seq in 1..=records {
            let whole = entry(seq, input.sized());
            let next = if input.byte() % 4 == 3 && seq > 1 { whole.to_stub() } else { whole };
            link = next.link(&link);
            store.append(&[Append::Entry { head: head(), link, wire: next }]).expect("a good entry");
        }
        let mut file = disk.read(&path).expect("a disk in memory");
        if mode == 1 {
            file.extend_from_slice(input.0);
        } else {
            let at = input.short() % file.len();
            let cut = input.byte() % 2 == 0;
            for (to, from) in file.iter_mut().skip(at).zip(input.0) {
                *to = *from;
            }
            if cut {
                file.truncate(at + input.0.len());
            }
        }
        disk.remove(&path).expect("a disk in memory");
        put(&disk, &path, &file);
    }
    let (_, first) = open(&disk, &data);
    let (mut store, found) = open(&disk, &data);
    assert_eq!(first.logs, found.logs);
    assert!(found.torn.is_empty(), "what was cut off is gone");
    assert_eq!(first.damage, found.damage);
    for log in &found.logs {
        let read = store.read(LOG, 1, usize::MAX, usize::MAX).expect("what was found is read");
        assert_eq!((read.len() as u64, read.last().map(|(link, _)| *link)), (log.seq, Some(log.link)));
    }
    if !found.damage.is_empty() {
        store.set_aside(LOG).expect("damage is set aside");
        let (after, mended) = open(&disk, &data);
        assert!(mended.damage.is_empty(), "{:?}", mended.damage);
        assert_eq!(mended.logs, found.logs);
        store = after;
    }
    let (head, seq, link) = found.logs.first().map_or((head(), 0, Link::ZERO), |log| (log.head, log.seq, log.link));
    let next = entry(seq + 1, b"the next");
    store.append(&[Append::Entry { head, link: next.link(&link), wire: next.clone() }]).expect("the next entry");
    assert_eq!(open(&disk, &data).1.logs.first().map(|log| log.seq), Some(seq + 1));
}

/// The file of statements: as it comes, or records whose hashes were put right and then what comes. Those that are good are found, again and
/// again, also when the damage is set aside.
pub(super) fn statement_file(bytes: &[u8]) {
    let mut input = Bytes(bytes);
    let mode = input.byte() % 2;
    let (disk, data) = fresh();
    let path = data.join("store/statements");
    let mut kept = Vec::new();
    if mode == 0 {
        put(&disk, &path, input.0);
    } else {
        let (mut store, _) = open(&disk, &data);
        for _ in 0..input.byte() % 6 {
            let statement = input.sized().to_vec();
            if !statement.is_empty() {
                store.append(&[Append::Record(List::Statements, statement.clone())]).expect("a good statement");
                kept.push(statement);
            }
        }
        if !disk.list(&data.join("store")).expect("a disk in memory").contains(&"statements".to_owned()) {
            put(&disk, &path, b"");
        }
        disk.append(&path, input.0).and_then(|()| disk.sync(&path)).expect("a disk in memory");
    }
    let (_, first) = open(&disk, &data);
    let (mut store, found) = open(&disk, &data);
    assert!(found.records(List::Statements).starts_with(&kept), "what was written is found, whatever comes after it");
    assert_eq!((&first.lists, &first.damage), (&found.lists, &found.damage));
    assert!(found.torn.is_empty(), "what was cut off is gone");
    if !found.damage.is_empty() {
        store.set_aside_lists().expect("damage is set aside");
        let (after, mended) = open(&disk, &data);
        assert!(mended.damage.is_empty(), "{:?}", mended.damage);
        assert_eq!(mended.lists, found.lists);
        store = after;
    }
    store.append(&[Append::Record(List::Statements, b"the next".to_vec())]).expect("the next statement");
    let last = open(&disk, &data).1.records(List::Statements).to_vec();
    assert_eq!(last.len(), found.records(List::Statements).len() + 1);
}

const VAULT: &[u8] = include_bytes!("../../vectors/home-1/data/vault");
const VAULT_KEY: &[u8] = include_bytes!("../../vectors/home-1/data/vault.key");
const STATEMENTS: &[u8] = include_bytes!("../../vectors/home-1/data/store/statements");
const LOGS: [(&str, &[u8]); 3] = [
    ("0009cfc42c3be101c5ed867e8bdc0d88", include_bytes!("../../vectors/home-1/data/store/logs/0009cfc42c3be101c5ed867e8bdc0d88")),
    ("1fbd00df12ee9eb39c94fd320b5231d1", include_bytes!("../../vectors/home-1/data/store/logs/1fbd00df12ee9eb39c94fd320b5231d1")),
    ("d733a5bfaaf39baf0f375d823614ce66", include_bytes!("../../vectors/home-1/data/store/logs/d733a5bfaaf39baf0f375d823614ce66")),
];

/// The vault of the kept home.
fn kept_vault() -> Vault {
    let key = VaultKey::from_file(VAULT_KEY).expect("the kept key");
    Vault::open(&key, VAULT).expect("the kept vault")
}

/// The inside of the saved view, or of the saved peers, of the kept home. Whatever it says, the home starts, answers, and gives up nothing of
/// its log.
pub(super) fn caches(bytes: &[u8]) {
    start(bytes);
}

/// How many runs of entries were read because the saved view does not know them.
pub(super) fn start(bytes: &[u8]) -> usize {
    let mut input = Bytes(bytes);
    let name = if input.byte() % 4 == 3 { "peers" } else { "view" };
    let asked = [Request::List(ListFilter::default()), Request::Status, Request::ShareList, Request::Doctor { rebuild: false }];
    let inputs = (0u64..).zip(asked).map(|(number, request)| ask(number, request)).collect();
    let disk = Arc::new(MemDisk::new());
    for folder in ["/data/store/logs", "/data/store/parts"] {
        disk.create_dir(Path::new(folder)).expect("a disk in memory");
    }
    SETTLED.iter().filter(|(path, _)| !path.ends_with(name)).for_each(|(path, bytes)| put(&disk, path, bytes));
    let inside = if name == "view" { part::pack(input.0) } else { input.0.to_vec() };
    let sealed = kept_vault().cache.seal(name, &inside, &mut Rng::seed_from_u64(2));
    put(&disk, &Path::new("/data").join(name), &sealed);
    let (read, answers) = run(disk, inputs);
    assert_eq!(answers, 4, "all is answered");
    read
}

/// The insides of the view and the peers as the kept home saves them at a stop.
pub(super) fn saved() -> [Vec<u8>; 2] {
    ["view", "peers"].map(|name| {
        let (_, file) = SETTLED.iter().find(|(path, _)| path.ends_with(name)).expect("it was saved");
        let inside = kept_vault().cache.open(name, file).expect("its own file");
        if name == "view" { part::unpack(&inside).expect("packed") } else { inside }
    })
}

/// The files of the kept home after this program has run in it and was stopped.
static SETTLED: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let (disk, data) = fresh();
    put(&disk, &data.join("vault"), VAULT);
    put(&disk, &data.join("vault.key"), VAULT_KEY);
    put(&disk, &data.join("store/statements"), STATEMENTS);
    LOGS.iter().for_each(|(log, bytes)| put(&disk, &data.join("store/logs").join(log), bytes));
    run(disk.clone(), vec![ask(0, Request::Status), Input::Stop]);
    let names = ["", "store", "store/logs", "store/parts"].map(|folder| data.join(folder)).into_iter().flat_map(|folder| {
        let names = disk.list(&folder).expect("a disk in memory");
        names.into_iter().map(move |name| folder.join(name))
    });
    names.filter_map(|path| Some((path.clone(), disk.read(&path).ok()?))).collect()
});

/// Starts a home and hands in these inputs. Returns the runs it read because no view knew them, and its answers.
fn run(disk: Arc<MemDisk>, mut inputs: Vec<Input>) -> (usize, usize) {
    let (mut rng, data) = (Rng::seed_from_u64(1), PathBuf::from("/data"));
    let (mut shelf, found) = Shelf::open(disk, &data).expect("the kept home opens");
    let home = Home { data: data.clone(), state: data.clone(), config: data.clone(), socket: data };
    let about = About { pid: 1, version: "0.1.0".into(), home, host: "host".into(), keeping: Keeping::default() };
    let now = Now { wall: jiff::Timestamp::from_second(1_795_500_000).expect("a time"), mono: Duration::ZERO, steady: Duration::ZERO };
    let (mut replica, mut effects) = Replica::new(about, now, &mut rng, found, None);
    let (mut read, mut answers) = (0, 0);
    for _ in 0..10_000 {
        let step = shelf.write(std::mem::take(&mut effects));
        assert!(step.failed.is_none(), "the store writes what the core wants: {:?}", step.failed);
        for effect in step.rest {
            read += usize::from(matches!(effect, Effect::Read { purpose: Purpose::Merge, .. }));
            match shelf.perform(effect).expect("the store does what the core wants") {
                Done::Input(input) => inputs.insert(0, input),
                Done::Elsewhere(Effect::Answer { .. }) => answers += 1,
                Done::Quiet | Done::Serve(..) | Done::Send(..) | Done::Elsewhere(_) => {}
            }
        }
        if inputs.is_empty() {
            break;
        }
        effects = replica.handle(now, &mut rng, inputs.remove(0));
    }
    (read, answers)
}

fn ask(number: u64, request: Request) -> Input {
    let ask = Ask { version: 1, id: uuid::Uuid::from_u128(u128::from(number) + 1), zone: "UTC".into(), request };
    Input::Ask { client: ClientId(number), ask: Box::new(ask) }
}
