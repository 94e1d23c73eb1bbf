//! The practice itself, typed at a terminal and seen on another device: from an idea to an experiment done.

use serde_json::{Value, json};

use crate::harness::{Home, eventually};
use crate::pty::AtTerminal;

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

/// Runs a command at a terminal of this size, answering each question that shows with what is typed; what was shown after the last.
fn typed(home: &Home, size: (u16, u16), args: &[&str], answers: &[(&str, &str)]) -> String {
    let mut asif = AtTerminal::start_at(&home.command(args), size);
    for (question, answer) in answers {
        asif.await_text(question);
        asif.type_in(format!("{answer}\n").as_bytes());
    }
    let (code, shown) = asif.end();
    assert_eq!(code, Some(0), "{args:?}: {shown}");
    shown
}

#[test]
fn an_idea_becomes_an_experiment_and_its_outcome_at_a_terminal_of_any_size() {
    for size in SIZES {
        let home = Home::new();
        home.ok(&["init", "--no-input", "--name", "Robin"]);
        let demo = [("Who was it", "Mr K"), ("What did you do", "held the door"), ("deserve", "10"), ("polite were", "80")];
        let said = typed(&home, size, &["demo", "politeness"], &demo);
        assert!(said.contains("kept anchor"), "{said}");
        let sketch = [
            ("Who are they", "someone like me who stops for lunch"),
            ("plausible", "60"),
            ("They would:", "Lunch away from the desk"),
            ("When", "12:30"),
            ("Where", "the park"),
            ("How long", "20 min"),
            ("How hard", "35"),
            ("They would:", ""),
            ("They would say:", "I can rest now"),
            ("How hard", "20"),
            ("They would say:", ""),
        ];
        let said = typed(&home, size, &["sketch"], &sketch);
        let (rest, lunch) = (said.find("i-can-rest").unwrap(), said.find("lunch-away-from").unwrap());
        assert!(rest < lunch, "easiest first: {said}");
        typed(&home, size, &["belief", "add"], &[("believe", "I deserve kindness"), ("head", "20"), ("heart", "5")]);
        let plan = [("On whose belief", "l"), ("willing", "60"), ("likely", ""), ("Prediction", "20")];
        let said = typed(&home, size, &["try", "i-can-rest"], &plan);
        assert!(said.contains("Locked"), "{said}");
        let outcome = [
            ("Feeling after", "30"),
            ("What happened", "cried a bit, then ate"),
            ("make of it", "kindness didn't make me lazy"),
            ("Supports", "n"),
            ("head", "25"),
            ("heart", "10"),
        ];
        let said = typed(&home, size, &["outcome"], &outcome);
        assert!(said.contains("surprise +10"), "{said}");
        let experiments = home.json(&["experiment", "list"]);
        let one = &experiments[0];
        assert_eq!((one["surprise"].clone(), one["supports"].clone()), (json!(10), json!("new")));
        assert_eq!(one["outcome"]["text"], "cried a bit, then ate");
        let session = &home.list()[0];
        assert_eq!(
            (session["basis"].clone(), session["willingness"].clone(), session["after"].clone()),
            (json!("leap"), json!(60), json!(30))
        );
        assert_eq!(session["experiment"], one["id"]);
        let belief = &home.json(&["belief", "list"])[0];
        assert_eq!(belief["ratings"].as_array().unwrap().len(), 2);
        let said = typed(&home, size, &["practice", "adapt", "i-can-rest"], &[("Which", "4")]);
        assert!(said.contains("just breathe"), "{said}");
        assert!(home.json(&["draft", "list"]).as_array().unwrap().is_empty(), "what is done is no draft");
    }
}

#[test]
fn what_was_planned_on_one_device_is_tried_on_the_other_and_no_draft_travels() {
    let laptop = Home::robin();
    let desktop = laptop.pair();
    laptop.ok(&["belief", "add", "I deserve kindness", "--heart", "5"]);
    let planned = laptop.json(&["try", "lunch", "--prediction", "20"]);
    let mut asif = AtTerminal::start(&laptop.command(&["note"]));
    asif.await_text("write down");
    asif.type_in(b"not yet said");
    asif.await_text("not yet said");
    asif.type_in(b"\x03");
    assert_eq!(asif.end().0, Some(130));
    laptop.sync();
    let id = planned["id"].as_str().unwrap();
    let seen = eventually("the plan on the other device", || {
        desktop.json(&["experiment", "list", "--open"]).as_array().unwrap().iter().find(|one| one["id"] == id).cloned()
    });
    assert_eq!(seen["prediction"], planned["prediction"]);
    assert_eq!(desktop.json(&["draft", "list"]), json!([]));
    assert_eq!(laptop.json(&["draft", "list"]).as_array().unwrap().len(), 1);

    // Both rate the belief apart: both ratings are kept.
    laptop.stop();
    desktop.ok(&["belief", "rate", "kindness", "--heart", "10"]);
    desktop.ok(&["outcome", "lunch", "--after", "40", "--head", "30"]);
    desktop.stop();
    laptop.ok(&["belief", "rate", "kindness", "--heart", "15"]);
    laptop.refuses(7, &["edit", id, "--prediction", "90"]);
    desktop.start();
    laptop.sync();
    let told = |home: &Home| home.json(&["belief", "list"])[0]["ratings"].as_array().unwrap().clone();
    let hearts = |all: &[Value]| all.iter().filter_map(|one| one["heart"].as_u64()).collect::<Vec<_>>();
    eventually("all ratings on both", || (told(&laptop).len() == 4 && told(&laptop) == told(&desktop)).then_some(()));
    let mut all = hearts(&told(&laptop));
    all.sort_unstable();
    assert_eq!(all, [5, 10, 15]);
    let one = laptop.json(&["show", id]);
    assert_eq!(
        (one["status"].clone(), one["surprise"].clone(), one["prediction"].clone()),
        (json!("done"), json!(20), planned["prediction"].clone())
    );
}

#[test]
fn asif_alone_is_the_page_of_today_and_begins_nothing_where_there_is_no_journal() {
    let home = Home::new();
    let help = home.ok(&[]);
    assert!(help.stdout.contains("asif init"), "{}", help.stdout);
    assert!(home.running().is_none() && !home.data().exists(), "looking begins nothing");
    home.ok(&["init", "--no-input"]);
    assert!(home.ok(&[]).stdout.contains("Nothing is planned, and that is fine."));
    home.ok(&["practice", "add", "Lunch", "--slug", "lunch", "--difficulty", "35"]);
    home.ok(&["practice", "add", "Rest", "--slug", "rest", "--difficulty", "20"]);
    home.ok(&["log", "rest", "-b", "30", "-a", "20", "--worse"]);
    home.ok(&["try", "lunch", "--review-by", "3d"]);
    let today = home.json(&["today"]);
    let order: Vec<&str> = today["practices"].as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap()).collect();
    assert_eq!(order, ["rest", "lunch"], "easiest first");
    assert_eq!((today["due"].as_array().unwrap().len(), today["open"].as_array().unwrap().len()), (0, 1));
    assert_eq!(today["line"], "The last time felt worse. That happens. Gentler ways: asif practice adapt rest");
    assert_eq!(home.ok(&[]).stdout, home.ok(&["today"]).stdout);
}
