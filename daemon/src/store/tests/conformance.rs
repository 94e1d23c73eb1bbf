//! Facts that hold on every disk. Each is run on both.

use std::path::Path;
use std::sync::Arc;

use super::super::{AppendError, MemDisk, OpenError, ReadError, RealDisk, SmallFileError, StubError};
use super::*;

on_every_disk! {
    the_bytes_on_disk_are_those_of_the_drawing
    what_was_appended_is_read_again_after_opening
    a_range_is_bounded_but_never_empty_before_the_tip
    what_does_not_follow_is_refused_and_nothing_is_written
    a_tail_torn_anywhere_is_cut_and_all_before_is_kept
    a_tail_that_was_never_written_is_cut
    the_first_append_torn_anywhere_leaves_no_log
    a_flip_anywhere_in_a_log_is_damage
    a_wrong_length_that_reaches_past_the_end_is_damage
    a_flip_anywhere_in_the_statements_is_damage_and_the_rest_count
    a_torn_statement_is_cut
    a_file_that_is_no_log_is_told
    a_store_with_a_file_of_a_newer_format_is_not_opened_and_not_touched
    an_entry_of_a_newer_format_is_kept
    damage_set_aside_is_kept_and_the_log_goes_on
    a_log_without_one_good_entry_is_set_aside_whole
    damaged_statements_set_aside_leave_the_good_ones
    what_changed_since_opening_is_not_read
    small_files_come_back_and_go
}

fn the_bytes_on_disk_are_those_of_the_drawing(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&[chain.push(100), chain.push(84), Append::Record(List::Statements, b"hello".to_vec())]).unwrap();
    store.stub(chain.log(), &[2]).unwrap();
    let ((link1, entry), (link2, second)) = (&chain.wires[0], &chain.wires[1]);
    let mut drawn = [b"asiflog1".as_slice(), &[0x41; 32], &[0x21; 16], &[0x01; 16]].concat();
    drawn.extend_from_slice(&blake3::hash(&drawn).as_bytes()[..16]);
    drawn.extend([&[0, 0, 0, 151], link1.as_bytes().as_slice(), &[1], entry.bytes()].concat());
    drawn.extend([&[0, 0, 0, 83], link2.as_bytes().as_slice(), &[2], second.to_stub().bytes()].concat());
    assert_eq!(disk.read(&data.join("store/logs/01010101010101010101010101010101")).unwrap(), drawn);
    let statements = [b"asifsta1\0\0\0\x05".as_slice(), blake3::hash(b"hello").as_bytes(), b"hello"].concat();
    assert_eq!(disk.read(&data.join("store/statements")).unwrap(), statements);
}

fn what_was_appended_is_read_again_after_opening(disk: Arc<dyn Disk>, data: &Path) {
    let (mut one, mut two) = (Chain::new(1), Chain::new(2));
    let (mut store, found) = open(&disk, data);
    assert!(found.logs.is_empty() && found.records(List::Statements).is_empty());
    store.append(&[one.push(100), Append::Record(List::Statements, b"first".to_vec()), two.push(2000), one.push(300)]).unwrap();
    store.append(&[Append::Record(List::Statements, b"second".to_vec()), Append::Record(List::Statements, b"second".to_vec())]).unwrap();
    store.append(&[one.push(5000)]).unwrap();
    store.append(&[]).unwrap();
    assert!(sealed(&store, &one) && sealed(&store, &two));
    drop(store);

    let (mut store, found) = open(&disk, data);
    assert!(found.torn.is_empty() && found.damage.is_empty(), "{found:?}");
    assert_eq!(found.records(List::Statements), [b"first".to_vec(), b"second".to_vec(), b"second".to_vec()]);
    let facts: Vec<_> = found.logs.iter().map(|log| (log.head, log.seq, log.link)).collect();
    assert_eq!(facts, [(one.head, 3, one.tip()), (two.head, 1, two.tip())]);
    assert_eq!(found.logs[0].bytes, disk.read(&log_path(data, &one)).unwrap().len() as u64);
    store.append(&[two.push(100)]).unwrap();
    assert!(sealed(&store, &one) && sealed(&store, &two));
}

fn a_range_is_bounded_but_never_empty_before_the_tip(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[150; 9])).unwrap();
    let one = chain.wires[0].1.bytes().len();
    let log = chain.log();
    let seqs = |from, bytes, count| store.read(log, from, bytes, count).unwrap().iter().map(|(_, wire)| wire.seq()).collect::<Vec<_>>();
    assert_eq!(seqs(0, usize::MAX, 2), [1, 2]);
    assert_eq!(seqs(4, 3 * one, 99), [4, 5, 6]);
    assert_eq!(seqs(4, 3 * one - 1, 99), [4, 5]);
    assert_eq!(seqs(9, 0, 0), [9]);
    assert_eq!(seqs(10, usize::MAX, 9), [0; 0]);
    assert_eq!(seqs(u64::MAX, usize::MAX, 9), [0; 0]);
    assert!(matches!(store.read(LogId([9; 16]), 1, 1, 1), Err(ReadError::NoLog(_))));
}

fn what_does_not_follow_is_refused_and_nothing_is_written(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100])).unwrap();
    let before = disk.read(&log_path(data, &chain)).unwrap();
    let good = chain.clone().push(100);
    let Append::Entry { head, link, wire } = good.clone() else { unreachable!() };
    let mut ahead = chain.clone();
    ahead.push(100);
    let refused = |store: &mut Store, append: Append| store.append(&[good.clone(), append]).unwrap_err();
    assert!(matches!(refused(&mut store, good.clone()), AppendError::Seq { expected: 4, got: 3, .. }));
    let gap = [ahead.push(100)];
    assert!(matches!(store.append(&gap), Err(AppendError::Seq { expected: 3, got: 4, .. })));
    let wrong = Append::Entry { head, link: Link([1; 32]), wire: wire.clone() };
    assert!(matches!(store.append(&[wrong]), Err(AppendError::Link { seq: 3, .. })));
    let other_key = Append::Entry { head: LogHead { key: KeyId([9; 16]), ..head }, link, wire: wire.clone() };
    assert!(matches!(store.append(&[other_key]), Err(AppendError::Head { .. })));
    let other_log = Append::Entry { head: LogHead { log: LogId([9; 16]), ..head }, link, wire };
    assert!(matches!(store.append(&[other_log]), Err(AppendError::Head { .. })));
    assert!(matches!(refused(&mut store, Append::Record(List::Statements, Vec::new())), AppendError::Record(0)));
    assert!(matches!(
        refused(&mut store, Append::Record(List::Statements, vec![0; List::Statements.longest() + 1])),
        AppendError::Record(_)
    ));
    assert_eq!(disk.read(&log_path(data, &chain)).unwrap(), before);
    store.append(&[good, Append::Record(List::Statements, vec![0; List::Statements.longest()])]).unwrap();
    assert_eq!(open(&disk, data).1.records(List::Statements), [vec![0; List::Statements.longest()]]);
}

fn a_tail_torn_anywhere_is_cut_and_all_before_is_kept(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100])).unwrap();
    let path = log_path(data, &chain);
    let whole = disk.read(&path).unwrap();
    let kept = chain.clone();
    let third = chain.push(120);
    store.append(std::slice::from_ref(&third)).unwrap();
    let all = disk.read(&path).unwrap();
    for cut in whole.len() + 1..all.len() {
        put(&disk, &path, &all[..cut]);
        let (mut store, found) = open(&disk, data);
        assert!(found.damage.is_empty(), "cut at {cut}: {:?}", found.damage);
        assert_eq!((found.torn[0].offset, found.torn[0].bytes), (whole.len() as u64, (cut - whole.len()) as u64));
        assert_eq!((found.logs[0].seq, found.logs[0].link), (2, kept.tip()));
        assert!(sealed(&store, &kept), "cut at {cut}");
        assert_eq!(disk.read(&path).unwrap(), whole);
        store.append(std::slice::from_ref(&third)).unwrap();
        assert_eq!(disk.read(&path).unwrap(), all);
    }
}

fn a_tail_that_was_never_written_is_cut(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 700])).unwrap();
    let path = log_path(data, &chain);
    let whole = disk.read(&path).unwrap();
    store.append(&[chain.push(1800)]).unwrap();
    let all = disk.read(&path).unwrap();
    let sectors = (whole.len().next_multiple_of(512)..all.len()).step_by(512);
    for (zeros, len) in
        sectors.flat_map(|from| [(from, all.len()), (from, all.len() - 100), (from, all.len() + 900)]).chain([(whole.len(), 4096)])
    {
        let mut torn = all.clone();
        torn.resize(len, 0);
        torn[zeros..].fill(0);
        put(&disk, &path, &torn);
        let (_, found) = open(&disk, data);
        assert!(found.damage.is_empty(), "zeros from {zeros}: {:?}", found.damage);
        assert_eq!((found.logs[0].seq, found.torn.len()), (2, 1));
    }
    // Zeros that begin elsewhere are nothing that a crash leaves.
    let mut odd = all.clone();
    odd[whole.len() + 200..whole.len() + 210].fill(0);
    put(&disk, &path, &odd);
    assert_eq!(open(&disk, data).1.damage.len(), 1);
}

fn the_first_append_torn_anywhere_leaves_no_log(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    let first = chain.push(100);
    store.append(std::slice::from_ref(&first)).unwrap();
    let path = log_path(data, &chain);
    let all = disk.read(&path).unwrap();
    for cut in 0..all.len() {
        put(&disk, &path, &all[..cut]);
        let (mut store, found) = open(&disk, data);
        assert!(found.damage.is_empty() && found.logs.is_empty(), "cut at {cut}: {found:?}");
        store.append(std::slice::from_ref(&first)).unwrap();
        assert_eq!(disk.read(&path).unwrap(), all);
    }
    put(&disk, &path, &vec![0; all.len()]);
    assert!(open(&disk, data).1.damage.is_empty());
}

fn a_flip_anywhere_in_a_log_is_damage(disk: Arc<dyn Disk>, data: &Path) {
    let (mut chain, mut other) = (Chain::new(1), Chain::new(2));
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[84, 84, 84])).unwrap();
    store.stub(chain.log(), &[2]).unwrap();
    store.append(&[other.push(84)]).unwrap();
    let kept = read_all(&store, chain.log());
    let path = log_path(data, &chain);
    let all = disk.read(&path).unwrap();
    let next = chain.push(84);
    for at in 0..all.len() {
        let mut flipped = all.clone();
        flipped[at] ^= [0x01, 0x80, 0xff, 0x10][at % 4];
        put(&disk, &path, &flipped);
        let (mut store, found) = open(&disk, data);
        assert!(found.torn.is_empty(), "a flip at {at} was taken for a torn tail: {:?}", found.torn);
        let [damage] = found.damage.as_slice() else { panic!("a flip at {at} was not noticed") };
        assert_eq!(damage.log, Some(chain.log()));
        assert!(damage.offset <= at as u64 && !damage.what.is_empty());
        let good = usize::try_from(damage.last_good).unwrap();
        if good > 0 {
            assert_eq!(read_all(&store, chain.log()), kept[..good], "flip at {at}");
        } else {
            assert_eq!(found.logs.len(), 1, "only the other log");
        }
        assert!(matches!(store.append(std::slice::from_ref(&next)), Err(AppendError::Damaged { .. })), "flip at {at}");
        assert!(matches!(store.stub(chain.log(), &[1]), Err(StubError::Damaged(_))), "flip at {at}");
        assert_eq!(disk.read(&path).unwrap(), flipped, "what is damaged is left alone");
        assert!(sealed(&store, &other));
        if at == 0 {
            store.append(&[other.push(84)]).unwrap();
        }
    }
}

fn a_wrong_length_that_reaches_past_the_end_is_damage(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100, 100])).unwrap();
    let path = log_path(data, &chain);
    let all = disk.read(&path).unwrap();
    let step = (all.len() - 88) / 3;
    for (record, longer) in (0..3).flat_map(|record| [1, 250, 1 << 16].map(|longer| (record, longer))) {
        let mut wrong = all.clone();
        let at = 88 + record * step;
        let length = u32::from_be_bytes(all[at..at + 4].try_into().unwrap()) + longer;
        wrong[at..at + 4].copy_from_slice(&length.to_be_bytes());
        put(&disk, &path, &wrong);
        let (_, found) = open(&disk, data);
        assert!(found.torn.is_empty(), "record {record} + {longer}: {:?}", found.torn);
        assert_eq!((found.damage[0].offset, found.damage[0].last_good), (at as u64, record as u64));
    }
}

fn a_flip_anywhere_in_the_statements_is_damage_and_the_rest_count(disk: Arc<dyn Disk>, data: &Path) {
    let all = [b"the first".to_vec(), b"the second, longer".to_vec(), b"third".to_vec()];
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&all.clone().map(|bytes| Append::Record(List::Statements, bytes))).unwrap();
    let path = data.join("store/statements");
    let whole = disk.read(&path).unwrap();
    let ends = [53, 107, whole.len()];
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= [0x01, 0x80, 0xff, 0x10][at % 4];
        put(&disk, &path, &flipped);
        let (mut store, found) = open(&disk, data);
        assert!(found.torn.is_empty(), "a flip at {at} was taken for a torn tail");
        assert_eq!(found.damage.len(), 1, "flip at {at}");
        let hit = (at >= 8).then(|| ends.iter().position(|end| at < *end).unwrap());
        let expected: Vec<_> = all.iter().enumerate().filter(|(n, _)| Some(*n) != hit).map(|(_, bytes)| bytes.clone()).collect();
        assert_eq!(found.records(List::Statements), expected, "flip at {at}");
        let refused = store.append(&[Append::Record(List::Statements, b"more".to_vec())]);
        assert!(matches!(refused, Err(AppendError::Damaged { log: None })), "flip at {at}");
        assert_eq!(disk.read(&path).unwrap(), flipped);
        if at == 0 {
            store.append(&[chain.push(84)]).unwrap();
        }
    }
}

fn a_torn_statement_is_cut(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    store.append(&[Append::Record(List::Statements, b"kept".to_vec())]).unwrap();
    let path = data.join("store/statements");
    let whole = disk.read(&path).unwrap();
    store.append(&[Append::Record(List::Statements, vec![7; 100])]).unwrap();
    let all = disk.read(&path).unwrap();
    for cut in 0..all.len() {
        put(&disk, &path, &all[..cut]);
        let (mut store, found) = open(&disk, data);
        assert!(found.damage.is_empty(), "cut at {cut}: {:?}", found.damage);
        assert_eq!(found.records(List::Statements).len(), usize::from(cut >= whole.len()), "cut at {cut}");
        store.append(&[Append::Record(List::Statements, b"next".to_vec())]).unwrap();
        assert_eq!(open(&disk, data).1.records(List::Statements).last().unwrap(), b"next");
    }
}

fn a_file_that_is_no_log_is_told(disk: Arc<dyn Disk>, data: &Path) {
    drop(open(&disk, data));
    let path = data.join("store/logs/notes.txt");
    put(&disk, &path, b"hello");
    put(&disk, &data.join("store/logs/half.new"), b"unfinished");
    let (_, found) = open(&disk, data);
    assert_eq!((found.damage.len(), found.strange), (0, vec![path.clone()]));
    assert_eq!(disk.read(&path).unwrap(), b"hello");
    assert_eq!(disk.list(&data.join("store/logs")).unwrap(), ["notes.txt"], "unfinished files are removed");
}

fn a_store_with_a_file_of_a_newer_format_is_not_opened_and_not_touched(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100])).unwrap();
    disk.create(&data.join("store/logs/half.new")).unwrap();
    let path = log_path(data, &chain);
    let before = disk.read(&path).unwrap();
    let mut newer = before.clone();
    newer[7] = b'3';
    put(&disk, &path, &newer);
    assert!(matches!(Store::open(disk.clone(), data), Err(OpenError::Newer(of)) if of == path));
    assert_eq!(disk.list(&data.join("store/logs")).unwrap().len(), 2, "nothing is tidied up");
    put(&disk, &path, &before);
    assert_eq!(open(&disk, data).1.logs[0].seq, 1);
}

fn an_entry_of_a_newer_format_is_kept(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100])).unwrap();
    let path = log_path(data, &chain);
    let mut newer = disk.read(&path).unwrap();
    let second = 88 + (newer.len() - 88) / 2;
    newer[second + 37] = 2;
    put(&disk, &path, &newer);
    let (_, found) = open(&disk, data);
    assert!(found.damage[0].what.contains("entry format 2.1 is not known here"), "{:?}", found.damage);
    assert_eq!(found.logs[0].seq, 1);
}

fn damage_set_aside_is_kept_and_the_log_goes_on(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100, 100])).unwrap();
    let path = log_path(data, &chain);
    let all = disk.read(&path).unwrap();
    let second = 88 + (all.len() - 88) / 3;
    for round in 0..2 {
        let mut flipped = all.clone();
        flipped[second + 90] ^= 1 + round;
        put(&disk, &path, &flipped);
        let (mut store, _) = open(&disk, data);
        let aside = store.set_aside(chain.log()).unwrap().unwrap();
        assert_eq!(disk.read(&aside).unwrap(), flipped[second..], "{}", aside.display());
        assert_eq!(store.set_aside(chain.log()).unwrap(), None);
        let refilled: Vec<_> =
            chain.wires[1..].iter().map(|(link, wire)| Append::Entry { head: chain.head, link: *link, wire: wire.clone() }).collect();
        store.append(&refilled).unwrap();
        assert_eq!(disk.read(&path).unwrap(), all);
        assert!(open(&disk, data).1.damage.is_empty());
    }
    assert_eq!(disk.list(&data.join("store/damaged")).unwrap().len(), 2, "the first damage is kept beside the second");
}

fn a_log_without_one_good_entry_is_set_aside_whole(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    let first = chain.push(100);
    store.append(std::slice::from_ref(&first)).unwrap();
    let path = log_path(data, &chain);
    let all = disk.read(&path).unwrap();
    for at in [0, 20, 130] {
        let mut flipped = all.clone();
        flipped[at] ^= 1;
        put(&disk, &path, &flipped);
        let (mut store, _) = open(&disk, data);
        let aside = store.set_aside(chain.log()).unwrap().unwrap();
        assert_eq!(disk.read(&aside).unwrap(), flipped);
        store.append(std::slice::from_ref(&first)).unwrap();
        assert_eq!(disk.read(&path).unwrap(), all);
    }
}

fn damaged_statements_set_aside_leave_the_good_ones(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    store.append(&[b"one", b"two", b"six"].map(|bytes| Append::Record(List::Statements, bytes.to_vec()))).unwrap();
    let path = data.join("store/statements");
    let mut flipped = disk.read(&path).unwrap();
    flipped[8 + 39 + 37] ^= 1;
    put(&disk, &path, &flipped);
    let (mut store, _) = open(&disk, data);
    let aside = store.set_aside_lists().unwrap().remove(0);
    assert_eq!(disk.read(&aside).unwrap(), flipped);
    store.append(&[Append::Record(List::Statements, b"ten".to_vec())]).unwrap();
    let (_, found) = open(&disk, data);
    assert_eq!(found.records(List::Statements), [b"one", b"six", b"ten"]);
    assert!(found.damage.is_empty());
}

fn what_changed_since_opening_is_not_read(disk: Arc<dyn Disk>, data: &Path) {
    let mut chain = Chain::new(1);
    let (mut store, _) = open(&disk, data);
    store.append(&chain.pushes(&[100, 100, 100])).unwrap();
    let path = log_path(data, &chain);
    let mut bytes = disk.read(&path).unwrap();
    let second = 88 + (bytes.len() - 88) / 3;
    bytes[second + 100] ^= 1;
    put(&disk, &path, &bytes);
    assert!(matches!(store.read(chain.log(), 1, usize::MAX, 9), Err(ReadError::Changed { seq: 2, .. })));
    assert_eq!(store.read(chain.log(), 1, usize::MAX, 1).unwrap(), chain.wires[..1]);
    assert_eq!(store.read(chain.log(), 3, usize::MAX, 1).unwrap(), chain.wires[2..]);
}

fn small_files_come_back_and_go(disk: Arc<dyn Disk>, data: &Path) {
    let (mut store, _) = open(&disk, data);
    assert_eq!(store.load("vault").unwrap(), None);
    store.remove("vault").unwrap();
    store.save("vault", b"one").unwrap();
    store.save("vault", b"two").unwrap();
    store.save("vault.key", b"").unwrap();
    put(&disk, &data.join("view.new"), b"unfinished");
    let (mut store, _) = open(&disk, data);
    assert_eq!(store.load("vault").unwrap().unwrap(), b"two");
    assert_eq!(store.load("vault.key").unwrap().unwrap(), b"");
    store.remove("vault").unwrap();
    assert_eq!(open(&disk, data).0.load("vault").unwrap(), None);
    assert_eq!(disk.list(data).unwrap(), ["store", "vault.key"]);
    for name in ["", "lock", "store", "../x", "a/b", "Vault", ".x", "vault.new"] {
        assert!(matches!(store.save(name, b""), Err(SmallFileError::Name(_))), "{name}");
    }
}
