//! What is asked for again under its id, as a draft is that was gone on with after its answer was lost.
//!
//! - The same again is answered as it was, at any later time, and is there once.
//! - Something else under the same id is refused, whatever it makes, and changes nothing: nobody is told that words are stored that are not.

use std::time::Duration;

use asif_proto::local::{ErrorKind, Failure, Reply, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::story::family;
use crate::world::World;

/// What brings words, or what stands for some, under the id of the request; `@` is what differs.
fn asked() -> Vec<(&'static str, Value)> {
    let with = |ask: &str, with: Value| json!({"ask": ask, "with": with});
    let belief = json!({"statement": "I may rest @", "role": "old", "block": null, "head": 20, "heart": null, "visibility": "inherit"});
    let anchor = json!({"who_label": "M", "act": "held the door @", "deserved": 5, "polite": 80, "visibility": "inherit"});
    let long = format!("{} @", "a long evening ".repeat(2000));
    let practice = |title: &str, cue: &str| {
        let specificity = json!({"when": null, "where": null, "how_long": null});
        json!({"title": title, "slug": null, "kind": "custom", "description": null, "specificity": specificity, "cue": cue, "frequency": null,
            "difficulty": 20, "visibility": "inherit"})
    };
    let sketch = |text: &str, cue: &str| {
        json!({"text": text, "plausible": 60, "starts": null, "ends": null, "practices": [practice("say no", "at work"),
            practice("say no", cue)], "visibility": "inherit"})
    };
    let rate = json!({"belief": "I deserve kindness", "head": 20, "heart": 10, "context": "after lunch @"});
    let outcome =
        json!({"text": "cried @", "learning": "it was fine", "after": 40, "supports": "new", "head": 30, "at": "yesterday 21:30"});
    vec![
        ("note", with("log", json!({"practice": null, "fields": {"note": "it rained @", "tags": ["evening"]}}))),
        ("long note", with("log", json!({"practice": null, "fields": {"note": long}}))),
        ("log", with("log", json!({"practice": "lunch", "fields": {"before": 30, "after": "@", "where_felt": "chest"}}))),
        ("goal", with("goal", json!({"add": {"text": "feel less alone @", "agree": 40, "belief": 10, "visibility": "inherit"}}))),
        ("belief", with("belief", json!({"add": belief}))),
        ("anchor", with("anchor", json!({"add": anchor}))),
        ("sketch", with("sketch", json!({"add": sketch("they rest @", "at home")}))),
        ("step of a sketch", with("sketch", json!({"add": sketch("they rest", "at home @")}))),
        ("practice", with("practice_add", practice("walk slowly", "after work @"))),
        ("phrase", with("phrase", json!({"add": {"practice": "lunch", "fields": {"new_line": "may I rest", "voice": "M @"}}}))),
        (
            "try",
            with(
                "experiment",
                json!({"try": {"practice": "lunch", "plan": {"prediction": 20, "if_then": "if so, rest @", "review_by": "+2d"}}}),
            ),
        ),
        ("reminder", with("remind", json!({"add": {"at": "21:30:00", "days": "daily", "zone": "floating", "text": "a cup of tea @"}}))),
        ("belief rate", with("belief", json!({"rate": rate}))),
        ("goal rate", with("goal", json!({"rate": {"goal": "rest", "agree": "@"}}))),
        ("adapt", with("practice_adapt", json!({"practice": "lunch", "way": "@"}))),
        ("amendment", with("experiment", json!({"edit": {"experiment": "E", "fields": {"amend": 30, "amend_text": "or more @"}}}))),
        ("outcome", with("experiment", json!({"outcome": {"experiment": "E", "outcome": outcome}}))),
    ]
}

/// The request with `words` in it, or the `n`th value where it has no words; about the experiment `open`.
fn request(template: &Value, n: usize, open: &str) -> Request {
    let values = if template.to_string().contains("practice_adapt") { ["\"background\"", "\"breathe\""] } else { ["40", "50"] };
    let text = template.to_string().replace("\"@\"", values[n]).replace('@', ["the first words", "the other words"][n]);
    serde_json::from_str(&text.replace("\"E\"", &format!("\"{open}\""))).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Every record there is, as it is shown.
fn everything(world: &mut World, device: usize) -> Vec<Reply> {
    let lists = [
        ("list", json!({"deleted": false, "tags": []})),
        ("practice_list", json!({"all": true})),
        ("goal", json!({"list": {"all": true}})),
        ("belief", json!({"list": {"all": true}})),
        ("anchor", json!("list")),
        ("sketch", json!("list")),
        ("phrase", json!({"list": {"practice": null}})),
        ("experiment", json!({"list": {"practice": null, "all": true}})),
        ("remind", json!("list")),
    ];
    let ask = |(ask, with)| serde_json::from_value(json!({"ask": ask, "with": with})).unwrap();
    lists.into_iter().map(|list| world.must(device, ask(list))).collect()
}

/// An answer without the time to come that it tells.
fn plain(mut answer: Reply) -> Reply {
    if let Reply::Reminder(one) = &mut answer {
        one.value.next = None;
    }
    answer
}

#[test]
fn the_same_again_is_stored_once_and_anything_else_under_its_id_is_refused() {
    for (n, (what, template)) in asked().into_iter().enumerate() {
        let mut world = World::new(n as u64);
        let [laptop] = family(&mut world, 1)[..] else { panic!() };
        for ready in [
            json!({"goal": {"add": {"text": "rest", "agree": null, "belief": null}}}),
            json!({"belief": {"add": {"statement": "I deserve kindness", "role": "new", "block": null, "head": 10, "heart": null,
                "visibility": "inherit"}}}),
            json!({"experiment": {"try": {"practice": "lunch", "plan": {"prediction": 20, "belief": "I deserve kindness"}}}}),
        ] {
            let (ask, with) = ready.as_object().unwrap().iter().next().unwrap();
            world.must(laptop, serde_json::from_value(json!({"ask": ask, "with": with})).unwrap());
        }
        let list = || serde_json::from_value(json!({"ask": "experiment", "with": {"list": {"practice": null, "all": true}}})).unwrap();
        let Reply::Experiments(open) = world.must(laptop, list()) else { panic!() };
        let open = open[0].id.to_string();
        let id = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_7700 + 16 * n as u128);
        let first =
            world.again(laptop, id, request(&template, 0, &open)).unwrap().map(plain).unwrap_or_else(|why| panic!("{what}: {why:?}"));
        world.run_for(Duration::from_secs(36 * 3600));
        let again = |world: &mut World| world.again(laptop, id, request(&template, 0, &open)).unwrap().map(plain);
        assert_eq!(again(&mut world).as_ref(), Ok(&first), "{what}");
        let before = everything(&mut world, laptop);
        let refused: Failure = world.again(laptop, id, request(&template, 1, &open)).unwrap().expect_err(what);
        assert_eq!(refused.kind, ErrorKind::Precondition, "{what}: {refused:?}");
        assert!(refused.message.contains("says something else"), "{what}: {refused:?}");
        assert_eq!(everything(&mut world, laptop), before, "{what}");
        world.crash(laptop, Duration::from_millis(10));
        assert_eq!(again(&mut world).as_ref(), Ok(&first), "{what}: after a restart");
    }
}

#[test]
fn a_belief_that_was_lent_is_not_lent_again_in_other_words_under_one_id() {
    let (mut world, laptop, _, dana) = crate::shared::all_meet();
    crate::shared::log(&mut world, laptop, crate::shared::after(30));
    world.run_for(Duration::from_secs(20));
    let lend = |words: &str, strength: u8| {
        let with = json!({"client": "Robin", "practice": "lunch", "statement": words, "strength": strength, "until": null});
        serde_json::from_value::<Request>(json!({"ask": "lend", "with": with})).unwrap()
    };
    let id = Uuid::from_u128(77);
    let first = world.again(dana, id, lend("I think it will land.", 80)).unwrap().unwrap();
    assert_eq!(world.again(dana, id, lend("I think it will land.", 80)).unwrap().unwrap(), first);
    for (words, strength) in [("I hope it will land.", 80), ("I think it will land.", 70)] {
        let refused = world.again(dana, id, lend(words, strength)).unwrap().unwrap_err();
        assert!(refused.kind == ErrorKind::Precondition && refused.message.contains("yours is not lent"), "{refused:?}");
    }
}
