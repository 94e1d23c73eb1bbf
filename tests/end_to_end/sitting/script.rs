//! A sitting that is over, written down by a script.

use serde_json::{Value, json};

use super::{BEFORE, home};
use crate::harness::holds;
use crate::window::Window;

#[test]
fn a_script_writes_a_sitting_down_without_any_waiting() {
    let home = home();
    let words = "sit kindness --minutes 8 --mark 64:numb --mark 4m12s:landed --before 25 --after 35 --felt-real 40 --felt-state warm \
                 --where chest --repetitions 31 --basis leap --tag evening --private --at 21:30 --note -";
    let words: Vec<&str> = words.split_whitespace().collect();
    let session = home.run_with(&[&words[..], &["--no-input", "--json"]].concat(), b"it was quiet\n").exits(0).data();
    assert_eq!(session["marks"], json!([{ "t_s": 64, "kind": "numb" }, { "t_s": 252, "kind": "landed" }]));
    let told = json!([480, 252, 25, 35, 40, "warm", "chest", 31, "leap", "private", "it was quiet", false, false]);
    let fields = [
        "duration_s",
        "landed_s",
        "before",
        "after",
        "felt_real",
        "felt_state",
        "where_felt",
        "repetitions",
        "basis",
        "visibility",
        "note",
        "felt_worse",
        "stopped_early",
    ];
    assert_eq!(fields.map(|field| session[field].clone()).to_vec(), *told.as_array().unwrap());

    let session = home.json(&["sit", "kindness", "--duration", "90s", "--mark", "70:worse", "--stopped-early"]);
    assert_eq!((&session["felt_worse"], &session["stopped_early"], &session["duration_s"]), (&json!(true), &json!(true), &json!(90)));
    let session = home.json(&["sit", "kindness"]);
    assert_eq!((&session["duration_s"], &session["landed_s"], &session["marks"]), (&Value::Null, &Value::Null, &json!([])));
    let logged = home.ok(&["sit", "kindness", "-b", "30", "-a", "45"]).stdout;
    assert!(logged.starts_with("logged kindness  ") && logged.contains("feeling 30 -> 45"), "{logged}");
    assert_eq!(home.list().len(), 4);
}

#[test]
fn marks_that_cannot_be_are_refused_with_the_reason() {
    let home = home();
    for (args, why) in [
        (&["--mark", "64:sad"][..], "none of: numb, landed, worse, pause"),
        (&["--mark", "64"], "is no mark"),
        (&["--mark", "soon:numb"], "no length of time"),
        (&["--mark=-5:numb"], "no length of time"),
        (&["--mark", "64:numb", "--mark", "10:landed"], "in order"),
        (&["--minutes", "1", "--mark", "61:numb"], "beyond the 60 s"),
        (&["--duration", "60", "--mark", "61:numb"], "beyond the 60 s"),
        (&["--minutes", "8", "--duration", "60"], "cannot be used with"),
        (&["--minutes", "0"], "not in 1..=1440"),
    ] {
        let ran = home.refuses(2, &[&["sit", "kindness", "--no-input"], args].concat());
        assert!(ran.stderr.contains(why), "{args:?}: {ran:?}");
    }
    home.refuses(4, &["sit", "kidnness", "--no-input"]);
    let mut window = Window::open(&home.command(&["sit", "kindness", "--mark", "5:numb"]), 80, 24);
    window.await_text("add --no-input");
    assert_eq!(window.end(), Some(2));
    for (args, code) in
        [(&["sit", "kidnness"][..], 4), (&["sit", "kindness", "--at", "25:00"], 2), (&["sit", "kindness", "--borrowed", "ffff"], 4)]
    {
        let mut window = Window::open(&home.command(args), 80, 24);
        assert_eq!(window.end(), Some(code), "nobody sits for what would be refused: {args:?}: {:#?}", window.rows());
        assert!(!holds(&window.written, BEFORE.as_bytes()));
    }
    assert_eq!(home.list().len(), 0);
}
