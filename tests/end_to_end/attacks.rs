//! An own device that was taken over, on a real socket, against the real daemon. While it does its worst, commands are answered, another device's
//! entry arrives, memory stays within 64 MiB of what it was, and nothing panics. What was refused, `asif doctor` names.

use std::collections::BTreeSet;

use asif_daemon::Rng;
use asif_daemon::journal::document::Document;
use asif_daemon::journal::guard;
use asif_daemon::seal::body::{Body, Changes, DocId};
use asif_proto::frame::HEADER_LEN;
use asif_proto::id::LogId;
use asif_proto::peer::{Blob, Entries, Have, Message, Sealed};
use rand_core::SeedableRng;

use crate::harness::{Home, eventually};
use crate::liar::{Liar, Taken, frame, hello};
use crate::made;

/// The most that a daemon may grow by.
pub(crate) const MAX_GROWTH_KIB: u64 = 64 << 10;

/// The victim, its other device, and what a third device of theirs held before it was taken over.
struct Stage {
    laptop: Home,
    desktop: Home,
    taken: Taken,
    phone: Home,
    began_kib: u64,
    logged: usize,
}

impl Stage {
    fn new() -> Self {
        let laptop = Home::robin();
        let (desktop, phone) = (laptop.pair(), laptop.pair());
        for home in [&desktop, &phone] {
            home.sync();
        }
        phone.stop();
        let taken = Taken::from(&phone);
        let began_kib = memory(&laptop, "VmRSS:");
        Self { laptop, desktop, taken, phone, began_kib, logged: 0 }
    }

    fn connect(&self) -> Liar {
        Liar::hello(&self.taken.vault.link, self.laptop.address())
    }

    /// What must hold while the attack goes on.
    #[track_caller]
    fn holds(&mut self) {
        self.laptop.ok(&["status"]);
        self.laptop.log(&["--note", "here"]);
        let id = self.desktop.log(&["--note", "there"]);
        self.logged += 2;
        let arrived = || self.laptop.list().iter().any(|session| session["id"] == *id).then_some(());
        eventually("the other device's entry arrives", arrived);
        let grown = memory(&self.laptop, "VmHWM:").saturating_sub(self.began_kib);
        println!("grown by at most {grown} KiB");
        assert!(grown < MAX_GROWTH_KIB, "grown by {grown} KiB");
        let log = std::fs::read_to_string(self.laptop.path().join("state/asifd.log")).unwrap_or_default();
        assert!(!log.contains("panicked"), "{log}");
    }

    /// The doctor names a refusal, as soon as it has happened.
    #[track_caller]
    fn names(&self, what: &str) {
        eventually(what, || {
            let told = self.laptop.run(&["doctor"]).stdout;
            told.contains(what).then_some(())
        });
    }
}

/// A figure of a daemon's memory, in KiB.
pub(crate) fn memory(home: &Home, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", home.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn frames_and_streams_without_end_cost_the_liar_its_link_and_nobody_else() {
    let mut stage = Stage::new();
    let mut oversized = stage.connect();
    oversized.write(&[0, 5, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(oversized.closed(), "too long");
    stage.names("a frame over the limit");

    let mut cut = stage.connect();
    cut.write(&[0, 5, 0, 0, 0, 9, 1]);
    let _ = cut.control.finish();
    assert_eq!(cut.closed(), "malformed");
    stage.names("a frame that was cut short");

    let streams = stage.connect();
    // The link may be closed before it is written.
    let _ = streams.runtime.block_on(async {
        let (mut send, _) = streams.connection.open_bi().await.unwrap();
        send.write_all(&frame(1, 9)).await
    });
    assert_eq!(streams.closed(), "streams");
    stage.names("a stream that may not be opened");
    assert!(streams.connection.max_datagram_size().is_none(), "no datagrams");

    // Two links that begin frames and never end them, on every stream that they may have.
    let mut endless = [stage.connect(), stage.connect()];
    let mut begun = frame(5, 1 << 20);
    begun.truncate((1 << 20) + HEADER_LEN - 1);
    let poured: usize = endless.iter_mut().map(|liar| (0..20).map(|_| liar.pour(&begun)).sum::<usize>()).sum();
    println!("{poured} bytes were taken of frames that do not end");
    for liar in &mut endless {
        liar.write(&begun);
    }
    stage.holds();

    let mut malformed = stage.connect();
    malformed.write(&frame(1, 100));
    malformed.closed();
    stage.names("a malformed message");
}

#[test]
fn a_flood_of_large_frames_is_carried_out_piece_by_piece() {
    let mut stage = Stage::new();
    let mut liar = stage.connect();
    let (epoch, _) = stage.taken.journal();
    let entries = (0..2).map(|_| Sealed::Entry(Blob(vec![0; 500 << 10]))).collect();
    let nonsense = Entries { queue: epoch.queue(), key: epoch.key, log: LogId([5; 16]), before: asif_proto::id::Link::ZERO, entries };
    let bytes = Message::Entries(nonsense).to_frame().to_bytes();
    for _ in 0..150 {
        assert!(liar.write(&bytes));
    }
    stage.names("a malformed entry");
    // Asks for everything again and again, and does not read the answers.
    let have = Message::Have(Have { full: true, statements: vec![[5; 16]; 100], queues: vec![] });
    let bytes = have.to_frame().to_bytes();
    for _ in 0..20_000 {
        if !liar.write(&bytes) {
            break;
        }
    }
    stage.holds();
}

#[test]
fn a_thousand_births_and_what_waits_for_ever_find_no_room() {
    let mut stage = Stage::new();
    let mut liar = stage.connect();
    // As many logs as there may be; each asks for more room than there is, with changes that build on one that never comes.
    let mut document = Document::default();
    let log = LogId([9; 16]);
    let words = "a".repeat(12_000);
    let mut change = |key: usize| {
        let puts: Vec<_> = (0..4).map(|n| (format!("{key}-{n}"), words.as_str().into())).collect();
        let change = document.write(log, &puts, None).unwrap().unwrap();
        let (codec, bytes) = guard::pack(change.raw_bytes());
        Body::Changes(Changes { doc: DocId::Plan, generation: [0; 32], codec, bytes })
    };
    change(0);
    let bodies: Vec<Body> = (1..1200).map(&mut change).collect();
    liar.say(&stage.taken.run(log, &bodies, 0));
    stage.names("an entry that waits for others, and there is no more room to wait");
    for n in 0..1000u16 {
        let mut id = [1; 16];
        id[..2].copy_from_slice(&n.to_be_bytes());
        liar.say(&stage.taken.run(LogId(id), &[], 0));
    }
    stage.names("more logs than a device may have");
    stage.holds();
    let told = stage.laptop.run(&["doctor"]).stdout;
    assert!(told.contains("for others that have not arrived yet"), "{told}");
}

#[test]
fn bombs_and_mutated_changes_are_kept_out_and_the_others_agree() {
    let mut stage = Stage::new();
    let mut liar = stage.connect();
    for (n, (bomb, why)) in made::bombs().into_iter().enumerate() {
        liar.say(&stage.taken.run(LogId([100 + n as u8; 16]), &[bomb], 0));
        stage.names(why);
    }
    for n in 0..40 {
        let log = LogId([150 + n; 16]);
        let bodies = made::mutated(log, &mut Rng::seed_from_u64(u64::from(n)));
        liar.say(&stage.taken.run(log, &bodies, 0));
    }
    stage.names("a change of it");
    stage.holds();
    let shown = eventually("both show the same", || {
        let shown = stage.laptop.list();
        (stage.desktop.list() == shown).then_some(shown)
    });
    for home in [&stage.laptop, &stage.desktop] {
        assert_eq!(home.list(), shown);
        home.run(&["doctor", "--rebuild"]);
        home.ok(&["daemon", "restart"]);
        assert_eq!(home.list(), shown, "made anew, and started anew");
    }
}

#[test]
fn out_of_order_replayed_and_unknown_things_change_nothing() {
    let mut stage = Stage::new();
    let mut liar = stage.connect();
    let seen = || Body::Seen(asif_daemon::seal::body::Seen { have: vec![] });
    let bodies: Vec<Body> = (0..40).map(|_| seen()).collect();
    for from in (1..40).rev() {
        liar.say(&stage.taken.run(LogId([3; 16]), &bodies, from));
    }
    stage.names("a run that begins beyond a gap");
    let whole = stage.taken.run(LogId([3; 16]), &bodies, 0);
    for _ in 0..50 {
        liar.say(&hello());
        liar.say(&whole);
    }
    drop(liar);
    // What was said on one connection is said again on the next.
    let mut again = stage.connect();
    for _ in 0..50 {
        again.say(&hello());
        again.say(&whole);
    }
    stage.holds();
    let logs: BTreeSet<_> = stage.laptop.log_files().into_iter().collect();
    assert!(logs.iter().any(|path| path.ends_with(LogId([3; 16]).to_string())), "in order it is taken");
    assert_eq!(stage.laptop.list().len(), stage.logged, "and nothing came twice");
    stage.phone.start();
    stage.phone.sync();
    assert_eq!(stage.phone.list(), stage.laptop.list());
}
