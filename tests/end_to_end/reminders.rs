//! Reminders reach a desktop: the real daemon, a bus of the test's own, and a desktop that only listens.

use std::os::unix::net::UnixListener;
use std::sync::mpsc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::bus::Bus;
use crate::harness::{Home, SOON, eventually};

const NEUTRAL: &str = "A moment you set aside.";

/// What a desktop is asked to show.
#[derive(Debug, PartialEq)]
struct Notice {
    app: String,
    icon: String,
    summary: String,
    body: String,
    actions: Vec<String>,
    hints: String,
}

struct Listening {
    heard: mpsc::Sender<Notice>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Listening {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned(), "body-markup".to_owned()]
    }

    #[expect(clippy::too_many_arguments, reason = "as the specification has it")]
    fn notify(
        &self,
        app: String,
        _replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: std::collections::HashMap<String, zbus::OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        self.heard.send(Notice { app, icon, summary, body, actions, hints: format!("{hints:?}") }).unwrap();
        1
    }
}

/// A bus with a desktop on it. Both end with it.
struct Desktop {
    _bus: Bus,
    heard: mpsc::Receiver<Notice>,
    _connection: zbus::Connection,
    _runtime: tokio::runtime::Runtime,
}

impl Desktop {
    /// Starts both for a home that nothing was done in yet; none where there is no `dbus-daemon`.
    fn of(home: &mut Home) -> Option<Self> {
        let bus = Bus::start(home)?;
        let address = bus.address.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (tell, heard) = mpsc::channel();
        let connection = eventually("the bus is there", || {
            let listening = Listening { heard: tell.clone() };
            let builder = zbus::connection::Builder::address(address.as_str());
            let builder = builder.serve_at("/org/freedesktop/Notifications", listening).name("org.freedesktop.Notifications");
            runtime.block_on(builder.build()).ok()
        });
        home.env.retain(|(name, _)| *name != "DBUS_SESSION_BUS_ADDRESS");
        home.env.push(("DBUS_SESSION_BUS_ADDRESS", address));
        Some(Self { _bus: bus, heard, _connection: connection, _runtime: runtime })
    }

    #[track_caller]
    fn next(&self) -> Notice {
        self.heard.recv_timeout(SOON).expect("nothing was shown")
    }

    fn is_quiet(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// A home in which a journal was begun, with a desktop.
fn with_desktop() -> Option<(Home, Desktop)> {
    let mut home = Home::new();
    let desktop = Desktop::of(&mut home)?;
    home.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    Some((home, desktop))
}

/// The time of day and the date in so many seconds, where the home is.
fn in_seconds(seconds: i64) -> (String, String) {
    let at = Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).unwrap();
    let at = at.to_zoned_datetime(TimeZone::get("Europe/London").unwrap());
    (at.strftime("%H:%M:%S").to_string(), at.strftime("%F").to_string())
}

/// Adds one that is due in a moment.
#[track_caller]
fn due_soon(home: &Home, more: &[&str]) -> Value {
    // A slow machine may need longer than that to add it.
    let tries = [2, 8, 20].into_iter().map(|seconds| {
        let (at, on) = in_seconds(seconds);
        home.run(&[&["remind", "add", &at, "--on", &on], more, &["--json"]].concat())
    });
    let added = tries.into_iter().find(|ran| ran.code == Some(0) || !ran.stdout.contains("is over"));
    added.unwrap().exits(0).data()
}

fn in_today(home: &Home) -> Vec<Value> {
    home.json(&["today"])["reminders"].as_array().unwrap().clone()
}

#[test]
fn a_reminder_is_shown_once_and_says_nothing_about_the_journal() {
    let Some((home, desktop)) = with_desktop() else { return };
    home.ok(&["practice", "add", "Lunch away from the desk", "--slug", "lunch"]);
    due_soon(&home, &[]);
    let shown = desktop.next();
    assert_eq!((shown.app.as_str(), shown.summary.as_str(), shown.body.as_str()), ("Reminder", "Reminder", NEUTRAL));
    let all = format!("{shown:?}").to_lowercase();
    for word in ["asif", "journal", "robin", "lunch", "laptop", "compassion"] {
        assert!(!all.contains(word), "{word} is on the screen: {all}");
    }
    assert!(shown.actions.is_empty());
    eventually("what a desktop shows is no line of today", || in_today(&home).is_empty().then_some(()));
    let told = home.ok(&["remind", "list"]);
    assert!(told.stdout.contains("A desktop shows them here.") && told.stdout.contains("over"), "{told:?}");
    let doctor = home.ok(&["doctor"]);
    assert!(doctor.stdout.contains("a desktop shows your reminders here"), "{doctor:?}");

    // After a restart, and after a power cut, the next one is the next that is shown.
    for end in [Home::stop as fn(&Home), Home::kill] {
        end(&home);
        due_soon(&home, &["--text", "Tea <b>& rest"]);
        assert_eq!(desktop.next().body, "Tea &lt;b&gt;&amp; rest", "what was shown was shown again");
    }
    let log = std::fs::read_to_string(home.path().join("state/asifd.log")).unwrap();
    assert!(!log.contains("Tea") && !log.contains(NEUTRAL), "{log}");
    assert!(desktop.is_quiet());
}

#[test]
fn in_quiet_hours_nothing_is_shown_and_once_when_they_end() {
    let Some((home, desktop)) = with_desktop() else { return };
    let (from, to) = (in_seconds(-3600).0, in_seconds(3600).0);
    home.ok(&["config", "set", "quiet-hours", &format!("{from}-{to}")]);
    due_soon(&home, &[]);
    due_soon(&home, &["--text", "Tea."]);
    eventually("both are due", || (in_today(&home).len() == 2).then_some(()));
    assert!(desktop.is_quiet());
    let listed = home.json(&["remind", "list"])["reminders"].clone();
    assert!(listed[0]["next"].as_str().unwrap().contains(&to), "{listed}");
    home.ok(&["config", "set", "quiet-hours", ""]);
    assert_eq!(desktop.next().body, format!("{NEUTRAL}\nTea."), "several at once are one");
    eventually("both were shown", || in_today(&home).is_empty().then_some(()));
    assert!(desktop.is_quiet());
}

#[test]
fn what_is_put_off_comes_again_once() {
    let Some((home, desktop)) = with_desktop() else { return };
    let id = due_soon(&home, &[])["id"].as_str().unwrap().to_owned();
    desktop.next();
    let snoozed = home.json(&["remind", "snooze", "--for", "2s"]);
    assert!(snoozed["id"] == id && snoozed["next"] == snoozed["snoozed_until"], "{snoozed}");
    assert_eq!(desktop.next().body, NEUTRAL);
    assert!(home.ok(&["remind", "list"]).stdout.contains("over"));
    assert!(desktop.is_quiet());
}

#[test]
fn without_a_desktop_it_is_a_line_of_today() {
    let home = Home::robin();
    let added = home.ok(&["remind", "add", "23:59"]);
    assert!(added.stderr.contains("No desktop shows them here"), "{added:?}");
    let id = due_soon(&home, &[])["short"].as_str().unwrap().to_owned();
    eventually("it is due", || (in_today(&home).len() == 1).then_some(()));
    let shown = home.ok(&["today"]).stdout;
    let line = shown.lines().find(|line| line.contains(NEUTRAL)).unwrap();
    assert!(line.ends_with(&format!("{NEUTRAL}  {id}")), "{shown}");
    home.stop();
    assert_eq!(in_today(&home).len(), 1, "also after a restart");
    let doctor = home.ok(&["doctor"]).stdout;
    assert!(doctor.contains("no desktop shows your reminders here") && doctor.contains("there is no session bus"), "{doctor}");
    home.ok(&["remind", "snooze"]);
    assert!(in_today(&home).is_empty(), "what is put off is not there meanwhile");
}

#[test]
fn a_bus_that_never_answers_makes_nobody_wait() {
    let mut home = Home::new();
    let socket = home.beside().join("silent");
    let silent = UnixListener::bind(&socket).unwrap();
    home.env.retain(|(name, _)| *name != "DBUS_SESSION_BUS_ADDRESS");
    home.env.push(("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display())));
    home.ok(&["init", "--no-input", "--name", "Robin", "--device", "laptop"]);
    due_soon(&home, &[]);
    eventually("it is due", || {
        let ran = home.run(&["today", "--json"]).exits(0);
        assert!(ran.took.as_secs() < 5, "{ran:?}");
        (ran.data()["reminders"].as_array().unwrap().len() == 1).then_some(())
    });
    let desktop = home.json(&["remind", "list"])["desktop"].clone();
    assert_eq!(desktop["shows"], false);
    assert!(desktop["why"].as_str().unwrap().contains("did not answer"), "{desktop}");
    // Also not at its end.
    assert!(home.ok(&["daemon", "stop"]).took.as_secs() < 5);
    drop(silent);
}

#[test]
fn what_makes_no_sense_is_refused_and_the_nearest_is_named() {
    let home = Home::robin();
    for (args, words) in [
        (&["25:00"][..], "no time of day"),
        (&["8"], "no time of day"),
        (&["8:00", "--on", "2026-02-30"], "is no day"),
        (&["8:00", "--on", "2020-01-01"], "is over"),
        (&["8:00", "--days", "someday"], "names no days"),
        (&["8:00", "--zone", "Europe/Londn"], "Europe/London"),
        (&["8:00", "--text", "two\nlines"], "one line"),
        (&["8:00", "--text", &"x".repeat(300)], "it may have 200"),
        (&["8:00", "--days", "daily", "--on", "friday"], "cannot be used with"),
        (&[], "time of day is missing"),
    ] {
        home.refuses(2, &[&["remind", "add"], args].concat()).says(&[words]);
    }
    assert_eq!(home.json(&["remind", "list"])["reminders"], serde_json::json!([]));
    home.refuses(7, &["remind", "snooze"]).says(&["asif remind list"]);
    let id = home.json(&["remind", "add", "8:00"])["short"].as_str().unwrap().to_owned();
    for (args, words) in [(&["--until", "25:00"][..], "no time"), (&["--until", "30d"], "within 7 days"), (&["--for", "0"], "time to come")]
    {
        home.refuses(2, &[&["remind", "snooze", "moment"], args].concat()).says(&[words]);
    }
    home.ok(&["edit", &id, "--text", "Tea."]).says(&["Somebody else may see these words"]);
    home.refuses(4, &["remind", "remove", "nothing"]).says(&["asif remind list"]);
}

#[test]
fn what_the_clocks_do_is_said_when_it_is_added() {
    let home = Home::robin();
    let year = Timestamp::now().to_zoned_datetime(TimeZone::UTC).year() + 1;
    // The last Sunday of March, and of October.
    let last_sunday = |month: i8| {
        let last = jiff::civil::date(year, month, 31);
        last.saturating_sub(jiff::Span::new().days(i64::from(last.weekday().to_sunday_zero_offset()))).to_string()
    };
    let forward = home.ok(&["remind", "add", "1:30", "--on", &last_sunday(3), "--zone", "Europe/London"]);
    forward.says(&["The clocks go forward over 01:30", "right after, at 02:00"]);
    let back = home.ok(&["remind", "add", "1:30", "--on", &last_sunday(10), "--zone", "europe/london", "--text", "Tea."]);
    back.says(&["01:30 comes twice", "Somebody else may see these words"]);
}
