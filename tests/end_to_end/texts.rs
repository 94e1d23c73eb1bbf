//! Whatever somebody writes comes back as it was written, and nothing of it reaches a terminal as anything but letters.
//!
//! - Every text field of every record keeps emoji, right-to-left text, combining marks, zero-width characters and control characters, byte for byte.
//! - Every prose field keeps 100 kB; a field that holds less says so and stores nothing.
//! - No command without `--json` prints a character that steers a terminal.
//! - Tables stay aligned by the columns that their letters take.

use std::collections::BTreeMap;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::harness::{Home, Ran};

/// What a line can hold that is hard: each with a reason.
const HARD: [&str; 8] = [
    "zażółć gęślą jaźń \u{1f331}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{627}\u{644}\u{633}\u{644}\u{627}\u{645} and left again",
    "Z\u{300}\u{301}\u{302}\u{303}a\u{304}\u{305}l\u{306}g\u{307}o",
    "zero\u{200b}width\u{200c}\u{200d}\u{feff}and\u{2060}joiners",
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[31mred\u{9b}1m\u{8}\u{7f}",
    "\u{202e}reordered\u{202c} \u{2066}isolated\u{2069} \u{2028}line\u{2029}",
    "日本語のテキスト 全角　と半角",
    "\"quoted\" \\back\\slash {brace} %s $(date) `id` 'apostrophe' -- --flag",
];

/// A text field: how it is said (`TEXT` stands for it, `-` for standard input), and where it comes back.
struct Field {
    says: &'static [&'static str],
    comes_back: &'static str,
    prose: bool,
    max: usize,
}

const fn line(says: &'static [&'static str], comes_back: &'static str) -> Field {
    Field { says, comes_back, prose: false, max: 1024 }
}

const fn prose(says: &'static [&'static str], comes_back: &'static str) -> Field {
    Field { says, comes_back, prose: true, max: 128 * 1024 }
}

/// Every text field. `P`, `EXPERIMENT`, `OPEN`, `BELIEF`, `GOAL`, `PHRASE` and `SESSION` stand for what is there already.
const FIELDS: &[Field] = &[
    line(&["goal", "add", "TEXT"], "/text"),
    line(&["belief", "add", "TEXT"], "/statement"),
    line(&["belief", "rate", "BELIEF", "--head", "1", "--context", "TEXT"], "/ratings/LAST/context"),
    line(&["demo", "politeness", "--did", "x", "--who", "TEXT"], "/who_label"),
    line(&["sketch", "--text", "x", "--does", "TEXT"], "/steps/0/title"),
    line(&["sketch", "--text", "x", "--says", "TEXT"], "/steps/0/title"),
    line(&["practice", "add", "TEXT"], "/title"),
    line(&["practice", "add", "x", "--when", "TEXT"], "/specificity/when"),
    line(&["practice", "add", "x", "--where", "TEXT"], "/specificity/where"),
    line(&["practice", "add", "x", "--how-long", "TEXT"], "/specificity/how_long"),
    line(&["practice", "add", "x", "--cue", "TEXT"], "/cue"),
    line(&["practice", "add", "x", "--frequency", "TEXT"], "/frequency"),
    line(&["practice", "add", "x", "--proposed-by", "TEXT"], "/proposed_by"),
    line(&["practice", "add", "x", "--agreed-by", "TEXT"], "/agreed_by/0"),
    line(&["practice", "edit", "P", "--title", "TEXT"], "/title"),
    line(&["practice", "edit", "P", "--when", "TEXT"], "/specificity/when"),
    line(&["practice", "edit", "P", "--where", "TEXT"], "/specificity/where"),
    line(&["practice", "edit", "P", "--how-long", "TEXT"], "/specificity/how_long"),
    line(&["practice", "edit", "P", "--cue", "TEXT"], "/cue"),
    line(&["practice", "edit", "P", "--frequency", "TEXT"], "/frequency"),
    line(&["phrase", "add", "P", "TEXT"], "/new_line"),
    line(&["phrase", "edit", "PHRASE", "--line", "TEXT"], "/new_line"),
    line(&["phrase", "edit", "PHRASE", "--old", "TEXT"], "/old_line"),
    line(&["phrase", "edit", "PHRASE", "--voice", "TEXT"], "/voice"),
    line(&["log", "P", "--where", "TEXT"], "/where_felt"),
    Field { max: 256, ..line(&["log", "P", "--tag", "TEXT"], "/tags/0") },
    line(&["try", "P", "--prediction-text", "TEXT"], "/prediction/text"),
    line(&["try", "P", "--obstacles", "TEXT"], "/obstacles"),
    line(&["try", "P", "--if-then", "TEXT"], "/if_then"),
    line(&["edit", "OPEN", "--amend-text", "TEXT"], "/amendments/LAST/text"),
    line(&["edit", "OPEN", "--obstacles", "TEXT"], "/obstacles"),
    line(&["edit", "OPEN", "--if-then", "TEXT"], "/if_then"),
    line(&["goal", "close", "GOAL", "--reason", "TEXT"], "/reason_closed"),
    line(&["crisis", "edit", "--warning-signs", "TEXT"], "/warning_signs/0"),
    line(&["crisis", "edit", "--helps-alone", "TEXT"], "/helps_alone/0"),
    line(&["crisis", "edit", "--people-places", "TEXT"], "/people_places/0"),
    line(&["crisis", "edit", "--who-i-can-ask", "TEXT"], "/who_i_can_ask/0"),
    line(&["crisis", "edit", "--professionals", "TEXT"], "/professionals/0"),
    line(&["crisis", "edit", "--making-it-safer", "TEXT"], "/making_it_safer/0"),
    prose(&["demo", "politeness", "--did", "-"], "/act"),
    prose(&["sketch", "--text", "-"], "/text"),
    line(&["edit", "BELIEF", "--text", "TEXT"], "/statement"),
    line(&["edit", "GOAL", "--text", "TEXT"], "/text"),
    prose(&["note", "-"], "/note"),
    prose(&["log", "P", "--note", "-"], "/note"),
    prose(&["sit", "P", "--no-input", "--note", "-"], "/note"),
    prose(&["edit", "SESSION", "--note", "-"], "/note"),
    prose(&["edit", "EXPERIMENT", "--happened", "-"], "/outcome/text"),
    prose(&["edit", "EXPERIMENT", "--learning", "-"], "/learning"),
    Field { max: 16 * 1024, ..prose(&["practice", "edit", "P", "--description", "-"], "/description") },
];

/// Everything that is shown without `--json`, beside each record by its id.
const SHOWN: &[&[&str]] = &[
    &["today"],
    &["crisis"],
    &["list"],
    &["goal", "list", "--all"],
    &["belief", "list", "--all"],
    &["anchor", "--all"],
    &["sketch", "list"],
    &["practice", "list", "--all"],
    &["phrase", "list"],
];

/// A home with one of everything that a field can belong to.
struct There {
    home: Home,
    names: BTreeMap<&'static str, String>,
}

impl There {
    fn new() -> Self {
        let home = Home::robin();
        let id = |args: &[&str]| home.json(args)["id"].as_str().unwrap().to_owned();
        let done = id(&["try", "lunch"]);
        home.ok(&["outcome", &done, "--after", "40"]);
        let names = BTreeMap::from([
            ("P", "lunch".to_owned()),
            ("EXPERIMENT", done),
            ("OPEN", id(&["try", "lunch", "--prediction", "20"])),
            ("BELIEF", id(&["belief", "add", "I may rest"])),
            ("GOAL", id(&["goal", "add", "rest"])),
            ("PHRASE", id(&["phrase", "add", "lunch", "May I rest."])),
            ("SESSION", id(&["log", "lunch"])),
        ]);
        Self { home, names }
    }

    /// Runs the command of a field with `text` in it.
    fn say(&self, field: &Field, text: &str, json: bool) -> Ran {
        if field.prose { self.run(field, text, text, json) } else { self.run(field, text, "", json) }
    }

    /// The same with something on standard input.
    fn run(&self, field: &Field, text: &str, input: &str, json: bool) -> Ran {
        let word = |word: &&'static str| if *word == "TEXT" { text } else { self.names.get(word).map_or(*word, String::as_str) };
        let mut args: Vec<&str> = field.says.iter().map(word).collect();
        args.extend(json.then_some("--json"));
        self.home.run_with(&args, input.as_bytes())
    }

    /// What was told, shown again, with its id if it has one; the plan for a bad hour has none.
    fn again(&self, told: &Value) -> (Option<String>, Value) {
        match told["id"].as_str() {
            Some(id) => (Some(id.to_owned()), self.home.json(&["show", id])),
            None => (None, self.home.json(&["crisis"])["plan"].clone()),
        }
    }
}

/// What a field holds in the answer; `LAST` is the end of a list.
fn found<'v>(field: &Field, data: &'v Value) -> Option<&'v Value> {
    field.comes_back.split('/').skip(1).try_fold(data, |at, step| match step {
        "LAST" => at.as_array()?.last(),
        step => step.parse::<usize>().map_or_else(|_| at.get(step), |number| at.get(number)),
    })
}

/// As much of what is hard as a line of so many bytes holds.
fn hard_line(max: usize) -> String {
    HARD.iter()
        .rev()
        .fold(String::from("x"), |text, hard| if text.len() + 2 + hard.len() <= max { format!("{text}  {hard}") } else { text })
}

/// Nothing but letters, spaces and line breaks.
#[track_caller]
pub(crate) fn steers_nothing(ran: &Ran) {
    for shown in [&ran.stdout, &ran.stderr] {
        let steers = |letter: &char| {
            (letter.is_control() && *letter != '\n') || "\u{2028}\u{2029}\u{202c}\u{202e}\u{2066}\u{2069}".contains(*letter)
        };
        assert_eq!(shown.chars().find(steers), None, "{shown:?}");
    }
}

#[test]
fn every_text_comes_back_byte_for_byte_and_steers_no_terminal() {
    let there = There::new();
    let mut records = Vec::new();
    for (at, field) in FIELDS.iter().enumerate() {
        let text = if field.prose { format!("  \n{}\n\n\tthe end  ", HARD.join("\n")) } else { hard_line(field.max) };
        let told = there.say(field, &text, true).exits(0).data();
        assert_eq!(found(field, &told).and_then(Value::as_str), Some(text.as_str()), "{:?}", field.says);
        let (id, shown) = there.again(&told);
        assert_eq!(found(field, &shown).and_then(Value::as_str), Some(text.as_str()), "{:?}, shown again", field.says);
        records.extend(id.filter(|id| !records.contains(id)));
        // What the command itself says of it, with each hard thing once in turn.
        steers_nothing(&there.say(field, HARD[at % HARD.len()], false).exits(0));
    }
    for id in &records {
        steers_nothing(&there.home.ok(&["show", id]));
        steers_nothing(&there.home.ok(&["show", id, "--plain"]));
    }
    for args in SHOWN {
        steers_nothing(&there.home.ok(args));
        steers_nothing(&there.home.ok(&[args, &["--plain"][..]].concat()));
    }
}

#[test]
fn a_hundred_kilobytes_come_back_whole_or_are_refused_with_nothing_stored() {
    let there = There::new();
    let long = "It rained, and I went out all the same. \u{1f331}\n".repeat(2300);
    assert!((100_000..128 * 1024).contains(&long.len()));
    let long = long.trim_end();
    for field in FIELDS.iter().filter(|field| field.prose) {
        let whole = &long[..long.floor_char_boundary(field.max)].trim_end();
        let told = there.say(field, whole, true).exits(0).data();
        let (_, shown) = there.again(&told);
        assert!(found(field, &shown).and_then(Value::as_str) == Some(*whole), "{:?}", field.says);
    }
    let before = there.home.json(&["doctor"]);
    let line = "x".repeat(100_000);
    for field in FIELDS.iter().filter(|field| !field.prose) {
        let error = there.say(field, &line, true).exits(2).envelope();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.len() < 300 && (message.contains(" bytes") || message.contains(" KiB")), "{:?}: {message:.300}", field.says);
    }
    assert_eq!(there.home.json(&["doctor"]), before, "nothing was stored");
}

#[test]
fn a_dash_takes_what_comes_in_or_is_refused_and_is_no_text() {
    let there = There::new();
    let mut takes = Vec::new();
    for field in FIELDS.iter().filter(|field| !field.prose) {
        let ran = there.run(field, "-", "what came in\n", true);
        if ran.code == Some(0) {
            assert_eq!(found(field, &ran.data()).and_then(Value::as_str), Some("what came in"), "{:?}", field.says);
            takes.push(field.says[0]);
        } else {
            let error = ran.exits(2).envelope();
            assert!(error["error"]["message"].as_str().unwrap().contains("reads nothing here"), "{error}");
        }
    }
    takes.dedup();
    assert_eq!(takes, ["goal", "belief", "crisis", "edit"]);
}

#[test]
fn columns_line_up_whatever_the_letters() {
    let home = Home::robin();
    let wide = [
        "日本語",
        "e\u{301}a\u{308}\u{304}",
        "\u{200b}zero\u{feff}",
        "\u{5e9}\u{5dc}",
        "\u{1f331}\u{1f469}\u{200d}\u{1f467}",
        "\u{1b}[2J",
        "\u{202e}ab",
        "全角　x",
    ];
    for (at, hard) in wide.iter().enumerate() {
        home.ok(&["practice", "add", hard, "--slug", &format!("p{at}"), "--difficulty", "35"]);
    }
    let table = home.ok(&["practice", "list"]).stdout;
    let mut lines = table.lines();
    let head = lines.next().unwrap();
    let kind = head[..head.find("Kind").unwrap()].width();
    for line in lines {
        let at = line.rfind("as-if-action").unwrap_or_else(|| panic!("{line}"));
        assert_eq!(line[..at].width(), kind, "{line}\n{table}");
    }
}
