//! Every single call to a disk, in three scripted lives, and everything that can go wrong there.
//!
//! A *point* is a life, a machine, a call to its disk, and an ordeal. What holds at each:
//!
//! 1. *Killed, or without power*, before the call, in the middle of it (an append torn at several lengths; sectors written out of order), or
//!    after it and before anybody heard, and once more while it starts again: everything acknowledged is there with its values,
//!    everything can be read, the doctor finds nothing wrong, and the script goes on to its end.
//! 2. *A call fails, or the disk is full*, once, or until a request was refused: what was refused was not acknowledged, the program goes
//!    on without a restart where it can be opened again and after one where not, and 1 holds.
//! 3. *A sync lies* and the power goes later: what is left can be read and is what was once asked for, or the doctor says what is wrong and
//!    mends it; the other device gives back what it holds; and where a log went on in two ways some doctor says so.
//!
//! By default an evenly spread sample is played. `every_point_of_every_life` plays all of them, with `ASIF_FAULT_EVERY=n` every n-th;
//! `ASIF_FAULT_POINT=...` plays the one that a failure printed.

mod life;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use asif_daemon::Rng;
use asif_daemon::store::{Fault, Moment, Op};
use asif_proto::local::ErrorKind;
use rand_core::SeedableRng;

use crate::node::Ending;
use life::{Kind, Life};

/// Points played by default.
const SAMPLE: usize = 100;

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ordeal {
    /// The program is killed.
    Killed(Moment),
    /// The power goes; the number is the chance of what is left.
    Power(Fault, u64),
    /// Killed or without power, and again so many calls later, while it starts.
    Twice(Ending, usize),
    /// So many calls fail; `usize::MAX`: until a request was refused.
    Fails(usize),
    /// Nothing can be written for so many calls.
    Full(usize),
    /// A sync lies, and the power goes so many calls later.
    Lies(usize, u64),
}

#[derive(Debug, Clone, Copy)]
struct Point {
    kind: Kind,
    node: usize,
    call: usize,
    ordeal: Ordeal,
}

/// The calls that each machine of a life makes when nothing goes wrong.
fn calls(kind: Kind) -> Vec<Vec<Op>> {
    let mut life = Life::new(kind, format!("{kind:?}"));
    let seen: Vec<_> = life.world.nodes.iter().map(|_| Arc::new(Mutex::new(Vec::new()))).collect();
    for (node, seen) in life.world.nodes.iter().zip(&seen) {
        let seen = seen.clone();
        node.disk.plan(move |call| {
            seen.lock().unwrap().push(call.op);
            None
        });
    }
    assert!(life.play().is_ok());
    life.settle();
    check_end(&mut life);
    seen.iter().map(|seen| seen.lock().unwrap().clone()).collect()
}

/// Everything that can go wrong at a call.
fn ordeals(op: Op, call: usize) -> Vec<Ordeal> {
    let mut all = vec![Ordeal::Fails(1), Ordeal::Fails(3), Ordeal::Fails(usize::MAX)];
    all.extend((0..3).map(|n| Ordeal::Twice(if n == 1 { Ending::Kill } else { Ending::Power }, (call * 7 + n * 9) % 29)));
    all.push(Ordeal::Killed(Moment::Before));
    if matches!(op, Op::List | Op::Read | Op::ReadAt) {
        return all;
    }
    all.push(Ordeal::Killed(Moment::After));
    all.extend([(Fault::Dies(Moment::Before), 1), (Fault::Dies(Moment::After), 2)].map(|(fault, fate)| Ordeal::Power(fault, fate)));
    all.extend((3..7).map(|fate| Ordeal::Power(Fault::PowerOff, fate)));
    match op {
        Op::Append => {
            all.extend([1, 250, 500, 750, 999].map(|part| Ordeal::Killed(Moment::Midway(part))));
            all.extend([1, 333, 666, 999].map(|part| Ordeal::Power(Fault::Dies(Moment::Midway(part)), 7)));
            all.extend((8..12).map(|fate| Ordeal::Power(Fault::PowerOff, fate)));
            all.extend([Ordeal::Full(1), Ordeal::Full(usize::MAX)]);
        }
        Op::Create => all.extend([Ordeal::Full(1), Ordeal::Full(usize::MAX)]),
        Op::Sync | Op::SyncDir => all.extend([(1, 0), (4, 1), (16, 2), (64, 3)].map(|(later, fate)| Ordeal::Lies(later, fate))),
        _ => {}
    }
    all
}

fn points() -> Vec<Point> {
    let of = |kind: Kind| {
        calls(kind).into_iter().enumerate().flat_map(move |(node, ops)| {
            let one = move |(call, op)| ordeals(op, call).into_iter().map(move |ordeal| Point { kind, node, call, ordeal });
            ops.into_iter().enumerate().flat_map(one)
        })
    };
    Kind::ALL.into_iter().flat_map(of).collect()
}

/// Lives a life with one thing wrong.
fn live(point: Point, name: &str) {
    let mut life = Life::new(point.kind, name.to_owned());
    let machine = &mut life.world.nodes[point.node];
    let (at, ordeal) = (point.call, point.ordeal);
    machine.fate = match ordeal {
        Ordeal::Power(_, fate) | Ordeal::Lies(_, fate) => Some(Rng::seed_from_u64(fate << 32 | at as u64)),
        _ => None,
    };
    machine.ending = match ordeal {
        Ordeal::Killed(_) => Ending::Kill,
        Ordeal::Twice(ending, _) => ending,
        Ordeal::Power(..) | Ordeal::Lies(..) => Ending::Power,
        Ordeal::Fails(_) | Ordeal::Full(_) => Ending::GoesOn,
    };
    if let Ordeal::Twice(_, later) = ordeal {
        machine.second = Some((later, Fault::PowerOff));
    }
    let within = move |call: usize, many: usize| (at..at.saturating_add(many)).contains(&call);
    machine.disk.plan(move |call| match ordeal {
        Ordeal::Killed(moment) => (call.number == at).then_some(Fault::Dies(moment)),
        Ordeal::Power(fault, _) => (call.number == at).then_some(fault),
        Ordeal::Twice(..) => (call.number == at).then_some(Fault::PowerOff),
        Ordeal::Fails(many) => within(call.number, many).then_some(Fault::Error),
        Ordeal::Full(many) => within(call.number, many).then_some(Fault::NoSpace),
        Ordeal::Lies(..) if call.number == at => Some(Fault::Lies),
        Ordeal::Lies(later, _) => (call.number == at + later).then_some(Fault::PowerOff),
    });
    if matches!(ordeal, Ordeal::Fails(_) | Ordeal::Full(_)) {
        life.heals_after = Some(point.node);
        // A log that cannot be read for a moment is told of as damage.
        life.world.expects_damage = true;
    }
    if let Ordeal::Lies(..) = ordeal {
        life.lied = true;
        life.world.expects_damage = true;
        if life.play().is_ok() {
            life.world.nodes[point.node].crash();
        }
        return after_a_lie(&mut life, point.node);
    }
    assert!(life.play().is_ok());
    if life.world.expects_damage && life.list(point.node).is_err() {
        life.look(point.node);
    }
    life.check_node(point.node);
    life.settle();
    check_end(&mut life);
}

/// The end of every honest life: all devices hold the same, all that was acknowledged, nothing twice, nothing to complain of; also
/// made anew from the log, and after the power went once more.
fn check_end(life: &mut Life) {
    for node in 0..life.kind.machines() {
        assert_eq!(life.complaints(node, false), Vec::<String>::new(), "machine {node}");
    }
    life.check_node(0);
    let whole = life.list(0).unwrap();
    for node in 0..life.kind.machines() {
        life.world.nodes[node].crash();
        if node == 0 || life.kind == Kind::Paired {
            life.check_node(node);
            assert_eq!(life.list(node).unwrap(), whole, "machine {node} holds something else");
            assert_eq!(life.complaints(node, true), Vec::<String>::new());
            assert_eq!(life.list(node).unwrap(), whole, "made anew it is something else");
        }
    }
}

/// What can be said after a disk lied and the power went.
fn after_a_lie(life: &mut Life, liar: usize) {
    life.world.nodes[liar].disk.heal();
    match life.list(liar) {
        Ok(list) => life.check_nothing_else(&list),
        Err(failure) => {
            let told = matches!(failure.kind, ErrorKind::Integrity | ErrorKind::Precondition);
            assert!(told && failure.hint.is_some(), "{failure:?}");
            if failure.kind == ErrorKind::Integrity {
                assert_ne!(life.complaints(liar, false), Vec::<String>::new(), "the doctor knows nothing of {failure:?}");
            }
            life.complaints(liar, true);
        }
    }
    let other = 1 - liar.min(1);
    let before = (life.kind == Kind::Paired).then(|| life.list(other).unwrap_or_default());
    life.settle();
    let Some(before) = before else { return };
    let there = life.list(other).unwrap_or_default();
    assert!(before.keys().all(|id| there.contains_key(id)), "a lie on one device took something from the other");
    let Ok(here) = life.list(liar) else { return };
    life.check_nothing_else(&here);
    let is_paired = !there.is_empty() && life.world.nodes.iter().all(|node| node.listens);
    if is_paired && here != there {
        let told: Vec<_> = (0..2).flat_map(|node| life.complaints(node, false)).collect();
        assert_ne!(told, Vec::<String>::new(), "the two differ and nobody says why");
    }
}

/// Plays points on every core; returns how many of each ordeal.
fn play(points: &[Point]) -> BTreeMap<String, usize> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let name = format!("{point:?}");
                    if catch_unwind(AssertUnwindSafe(|| live(*point, &name))).is_err() {
                        eprintln!("failed: {name}");
                        failed.lock().unwrap().push(name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} points; the first: ASIF_FAULT_POINT='{}'", failed.len(), points.len(), failed[0]);
    let mut counts = BTreeMap::new();
    for point in points {
        let name = format!("{:?}", point.ordeal);
        *counts.entry(name.split('(').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn a_sample_of_the_points_of_every_life() {
    let points = points();
    println!("{} points", points.len());
    if let Ok(one) = std::env::var("ASIF_FAULT_POINT") {
        let point = points.iter().find(|point| format!("{point:?}") == one).unwrap_or_else(|| panic!("no point is called {one}"));
        return live(*point, &one);
    }
    // A step that shares no factor with how the points are laid out meets every ordeal and every part of the lives.
    let step = (points.len() / SAMPLE) | 1;
    let sample: Vec<_> = points.into_iter().step_by(step).collect();
    play(&sample);
}

#[test]
#[ignore = "takes many minutes: more than ten thousand lives"]
fn every_point_of_every_life() {
    let points = points();
    assert!(points.len() > 10_000, "only {} points", points.len());
    let every = std::env::var("ASIF_FAULT_EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let points: Vec<_> = points.into_iter().step_by(every).collect();
    let counts = play(&points);
    println!("{} points: {counts:?}", points.len());
}
