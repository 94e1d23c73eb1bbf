//! A value that is missing is asked for at a terminal; without one the flag is named, and nothing is waited for. A name that is none is answered
//! with those that are near.

use crate::harness::Home;
use crate::schema;

/// Commands that do something of their own without a word more, and are not run here.
const LEFT_OUT: [&str; 6] = ["tour", "wipe", "init", "daemon run", "daemon install", "daemon restart"];

/// Commands without what they need, and the flag or the place that is named.
const MISSING: &[(&[&str], &str)] = &[
    (&["goal", "add"], "TEXT"),
    (&["goal", "rate"], "GOAL"),
    (&["goal", "rate", "rest"], "0-100"),
    (&["goal", "close"], "<GOAL>"),
    (&["belief", "add"], "TEXT"),
    (&["belief", "rate"], "--head"),
    (&["belief", "rate", "rest"], "--head"),
    (&["belief", "rate", "--head", "1"], "BELIEF"),
    (&["belief", "pair"], "<BELIEF>"),
    (&["belief", "pair", "rest"], "<BELIEF>"),
    (&["belief", "retire"], "<BELIEF>"),
    (&["sketch"], "--text"),
    (&["demo", "politeness"], "--did"),
    (&["practice", "add"], "TITLE"),
    (&["practice", "show"], "<P>"),
    (&["practice", "edit"], "<P>"),
    (&["practice", "adapt"], "<P>"),
    (&["practice", "adapt", "lunch"], "background"),
    (&["practice", "archive"], "<P>"),
    (&["phrase", "add"], "<P>"),
    (&["phrase", "add", "lunch"], "LINE"),
    (&["phrase", "edit"], "<PHRASE>"),
    (&["try"], "<P>"),
    (&["outcome"], "--after"),
    (&["outcome", "lunch"], "--after"),
    (&["sit"], "<P>"),
    (&["log"], "asif log lunch"),
    (&["note"], "asif note -"),
    (&["show"], "<ID>"),
    (&["edit"], "<ID>"),
    (&["delete"], "<ID>"),
    (&["delete", "lunch"], "--yes"),
    (&["draft", "resume"], "asif draft show"),
    (&["draft", "drop"], "--yes"),
    (&["crisis", "edit"], "--warning-signs"),
    (&["config", "get"], "<KEY>"),
    (&["config", "set", "listen"], "<VALUE>"),
    (&["device", "pair"], "--yes"),
    (&["device", "join"], "<CODE-OR-TICKET>"),
    (&["share", "invite"], "--name"),
    (&["share", "invite", "--name", "Dana"], "--yes"),
    (&["share", "preview"], "<NAME>"),
    (&["share", "revoke", "Dana"], "--yes"),
    (&["helper", "join"], "<CODE-OR-TICKET>"),
    (&["caseload", "open"], "<CLIENT>"),
    (&["lend", "Robin", "lunch"], "--strength"),
    (&["lend", "Robin", "lunch", "--strength", "85"], "--text"),
    (&["completions"], "<SHELL>"),
    (&["wipe"], "--yes"),
];

/// Commands with a name that is almost one, and what is offered.
const NEAR: &[(&[&str], &str)] = &[
    (&["practice", "show", "lucnh"], "lunch"),
    (&["practice", "edit", "lucnh", "--cue", "x"], "lunch"),
    (&["practice", "adapt", "lucnh", "breathe"], "lunch"),
    (&["practice", "archive", "lucnh"], "lunch"),
    (&["phrase", "add", "lucnh", "x"], "lunch"),
    (&["phrase", "list", "lucnh"], "lunch"),
    (&["try", "lucnh"], "lunch"),
    (&["log", "lucnh"], "lunch"),
    (&["sit", "lucnh", "--no-input"], "lunch"),
    (&["list", "--practice", "lucnh"], "lunch"),
    (&["config", "get", "lisen"], "listen"),
    (&["goal", "rate", "nothing like it", "1"], "asif goal list"),
    (&["goal", "close", "nothing like it"], "asif goal list"),
    (&["belief", "rate", "nothing like it", "--head", "1"], "asif belief list"),
    (&["belief", "pair", "nothing like it", "rest"], "asif belief list"),
    (&["belief", "retire", "nothing like it"], "asif belief list"),
    (&["phrase", "edit", "nothing like it", "--line", "x"], "asif phrase list"),
    (&["outcome", "nothing like it", "--after", "1"], "asif experiment list"),
    (&["try", "lunch", "--belief", "nothing like it"], "asif belief list"),
    (&["try", "lunch", "--borrowed", "9999"], "asif borrow list"),
    (&["practice", "add", "x", "--goal", "nothing like it"], "asif goal list"),
    (&["pratice", "list"], "practice"),
    (&["practice", "adapt", "lunch", "breath"], "breathe"),
];

#[test]
fn what_is_missing_is_named_with_exit_2_and_nothing_waits() {
    let home = Home::robin();
    home.ok(&["goal", "add", "rest"]);
    home.ok(&["belief", "add", "I may rest"]);
    home.ok(&["try", "lunch"]);
    let before = home.json(&["doctor"]);
    for group in
        ["goal", "belief", "demo", "practice", "phrase", "experiment", "draft", "config", "daemon", "device", "share", "helper", "borrow"]
    {
        let error = home.run(&[group, "--json"]).exits(2).envelope()["error"].clone();
        assert!(error["message"].as_str().unwrap().contains("[subcommands: "), "{error}");
        assert!(home.run(&[group]).exits(2).stderr.contains("Commands:"), "{group}");
    }
    for (args, named) in MISSING {
        home.refuses(2, args).says(&[named]);
        home.refuses(2, &[args, &["--no-input"][..]].concat());
    }
    assert_eq!(home.json(&["doctor"]), before);
}

#[test]
fn no_command_waits_for_an_answer_where_nobody_can_be_asked() {
    let home = Home::robin();
    home.ok(&["try", "lunch"]);
    for command in schema::commands().iter().filter(|command| !LEFT_OUT.contains(&command.as_str())) {
        let args: Vec<&str> = command.split(' ').filter(|word| *word != "asif").collect();
        let ran = home.run(&[&args[..], &["--json"]].concat());
        match ran.code {
            Some(0) => assert!(ran.envelopes().iter().all(|envelope| envelope.get("error").is_none()), "{ran:?}"),
            Some(2) => assert!(ran.envelope()["error"]["hint"].is_string(), "what to do is not said: {ran:?}"),
            Some(4 | 7) => {
                ran.envelope();
            }
            _ => panic!("{ran:?}"),
        }
    }
}

#[test]
fn a_name_that_is_none_is_answered_with_what_is_near_or_where_to_look() {
    let home = Home::robin();
    home.ok(&["belief", "add", "I may rest"]);
    for (args, offered) in NEAR {
        let ran = home.run(args);
        assert!(matches!(ran.code, Some(2 | 4)), "{ran:?}");
        assert!(ran.stderr.contains(offered), "not offered: {offered}: {ran:?}");
        let error = home.run(&[args, &["--json"][..]].concat()).envelope()["error"].clone();
        let told = [&error["message"], &error["hint"]].map(|text| text.as_str().unwrap_or_default().to_owned()).join("\n");
        assert!(told.contains(offered), "not offered in JSON: {offered}: {error}");
    }
}
