//! Sitting with a practice at a real terminal: what is drawn, what a key does, and that nothing that was marked is lost, however it ends.

mod kept;
mod script;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, eventually, holds, signal};
use crate::window::Window;

const PHRASES: [&str; 3] = ["May I be safe.", "May I be well.", "May I be kind to myself."];
const BEFORE: &str = "Feeling before, 0-100 (Enter to skip)?";
const AFTER: &str = "Feeling after, 0-100 (Enter to skip)?";

/// Robin's home with a practice and its three phrases.
fn home() -> Home {
    let home = Home::robin();
    home.ok(&["practice", "add", "Loving kindness", "--slug", "kindness", "--kind", "phrase"]);
    for phrase in PHRASES {
        home.ok(&["phrase", "add", "kindness", phrase]);
    }
    home
}

/// A sitting whose first question is passed over, with its first phrase in the window.
fn sitting(home: &Home, more: &[&str], columns: u16, lines: u16) -> Window {
    let mut window = Window::open(&home.command(&[&["sit", "kindness", "--minutes", "90"], more].concat()), columns, lines);
    window.await_text("Feeling before");
    window.press(b"\r");
    window.await_text(PHRASES[0]);
    window
}

/// The answers of the only draft, where there is one.
fn kept(home: &Home) -> Option<Value> {
    let drafts = home.json(&["draft", "list"]);
    (drafts.as_array().unwrap().len() == 1).then(|| drafts[0]["answers"].clone())
}

/// Waits until the draft holds marks of these kinds.
fn await_marks(home: &Home, kinds: &[&str]) {
    eventually("the marks are kept", || {
        let marks: Vec<Value> = serde_json::from_str(kept(home)?["marks"].as_str()?).unwrap();
        marks.iter().map(|mark| mark["kind"].as_str().unwrap()).eq(kinds.iter().copied()).then_some(())
    });
}

/// The kinds of the marks of a session.
fn marked(session: &Value) -> Vec<&str> {
    session["marks"].as_array().unwrap().iter().map(|mark| mark["kind"].as_str().unwrap()).collect()
}

/// Rows with a 0 for every number, and one space for every gap: the clock goes on while a test looks.
fn timeless(rows: &[String]) -> Vec<String> {
    let same = |letter: char| if letter.is_ascii_digit() { '0' } else { letter };
    let once = |row: &String| {
        let mut letters: Vec<char> = row.chars().map(same).collect();
        letters.dedup_by(|one, before| one == before && "0 ".contains(*one));
        letters.into_iter().collect()
    };
    rows.iter().map(once).collect()
}

/// What 80 columns and 24 lines show of the second phrase after a mark.
fn large() -> Vec<String> {
    let mut rows = vec![String::new(); 24];
    rows[0] = " kindness 0:0 left".into();
    rows[1] = format!(" [{}]", "-".repeat(76));
    rows[10] = " May I be well.".into();
    rows[19] = " numb, 0 s repetitions 0".into();
    rows[21] = " The words don't have to feel true. Numb counts.".into();
    rows[22] = " keys: space next phrase · n numb · f something landed · w worse · p pause".into();
    rows[23] = " q stop early (kept)".into();
    rows
}

/// The same in 40 columns and 12 lines.
fn small() -> Vec<String> {
    let rows = [
        " kindness 0:0 left",
        " [------------------------------------]",
        "",
        " May I be well.",
        "",
        "",
        " numb, 0 s repetitions 0",
        "",
        " The words don't have to feel true.",
        " Numb counts.",
        " space next · n numb · f landed",
        " w worse · p pause · q stop (kept)",
    ];
    rows.map(str::to_owned).to_vec()
}

#[test]
fn both_windows_show_it_all_and_a_resized_one_keeps_no_old_line() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    window.press(b" n");
    window.await_rows("the large window", |rows| timeless(rows) == large());
    assert!(window.is_second_screen());
    window.resize(40, 12);
    window.await_rows("the small window", |rows| timeless(rows) == small());
    window.resize(80, 24);
    window.await_rows("the large window again", |rows| timeless(rows) == large());
    window.resize(20, 5);
    window.await_text("May I be well.");
    window.resize(40, 12);
    window.await_rows("the small window again", |rows| timeless(rows) == small());
    window.press(b"Q");
    window.await_rows("lines broken for the small window", |rows| rows.iter().any(|row| row == "counts."));
    assert!(!window.is_second_screen());
    let mut window = sitting(&home, &[], 40, 12);
    window.press(b" N");
    window.await_rows("the small window at once", |rows| timeless(rows) == small());
}

#[test]
fn a_window_that_is_resized_while_it_stands_still_is_drawn_whole_at_once() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    window.press(b"p");
    window.await_text("p go on");
    let before = drawn_whole(&window);
    window.resize(60, 24);
    window.await_text(" keys: space next phrase · n numb · f something landed");
    while drawn_whole(&window) == before {
        window.await_more();
    }
    window.resize(40, 12);
    window.await_text(" w worse · p go on · q stop (kept)");
}

/// How often the whole window was drawn.
fn drawn_whole(window: &Window) -> usize {
    String::from_utf8_lossy(&window.written).matches("\x1b[2J").count()
}

#[test]
fn keys_mark_what_is_felt_and_the_session_holds_it() {
    let home = home();
    let mut window = Window::open(&home.command(&["sit", "kindness", "--tag", "evening"]), 80, 24);
    window.await_text(BEFORE);
    window.press(b"25\r");
    window.await_text(PHRASES[0]);
    window.press(b"\x1b[A\x1bOPxyz\r\n");
    window.press(b" ");
    window.await_text(PHRASES[1]);
    window.press(b"n");
    window.await_text("numb, ");
    window.press(b" ");
    window.await_text(PHRASES[2]);
    window.press(b"F");
    window.await_text("landed, ");
    window.press(b"p");
    window.await_text("paused, 0");
    window.await_text("p go on");
    window.press(b"P");
    window.await_text("p pause");
    window.press(b" ");
    window.await_text(PHRASES[0]);
    window.press(b"q");
    window.await_text("Stopped early. It is kept, and it counts.");
    window.await_text(AFTER);
    window.press(b"35\r");
    window.await_text("How real did it feel");
    window.press(b"40\r");
    window.await_text("Where in the body");
    window.press(b"chest\r");
    window.await_text("logged kindness");
    assert_eq!(window.end(), Some(0));
    assert!(window.is_as_it_was() && !holds(&window.written, b"\x07"));
    let session = &home.list()[0];
    assert_eq!(marked(session), ["numb", "landed", "pause"]);
    let told = json!([25, 35, 40, "chest", 4, true, false, ["evening"]]);
    let fields = ["before", "after", "felt_real", "where_felt", "repetitions", "stopped_early", "felt_worse", "tags"];
    assert_eq!(fields.map(|field| session[field].clone()).to_vec(), *told.as_array().unwrap());
    assert!(session["landed_s"].is_u64() && session["duration_s"].is_u64() && kept(&home).is_none(), "{session}");
    let shown = home.ok(&["show", session["id"].as_str().unwrap()]).stdout;
    assert!(shown.contains("  landed: ") && shown.contains("  marked: numb "), "{shown}");
}

#[test]
fn the_end_of_the_time_is_a_quiet_line() {
    let home = home();
    let mut window = Window::open(&home.command(&["sit", "kindness", "--duration", "1s", "--before", "30"]), 80, 24);
    window.await_text("That was the time.");
    for _ in 0..3 {
        window.await_text("(Enter to skip)?");
        window.press(b"\r");
    }
    window.await_text("logged kindness");
    assert_eq!(window.end(), Some(0));
    assert!(!holds(&window.written, b"\x07"), "it does not beep");
    let session = &home.list()[0];
    assert_eq!((&session["before"], &session["duration_s"], &session["stopped_early"]), (&json!(30), &json!(1), &json!(false)));
}

#[test]
fn worse_is_logged_at_once_and_leads_gently_out() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    window.press(b"w");
    window.await_text("Stopped. That happens, and it's worth telling your helper about if you want to.");
    window.await_text("Which (Enter: none)?");
    assert!(window.is_as_it_was() || !window.is_second_screen());
    let session = &home.list()[0];
    assert_eq!((&session["felt_worse"], &session["stopped_early"], marked(session)), (&json!(true), &json!(true), vec!["worse"]));
    let ways =
        ["1 let it be background", "2 name it, hand on body", "3 wish it for someone you love first", "4 just breathe", "5 leave it"];
    let rows = window.rows();
    let at = rows.iter().position(|row| row == "Ways to change it:").unwrap();
    assert!(rows[at + 1..].iter().zip(ways).all(|(row, way)| row.trim() == way), "{rows:#?}");
    window.press(b"4\r");
    window.await_text("kindness: just breathe.");
    assert_eq!(window.end(), Some(0));
    assert_eq!(home.json(&["practice", "show", "kindness"])["adapted"][0]["way"], "breathe");
    assert_eq!((home.list().len(), kept(&home)), (1, None));

    let mut window = Window::open(&home.command(&["sit", "kindness", "--before", "20"]), 80, 24);
    window.await_text("Breathe.");
    window.press(b"w");
    window.await_text("Which (Enter: none)?");
    window.press(b"\x03");
    window.await_text("It stays as it is.");
    assert_eq!(window.end(), Some(0), "going away is an answer too");
    assert_eq!((&home.list()[0]["repetitions"], home.list().len(), kept(&home)), (&Value::Null, 2, None));
}

#[test]
fn a_practice_that_was_adapted_is_sat_with_in_that_way() {
    let home = home();
    for (way, line) in [
        ("background", "Let it be background."),
        ("name-it", "Name what is there, hand on body."),
        ("someone-loved", "Think of someone you love first: wish it for them."),
    ] {
        home.ok(&["practice", "adapt", "kindness", way]);
        let mut window = sitting(&home, &[], 80, 24);
        window.await_text(line);
        let styled = if way == "background" { "\x1b[2mMay I be" } else { "\x1b[1mMay I be" };
        let written = String::from_utf8_lossy(&window.written).replace("\x1b[2m May", "\x1b[2mMay").replace("\x1b[1m May", "\x1b[1mMay");
        assert!(written.contains(styled), "{way}: {written:?}");
    }
    home.ok(&["practice", "adapt", "kindness", "leave"]);
    let mut window = Window::open(&home.command(&["sit", "kindness"]), 80, 24);
    window.await_text("You set this down as not for you.");
    window.await_text(BEFORE);
    window.press(b"\r");
    window.await_text(PHRASES[0]);
}

#[test]
fn without_phrases_the_title_is_shown_and_how_to_add_some_is_said() {
    let home = home();
    let mut window = Window::open(&home.command(&["sit", "lunch"]), 80, 24);
    window.await_text("asif phrase add lunch");
    window.await_text(BEFORE);
    window.press(b"\r");
    window.await_text("Lunch away from the desk");
}

#[test]
fn without_colour_nothing_is_styled_and_everything_is_said() {
    let mut home = home();
    home.env.push(("NO_COLOR", "1".to_owned()));
    home.ok(&["practice", "adapt", "kindness", "background"]);
    let mut window = sitting(&home, &[], 40, 12);
    window.await_text("Let it be background.");
    window.press(b"q");
    window.await_text("Stopped early.");
    assert!(!holds(&window.written, b"\x1b[1m") && !holds(&window.written, b"\x1b[2m"));
}

#[test]
fn plain_says_each_thing_once_and_moves_no_cursor() {
    let mut home = home();
    for (term, more) in [("xterm", &["--plain"][..]), ("dumb", &[])] {
        home.env.retain(|(name, _)| *name != "TERM");
        home.env.push(("TERM", term.to_owned()));
        let mut window = sitting(&home, more, 80, 24);
        window.press(b" ");
        window.await_text(PHRASES[1]);
        window.press(b"n");
        window.await_text("numb, ");
        window.press(b"p");
        window.await_text("paused; p goes on");
        window.press(b"p");
        window.await_text("going on");
        window.press(b"q");
        window.await_text("Stopped early.");
        for _ in 0..3 {
            window.press(b"\r");
        }
        window.await_text("logged kindness");
        assert_eq!(window.end(), Some(0));
        assert!(!holds(&window.written, b"\x1b"), "{:?}", String::from_utf8_lossy(&window.written));
        let said = String::from_utf8_lossy(&window.written).into_owned();
        assert_eq!((said.matches(PHRASES[0]).count(), said.matches(PHRASES[1]).count()), (1, 1), "{said}");
        assert_eq!(marked(&home.list()[0]), ["numb", "pause"]);
    }
}

#[test]
fn nothing_in_a_phrase_steers_the_terminal() {
    let home = Home::robin();
    home.ok(&["phrase", "add", "lunch", "May I\u{1b}[2J\u{1b}[31m\u{7} be \u{9b}2J\u{202e}safe"]);
    for more in [&[][..], &["--plain"]] {
        let mut window = Window::open(&home.command(&[&["sit", "lunch", "--before", "20"], more].concat()), 80, 24);
        window.await_text("May I␛[2J␛[31m␇ be <U+009B>2J<U+202E>safe");
        window.press(b"q");
        window.await_text("Stopped early.");
        for steering in [&b"\x1b[31m"[..], b"\x07", "\u{9b}".as_bytes(), "\u{202e}".as_bytes()] {
            assert!(!holds(&window.written, steering), "{more:?}: {:?}", String::from_utf8_lossy(&window.written));
        }
    }
}

#[test]
fn after_a_stop_it_is_drawn_again_and_where_no_shell_waits_it_is_not_stopped() {
    let home = home();
    let mut window = sitting(&home, &[], 80, 24);
    let before = drawn_whole(&window);
    signal(window.child.id(), Signal::STOP);
    signal(window.child.id(), Signal::CONT);
    window.press(b" n");
    window.await_rows("the whole window", |rows| timeless(rows) == large());
    // Whether the keys or the signal came first does not matter.
    while drawn_whole(&window) == before {
        window.await_more();
    }
    window.press(b"\x1a");
    window.await_text("paused, ");
    let written = String::from_utf8_lossy(&window.written).into_owned();
    assert_eq!(written.matches("\x1b[?1049l").count(), 1, "the first screen was shown between");
    window.press(b"p");
    window.await_text("p pause");
    window.press(b"q");
    window.await_text("Stopped early.");
    window.press(b"\r\r\r");
    assert_eq!(window.end(), Some(0));
    assert_eq!(marked(&home.list()[0]), ["numb", "pause"]);
}
