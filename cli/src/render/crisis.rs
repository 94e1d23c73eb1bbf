//! Numbers to call, and the plan.

use asif_proto::record::{PlanPart, SafetyPlanView};
use jiff::civil::Date;

use super::Screen;
use super::text::{pad, visible, width, wrap};
use crate::command::crisis::country::Country;
use crate::command::crisis::numbers::{Emergency, Line, Numbers};

/// Columns before what stands beneath a heading.
const INDENT: &str = "  ";

/// The numbers as they are chosen for somebody.
#[derive(Debug)]
pub struct Page {
    /// A number of the person's own, with its name.
    pub own_number: Option<String>,
    /// Whose numbers they are; none: everybody's.
    pub country: Option<Country>,
    /// The country is a guess.
    pub guessed: bool,
    /// The numbers.
    pub numbers: Numbers,
}

/// The numbers: the person's own, lines, emergency, and where every other is.
pub fn numbers(screen: &mut Screen, page: &Page) {
    let Numbers { lines, emergency, fallback } = &page.numbers;
    let label = lines.iter().map(|line| &line.number).chain(emergency.iter().map(|one| &one.number)).map(|number| width(number));
    let label = label.max().unwrap_or_default();
    if let Some(own) = &page.own_number {
        group(screen, "Yours");
        let own = visible(own);
        screen.line(&if screen.plain { own } else { format!("{INDENT}{own}") });
    }
    if !lines.is_empty() {
        group(screen, "Somebody to talk to");
        for Line { number, name, how, countries, source, seen } in lines {
            let countries: Vec<_> = countries.iter().map(ToString::to_string).collect();
            entry(screen, label, number, &format!("{name} ({}): {how}", countries.join(", ")), source, *seen);
        }
    }
    group(screen, "Emergency, where a life is in danger now");
    for Emergency { number, place, source, seen, .. } in emergency {
        entry(screen, label, number, place, source, *seen);
    }
    group(screen, "Everywhere else");
    entry(screen, width(&fallback.name), &fallback.name, &fallback.how, &fallback.source, fallback.seen);
    if let Some(country) = &page.country {
        if lines.is_empty() {
            sentence(screen, &format!("asif knows no line for {country}; {} lists them.", fallback.name));
        }
        if page.guessed {
            let words = format!("Chosen for {country}, after your language settings. Another: asif crisis --country XX, or all");
            sentence(screen, &words);
        }
    }
}

/// A sentence of ours; a screen reader gets it whole.
pub fn sentence(screen: &mut Screen, words: &str) {
    if screen.plain { screen.line(words) } else { screen.sentence(words) }
}

fn group(screen: &mut Screen, heading: &str) {
    if screen.plain { screen.line(&format!("{heading}:")) } else { screen.heading(heading) }
}

/// A number, what it is, and beneath it where that was read.
fn entry(screen: &mut Screen, label: usize, number: &str, what: &str, source: &str, seen: Date) {
    if screen.plain {
        return screen.line(&format!("{number}, {what}. Read at {source}, on {seen}."));
    }
    let indent = format!("{INDENT}{}{INDENT}", " ".repeat(label));
    let columns = screen.width;
    let room = |indent: &str| columns.saturating_sub(width(indent)).max(1);
    let mut before = format!("{INDENT}{}{INDENT}", pad(number, label));
    for line in wrap(what, room(&indent)) {
        screen.line(&format!("{before}{line}"));
        before.clone_from(&indent);
    }
    let below = INDENT.repeat(2);
    for line in wrap(&format!("read at {source}, {seen}"), room(&below)) {
        screen.faint(&format!("{below}{line}"));
    }
}

/// The plan: its parts in their order, those with nothing in them left out.
pub fn plan(screen: &mut Screen, view: &SafetyPlanView) {
    group(screen, "Your plan");
    for part in PlanPart::ALL {
        let text = view.plan.part(*part).filter(|text| !text.trim().is_empty());
        let others = view.conflicts.iter().filter(|conflict| conflict.field == part.word() && !conflict.merged);
        let others: Vec<&str> = others.flat_map(|conflict| &conflict.others).map(|other| other.as_str().unwrap_or_default()).collect();
        if text.is_none() && others.is_empty() {
            continue;
        }
        screen.line(&format!("{INDENT}{}:", title(*part)));
        screen.prose(&INDENT.repeat(2), text.unwrap_or("(nothing)"));
        for other in others {
            screen.line(&format!("{INDENT}{}, as another device of yours has it:", title(*part)));
            screen.prose(&INDENT.repeat(2), if other.trim().is_empty() { "(nothing)" } else { other });
        }
    }
    if view.conflicts.iter().any(|conflict| !conflict.merged) {
        sentence(screen, "Two devices changed the same part apart, and both texts are kept. To settle it: asif crisis edit");
    }
}

/// The numbers once more, on one line: the first of them may have left the screen.
pub fn again(screen: &mut Screen, page: &Page) {
    let Numbers { lines, emergency, .. } = &page.numbers;
    let own = page.own_number.iter().cloned();
    let countries = |line: &Line| {
        let names: Vec<_> = line.countries.iter().map(ToString::to_string).collect();
        if page.country.is_some() { String::new() } else { format!(" ({})", names.join(", ")) }
    };
    let lines = lines.iter().map(|line| format!("{} {}{}", line.number, line.name, countries(line)));
    let first = page.country.as_ref().map(|country| emergency.iter().filter(|one| one.countries.contains(country)).collect::<Vec<_>>());
    let emergency = first.filter(|first| !first.is_empty()).unwrap_or_else(|| emergency.iter().collect());
    let emergency = emergency.iter().map(|one| one.number.as_str()).collect::<Vec<_>>().join(" or ");
    let all: Vec<String> = own.chain(lines).chain([format!("emergency {emergency}")]).map(|one| visible(&one)).collect();
    screen.gap();
    sentence(screen, &format!("The numbers again: {}.", all.join(" · ")));
}

/// What a part is called.
pub fn title(part: PlanPart) -> &'static str {
    match part {
        PlanPart::WarningSigns => "Warning signs",
        PlanPart::HelpsAlone => "What helps when I am alone",
        PlanPart::PeoplePlaces => "People and places",
        PlanPart::WhoICanAsk => "Who I can ask",
        PlanPart::Professionals => "Professionals",
        PlanPart::MakingItSafer => "Making it safer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::screen_for_tests;
    use asif_proto::record::{Conflict, SafetyPlan};

    fn page(country: Option<&str>) -> Page {
        let country = country.and_then(Country::parse);
        let numbers = Numbers::ours().of(country.as_ref());
        Page { own_number: Some("Sam\u{1b}[2J, 07700 900123".into()), country, guessed: true, numbers }
    }

    fn shown(plain: bool, width: usize, show: impl Fn(&mut Screen)) -> String {
        let mut screen = screen_for_tests(plain, width);
        show(&mut screen);
        screen.finish()
    }

    #[test]
    fn the_page_on_a_terminal_begins_with_ones_own_number() {
        let text = shown(false, 80, |screen| numbers(screen, &page(Some("GB"))));
        let expected = "\
Yours
  Sam␛[2J, 07700 900123
Somebody to talk to
  116 123  Samaritans (GB, IE): call, free, 24 hours
    read at samaritans.org, news page on ten years of the free number in
    Northern Ireland (free since 2014 in Ireland, 2015 in the UK), 2026-11-23
Emergency, where a life is in danger now
  999      UK, Ireland
    read at dpnlive.com, Who are you going to call, 999 or 112, 2026-11-24
";
        assert!(text.starts_with(expected), "{text}");
        let end = "\
Everywhere else
  findahelpline.com  helplines of many countries, by phone, text or chat
    read at findahelpline.com, its page on Australia, 2026-11-24
Chosen for GB, after your language settings. Another: asif crisis --country XX,
or all
";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn every_number_has_its_source_and_day_in_80_and_40_columns_and_in_plain_lines() {
        let all = Numbers::ours();
        for (plain, columns) in [(false, 80), (false, 40), (true, 80)] {
            let text = shown(plain, columns, |screen| numbers(screen, &page(None)));
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let told = all.lines.iter().map(|line| (&line.number, &line.source, line.seen));
            for (number, source, seen) in told.chain(all.emergency.iter().map(|one| (&one.number, &one.source, one.seen))) {
                assert!(flat.contains(number.as_str()) && flat.contains(source.as_str()) && flat.contains(&seen.to_string()), "{text}");
            }
            assert_eq!(flat.matches("findahelpline.com").count(), 2, "{text}");
            if !plain {
                assert!(text.lines().all(|line| width(line) <= columns), "{text}");
            }
        }
    }

    #[test]
    fn plain_lines_tell_one_number_each_and_no_columns() {
        let text = shown(true, 40, |screen| numbers(screen, &page(Some("NZ"))));
        assert!(text.contains("1737, Need to talk? (NZ): call or text, free, 24 hours. Read at pegasus.health.nz"), "{text}");
        assert!(!text.contains("  "), "{text}");
    }

    #[test]
    fn a_country_without_a_line_is_told_where_to_look() {
        let text = shown(false, 80, |screen| numbers(screen, &page(Some("FR"))));
        assert!(text.contains("asif knows no line for FR; findahelpline.com lists them."), "{text}");
        assert!(text.find("112").unwrap() < text.find("999").unwrap(), "{text}");
        assert!(!text.contains("Somebody to talk to"), "{text}");
    }

    #[test]
    fn the_plan_shows_its_parts_in_order_and_both_texts_of_a_part_changed_apart() {
        let plan = SafetyPlan {
            making_it_safer: Some("give Sam the key".into()),
            warning_signs: Some("I stop\u{9b}2J answering\nI don't eat".into()),
            people_places: Some(" ".into()),
            ..SafetyPlan::default()
        };
        let conflict = Conflict { field: "warning_signs".into(), others: vec!["I go quiet".into()], merged: false };
        let view = SafetyPlanView { plan, conflicts: vec![conflict], readable: false };
        let text = shown(false, 80, |screen| super::plan(screen, &view));
        let expected = "\
Your plan
  Warning signs:
    I stop<U+009B>2J answering
    I don't eat
  Warning signs, as another device of yours has it:
    I go quiet
  Making it safer:
    give Sam the key
Two devices changed the same part apart, and both texts are kept. To settle it:
asif crisis edit
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_numbers_come_once_more_at_the_end() {
        let told = |country| shown(false, 200, |screen| again(screen, &page(country)));
        assert_eq!(told(Some("GB")), "\nThe numbers again: Sam␛[2J, 07700 900123 · 116 123 Samaritans · emergency 999 or 112.\n");
        assert!(told(Some("FR")).ends_with("· emergency 112.\n"), "{}", told(Some("FR")));
        assert!(told(Some("JP")).contains("999 or 112 or 911 or 000 or 111"));
    }
}
