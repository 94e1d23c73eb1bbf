//! Reminders over virtual time: once each, whatever sleep, power, quiet hours and other devices do.

use std::time::Duration;

use asif_proto::id::RecordId;
use asif_proto::local::{NewReminder, RemindAsk, Reply, Request, Snooze};
use asif_proto::record::{Days, NEUTRAL, ReminderZone};
use jiff::Timestamp;

use crate::story;
use crate::world::World;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * HOUR)
}

fn remind(world: &mut World, node: usize, at: &str, text: Option<&str>) -> RecordId {
    let new = NewReminder { at: at.parse().unwrap(), days: Days::DAILY, zone: ReminderZone::Floating, text: text.map(str::to_owned) };
    match world.must(node, Request::Remind(RemindAsk::Add(new))) {
        Reply::Reminder(one) => one.id,
        other => panic!("{other:?}"),
    }
}

/// The clock is set, which rings every alarm.
fn set_clock(world: &mut World, node: usize, by: i64) {
    world.nodes[node].skew_s += by;
    let time = world.time;
    let wishes = world.nodes[node].look_around(time);
    assert!(wishes.is_empty());
}

/// What a machine's desktop showed since this was asked last, and when.
fn notices(world: &mut World, node: usize) -> Vec<(String, String)> {
    let shown = std::mem::take(&mut world.nodes[node].notices);
    let when = |at: Timestamp| at.strftime("%a %H:%M").to_string();
    shown.into_iter().map(|(at, text)| (when(at), text)).collect()
}

fn today(world: &mut World, node: usize) -> usize {
    let Reply::Today(today) = world.must(node, Request::Today) else { panic!() };
    today.reminders.len()
}

/// A world whose clocks say Wednesday, 11:06, and so many devices.
fn wednesday(devices: usize) -> (World, Vec<usize>) {
    let mut world = World::new(5);
    let devices = story::family(&mut world, devices);
    (world, devices)
}

#[test]
fn ten_days_of_sleep_end_with_one_notice_and_a_restart_shows_none() {
    let (mut world, devices) = wednesday(1);
    let laptop = devices[0];
    remind(&mut world, laptop, "08:00", None);
    world.run_for(hours(24));
    assert_eq!(notices(&mut world, laptop), [("Thu 08:00".into(), NEUTRAL.into())]);
    // Asleep: its clock goes on, and nothing happens.
    world.nodes[laptop].skew_s += 10 * DAY as i64;
    world.run_for(hours(1));
    assert_eq!(notices(&mut world, laptop).len(), 1);
    for power_cut in [false, true] {
        if power_cut {
            world.nodes[laptop].crash();
        } else {
            let time = world.time;
            world.nodes[laptop].stop(time);
        }
        world.start(laptop);
        world.run_for(hours(1));
        assert_eq!(notices(&mut world, laptop), [], "power cut: {power_cut}");
    }
    // Off.
    let time = world.time;
    world.nodes[laptop].stop(time);
    world.run_for(hours(10 * 24));
    world.start(laptop);
    world.run_for(hours(1));
    assert_eq!(notices(&mut world, laptop).len(), 1);
    world.run_for(hours(3 * 24));
    assert_eq!(notices(&mut world, laptop).len(), 3);
}

#[test]
fn a_clock_that_is_set_back_shows_nothing_twice_and_leaves_no_day_out() {
    let (mut world, devices) = wednesday(1);
    let laptop = devices[0];
    remind(&mut world, laptop, "08:00", None);
    world.run_for(hours(24));
    assert_eq!(notices(&mut world, laptop).len(), 1);
    set_clock(&mut world, laptop, -3 * HOUR as i64);
    world.run_for(hours(4));
    assert_eq!(notices(&mut world, laptop), []);
    set_clock(&mut world, laptop, 3650 * DAY as i64);
    world.run_for(hours(1));
    assert_eq!(notices(&mut world, laptop).len(), 1, "nobody can know that this clock is wrong");
    set_clock(&mut world, laptop, -3650 * DAY as i64);
    world.run_for(hours(48));
    assert_eq!(notices(&mut world, laptop).len(), 2, "and none is lost when it is right again");
}

#[test]
fn what_falls_into_quiet_hours_is_shown_once_when_they_end() {
    let (mut world, devices) = wednesday(1);
    let laptop = devices[0];
    world.nodes[laptop].quiet = Some("22:00-07:00".parse().unwrap());
    let time = world.time;
    let wishes = world.nodes[laptop].look_around(time);
    assert!(wishes.is_empty());
    remind(&mut world, laptop, "23:00", Some("Tea in the garden."));
    remind(&mut world, laptop, "06:30", None);
    remind(&mut world, laptop, "06:45", None);
    world.run_for(hours(19));
    assert_eq!(notices(&mut world, laptop), []);
    assert_eq!(today(&mut world, laptop), 1, "whoever asks is told");
    world.run_for(hours(4));
    assert_eq!(notices(&mut world, laptop), [("Thu 07:00".into(), format!("Tea in the garden.\n{NEUTRAL}"))]);
    assert_eq!(today(&mut world, laptop), 0);
    for (path, bytes) in world.nodes[laptop].bytes_on_disk() {
        let in_the_clear = bytes.windows(NEUTRAL.len()).any(|window| window.starts_with(b"Tea in the") || window == NEUTRAL.as_bytes());
        assert!(!in_the_clear, "the words of a reminder are in {}", path.display());
    }
}

#[test]
fn a_power_cut_before_the_desktop_has_answered_leaves_a_line_and_no_second_notice() {
    let (mut world, devices) = wednesday(1);
    let laptop = devices[0];
    world.nodes[laptop].mute = true;
    remind(&mut world, laptop, "12:00", None);
    world.run_for(hours(1));
    assert_eq!(notices(&mut world, laptop).len(), 1);
    world.nodes[laptop].crash();
    world.start(laptop);
    world.run_for(hours(1));
    assert_eq!(notices(&mut world, laptop), []);
    assert_eq!(today(&mut world, laptop), 1);
}

#[test]
fn a_full_disk_shows_nothing_twice() {
    let (mut world, devices) = wednesday(1);
    let laptop = devices[0];
    remind(&mut world, laptop, "08:00", None);
    world.nodes[laptop].ending = crate::node::Ending::GoesOn;
    world.nodes[laptop].disk.plan(|_| Some(asif_daemon::store::Fault::NoSpace));
    world.run_for(hours(22));
    assert_eq!(notices(&mut world, laptop).len(), 1);
    for _ in 0..3 {
        let fields = Box::default();
        assert!(world.ask(laptop, Request::Log { practice: None, fields }).unwrap().is_err(), "it was written to a full disk");
        world.run_for(hours(1));
    }
    assert!(world.nodes[laptop].ends > 0, "the core was never made anew");
    assert_eq!(notices(&mut world, laptop), []);
    world.nodes[laptop].disk.heal();
    world.run_for(hours(24));
    assert_eq!(notices(&mut world, laptop).len(), 1, "the next day has its own");
}

#[test]
fn without_a_desktop_a_reminder_is_a_line_of_its_day() {
    let (mut world, devices) = wednesday(1);
    let server = devices[0];
    world.nodes[server].desktop = false;
    remind(&mut world, server, "12:00", None);
    assert_eq!(today(&mut world, server), 0);
    world.run_for(hours(2));
    assert_eq!(today(&mut world, server), 1);
    let Reply::Reminders(all) = world.must(server, Request::Remind(RemindAsk::List)) else { panic!() };
    assert_eq!((all.desktop.shows, all.reminders.len()), (Some(false), 1));
    assert!(world.doctor(server).contains("no desktop shows your reminders here"));
    let time = world.time;
    world.nodes[server].stop(time);
    assert_eq!(today(&mut world, server), 1, "also after a restart");
    world.run_for(hours(20));
    assert_eq!(today(&mut world, server), 0, "yesterday's is none of today's");
}

#[test]
fn what_is_put_off_or_removed_on_one_device_is_so_on_the_other() {
    let (mut world, devices) = wednesday(2);
    let (laptop, desktop) = (devices[0], devices[1]);
    let id = remind(&mut world, laptop, "12:00", None);
    world.run_for(hours(2));
    assert_eq!(notices(&mut world, laptop).len(), 1);
    assert_eq!(notices(&mut world, desktop), [("Wed 12:00".into(), NEUTRAL.into())], "each shows it");
    // Which one is known without naming it.
    let snooze = RemindAsk::Snooze { reminder: None, until: Snooze::Until("14:00".into()) };
    let Reply::Reminder(one) = world.must(desktop, Request::Remind(snooze)) else { panic!() };
    assert_eq!(one.id, id);
    world.run_for(hours(2));
    for device in &devices {
        assert_eq!(notices(&mut world, *device), [("Wed 14:00".into(), NEUTRAL.into())]);
    }
    world.must(laptop, Request::Remind(RemindAsk::Remove { reminder: id.to_string() }));
    world.run_for(hours(24));
    assert_eq!(notices(&mut world, desktop), []);
    // Back again, what passed meanwhile is over.
    world.must(laptop, Request::Restore { id: id.to_string() });
    world.run_for(hours(1));
    assert_eq!(notices(&mut world, desktop), []);
    world.run_for(hours(24));
    assert_eq!(notices(&mut world, desktop).len(), 1);
}

#[test]
fn adding_and_putting_off_are_undone() {
    let (mut world, devices) = wednesday(1);
    let laptop = devices[0];
    remind(&mut world, laptop, "12:00", None);
    world.run_for(hours(2));
    world.must(laptop, Request::Remind(RemindAsk::Snooze { reminder: None, until: Snooze::For(3600) }));
    let Reply::Undone(undone) = world.must(laptop, Request::Undo) else { panic!() };
    assert_eq!(undone.what, "remind snooze");
    world.run_for(hours(2));
    assert_eq!(notices(&mut world, laptop).len(), 1, "it was not put off after all");
    let Reply::Undone(undone) = world.must(laptop, Request::Undo) else { panic!() };
    assert_eq!(undone.what, "remind add");
    world.run_for(hours(48));
    assert_eq!(notices(&mut world, laptop), []);
}
