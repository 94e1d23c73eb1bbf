//! What there is today: what is planned, easiest first, and what is due. Nothing is counted that was not done.

use asif_proto::local::{Today, TodayPractice};
use asif_proto::record::{Experiment, Shown};
use serde::Serialize;

use super::text::{pad, width};
use super::{Screen, experiment, gentler, time};

/// In fewer columns the practices do not stand in columns.
const NARROW: usize = 60;

/// The page as `--json` tells it: it says what it is, as every record does.
#[derive(Debug, Serialize)]
pub struct Told<'t> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    today: &'t Today,
}

impl<'t> Told<'t> {
    /// The page with its name.
    pub fn of(today: &'t Today) -> Self {
        Self { kind: "today", today }
    }
}

/// The page of today.
pub fn today(screen: &mut Screen, today: &Today) {
    screen.heading(&today.date.strftime("%a %-d %b").to_string());
    for one in &today.reminders {
        screen.record(&[time::clock(one.due_at.timestamp(), &screen.zone), one.text.clone(), one.short.clone()]);
    }
    if !today.due.is_empty() {
        screen.line("To see what happened:");
        today.due.iter().for_each(|one| due(screen, one));
    }
    if !today.practices.is_empty() {
        screen.line("Planned, easiest first:");
        let widest = today.practices.iter().map(|one| width(&one.practice.slug)).max().unwrap_or(0);
        today.practices.iter().for_each(|one| planned(screen, one, if screen.width < NARROW { 0 } else { widest }));
    }
    if !today.open.is_empty() {
        screen.line("For later:");
        for one in &today.open {
            let by = one.value.review_by.map(|day| format!("on {}", day.strftime("%a %-d %b"))).unwrap_or_default();
            screen.record(&[format!("  {}", one.value.practice), one.short.clone(), by]);
        }
    }
    if today.drafts > 0 {
        screen.sentence("What you began to write is kept: asif draft list");
    }
    if today.inbox > 0 {
        screen.sentence("Something was sent to you: asif inbox");
    }
    if let Some(line) = &today.line {
        screen.sentence(line);
    }
}

fn due(screen: &mut Screen, one: &Shown<Experiment>) {
    let at = time::when(&one.value.planned_at, screen.now);
    let predicted = experiment::predicted(&one.value);
    screen.record(&[format!("  {}", one.value.practice), format!("planned {at}{predicted}"), format!("asif outcome {}", one.short)]);
}

fn planned(screen: &mut Screen, one: &TodayPractice, slug: usize) {
    let practice = &one.practice;
    let difficulty = practice.difficulty.map(|difficulty| difficulty.to_string()).unwrap_or_else(|| "-".to_owned());
    let specificity = &practice.specificity;
    let parts = [
        practice.cue.clone(),
        specificity.when.clone(),
        specificity.place.clone(),
        specificity.how_long.clone(),
        practice.frequency.clone(),
    ];
    let particulars: Vec<String> = parts.into_iter().flatten().collect();
    let mut cells = vec![format!("{difficulty:>4}"), pad(&practice.slug, slug), practice.title.clone()];
    cells.extend((!particulars.is_empty()).then(|| particulars.join(", ")));
    cells.extend(practice.adapted.last().and_then(|adapted| gentler::line(adapted.way)).map(str::to_owned));
    if let Some(last) = one.last.filter(|_| one.today > 0) {
        cells.push(format!("done today {}", time::clock(last, &screen.zone)));
    }
    screen.record(&cells);
}
