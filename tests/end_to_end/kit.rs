//! The recovery kit: shown, written down, confirmed; and coming back with it.

use serde_json::{Value, json};

use crate::harness::{Home, eventually, files_below, holds};
use crate::pty::AtTerminal;

/// The words of a home, as they stand on paper.
fn paper(home: &Home) -> String {
    let kit = home.json(&["recovery-kit", "show"]);
    kit["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn names(home: &Home) -> Vec<String> {
    let list = home.json(&["device", "list"]);
    let mut names: Vec<String> = list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn kit(home: &Home) -> Value {
    home.json(&["status"])["kit"].clone()
}

/// With the words on its standard input.
fn with(home: &Home, words: &str, args: &[&str]) -> crate::harness::Ran {
    home.run_with(&[args, &["--fd", "0"]].concat(), words.as_bytes())
}

#[test]
fn the_words_are_shown_until_they_are_written_down_and_then_nothing_has_them() {
    let laptop = Home::robin();
    assert!(laptop.ok(&["status"]).stdout.contains("The recovery kit is not written down yet: asif recovery-kit show"));
    let words = paper(&laptop);
    let page = laptop.ok(&["recovery-kit", "show"]).stdout;
    for (at, word) in words.split(' ').enumerate() {
        assert!(page.contains(&format!("{:>2} {word}", at + 1)), "{page}");
    }
    assert_eq!(
        laptop
            .ok(&["recovery-kit", "show", "--plain"])
            .stdout
            .lines()
            .filter(|line| line.trim_start().starts_with(char::is_numeric))
            .count(),
        24
    );
    // What is not on the paper is told, and nothing is taken off.
    let mut swapped: Vec<&str> = words.split(' ').collect();
    swapped.swap(0, 1);
    let other = paper(&Home::robin());
    let mistyped = format!("zzzz {}", words.split_once(' ').unwrap().1);
    let few = words.rsplit_once(' ').unwrap().0.to_owned();
    for (typed, code, said) in [
        (few.as_str(), 2, "has 24 words, and these are 23"),
        (mistyped.as_str(), 2, "word 1 is none that a recovery kit can have"),
        (other.as_str(), 7, "the words of another recovery kit"),
        ("", 2, "has 24 words, and these are 0"),
    ] {
        with(&laptop, typed, &["recovery-kit", "confirm"]).exits(code).says(&[said]);
    }
    laptop.refuses(2, &["recovery-kit", "confirm"]).says(&["--fd 0"]);
    laptop.refuses(2, &["recovery-kit", "confirm", "--fd", "77"]).says(&["file descriptor 77"]);
    assert_eq!((kit(&laptop)["here"].clone(), kit(&laptop)["confirmed_at"].clone()), (json!(true), Value::Null));
    // In capitals, numbered, and only the first four letters of each.
    let numbered: String = words.split(' ').enumerate().map(|(at, word)| format!("{}. {:.4}\n", at + 1, word.to_uppercase())).collect();
    let confirmed = with(&laptop, &numbered, &["recovery-kit", "confirm", "--json"]).exits(0).data();
    assert!(confirmed["here"] == false && confirmed["confirmed_at"].is_string(), "{confirmed}");
    laptop.kill();
    assert_eq!(kit(&laptop)["here"], false);
    laptop.refuses(7, &["recovery-kit", "show"]).says(&["not on this device"]);
    assert!(!laptop.ok(&["status"]).stdout.contains("recovery-kit"));
    // It still tells whether a paper is the right one.
    let told = with(&laptop, &words, &["recovery-kit", "confirm"]).exits(0).stdout;
    assert!(told.contains("These are the words of your journal"), "{told}");
    with(&laptop, &other, &["recovery-kit", "confirm"]).exits(7).says(&["another recovery kit"]);
    let all: Vec<&str> = words.split(' ').collect();
    for (path, bytes) in files_below(&laptop.path()) {
        let holds_some = all.windows(2).any(|two| holds(&bytes, two.join(" ").as_bytes()));
        assert!(!holds_some, "words of the kit are in {}", path.display());
    }
}

#[test]
fn somebody_at_a_terminal_types_them_line_by_line_and_mends_what_was_miscopied() {
    let laptop = Home::robin();
    let words: Vec<String> = paper(&laptop).split(' ').map(str::to_owned).collect();
    let mut asked = AtTerminal::start(&laptop.command(&["recovery-kit", "confirm"]));
    asked.await_text("Word 1:");
    asked.type_in(format!("{}\r", words[..10].join(" ")).as_bytes());
    asked.await_text("Word 11:");
    asked.type_in(format!("{} zzzzz {}\r", words[10], words[12]).as_bytes());
    asked.await_text("word 12 is none that a kit can have");
    asked.type_in(format!("{}\r", words[11..].join(" ")).as_bytes());
    let (code, shown) = asked.end();
    assert!(code == Some(0) && shown.contains("These are the words of your journal"), "{shown}");
    assert!(laptop.json(&["draft", "list"]).as_array().unwrap().is_empty());
    assert_eq!(kit(&laptop)["here"], false);
}

#[test]
fn a_laptop_was_stolen_and_the_words_bring_its_journal_to_a_new_machine() {
    let laptop = Home::robin();
    let phone = laptop.pair();
    let dana = laptop.share_with_dana(&["--scope", "ratings,notes", "--since", "2020-01-01"]);
    laptop.log(&["--note", "a"]);
    phone.log(&["--note", "b"]);
    phone.sync();
    let words = paper(&laptop);
    with(&laptop, &words, &["recovery-kit", "confirm"]).exits(0);
    laptop.sync();
    laptop.stop();
    let new = Home::new();
    let at = phone.address().to_string();
    let stranger = paper(&Home::robin());
    with(&new, &stranger, &["recovery-kit", "restore", "--at", &at]).exits(7).says(&["does not know these words"]);
    let back =
        with(&new, &words, &["recovery-kit", "restore", "--at", &at, "--name", "desktop", "--remove", "laptop", "--json"]).exits(0).data();
    assert_eq!(
        (&back["device"], &back["removed"][0]["name"], &back["removed"][0]["removed_by"]),
        (&json!("desktop"), &json!("laptop"), &Value::Null)
    );
    assert_eq!((new.notes(), kit(&new)["here"].clone()), (vec!["a".into(), "b".into()], json!(false)));
    eventually("the phone has heard of it", || (names(&phone).contains(&"desktop".to_owned()) && names(&phone).len() == 2).then_some(()));
    // Dana takes the new one in, though the phone never told.
    phone.stop();
    new.log(&["--note", "c"]);
    eventually("what is new reaches Dana", || {
        let open = dana.json(&["caseload", "open", "Robin"]);
        open["sessions"].as_array().unwrap().iter().any(|one| one["note"] == "c").then_some(())
    });
    laptop.start();
    laptop.log(&["--note", "of a thief"]);
    laptop.run(&["sync", "--wait", "--timeout", "5s"]);
    new.stop();
    new.start();
    phone.start();
    phone.sync();
    for home in [&new, &phone] {
        eventually("both have all of it", || (home.notes() == ["a", "b", "c"]).then_some(()));
    }
    let open = dana.json(&["caseload", "open", "Robin"]).to_string();
    assert!(!open.contains("of a thief"), "{open}");
}

#[test]
fn the_key_file_is_gone_and_the_words_open_what_lies_on_the_disk() {
    let laptop = Home::robin();
    laptop.log(&["--note", "a"]);
    let words = paper(&laptop);
    with(&laptop, &words, &["recovery-kit", "confirm"]).exits(0);
    laptop.stop();
    std::fs::remove_file(laptop.data().join("vault.key")).unwrap();
    laptop.refuses(9, &["list"]).says(&["recovery-kit restore"]);
    with(&laptop, &paper(&Home::robin()), &["recovery-kit", "restore"])
        .exits(7)
        .says(&["not those of the journal that is here", "nothing was changed"]);
    // Killed in the middle of it: it is done, or can be done again.
    let back = with(&laptop, &words, &["recovery-kit", "restore", "--remove", "laptop", "--name", "laptop-new", "--json"]).exits(0).data();
    assert_eq!((&back["sessions"], &back["complete"], &back["device"]), (&json!(1), &json!(true), &json!("laptop-new")));
    laptop.kill();
    laptop.log(&["--note", "b"]);
    assert_eq!((laptop.notes(), names(&laptop)), (vec!["a".into(), "b".into()], vec!["laptop-new".into()]));
    assert!(laptop.ok(&["doctor"]).stdout.contains("laptop was removed from your devices"));
    with(&laptop, &words, &["recovery-kit", "restore"]).exits(7).says(&["reads its journal already"]);
    assert!(laptop.data().join("vault.before").exists(), "what did not open is kept");
}
