//! What a field may say in the end, computed from what people did and what was before them when they did it.
//!
//! A write takes the place of the values that were shown to its writer, and of no other. So in the end a field says all that was written and
//! that no later writer had before them. Where a machine went down before it answered, or two wrote the same, both is possible: then the field
//! says nothing that it may not, and all that it must.

use std::collections::{BTreeMap, BTreeSet};

/// A value as text: JSON.
pub(crate) type Shown = BTreeSet<String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    No,
    Maybe,
    Yes,
}

#[derive(Debug)]
struct Write {
    value: String,
    happened: bool,
    /// Writes that its writer knew of, for certain.
    known: BTreeSet<usize>,
    /// What its writer saw.
    saw: Shown,
    replaced: Sure,
}

/// One field of one record.
#[derive(Debug)]
pub(crate) struct Register {
    writes: Vec<Write>,
    /// Writes that a device knows of, for certain.
    known: BTreeMap<usize, BTreeSet<usize>>,
    /// Of several values only the one that wins is shown.
    pub(crate) is_single: bool,
    /// What was written apart is merged.
    is_prose: bool,
    /// A machine went down over an undo: anything may stand here.
    pub(crate) is_wild: bool,
}

impl Register {
    /// A field of a record as it was made.
    pub(crate) fn new(value: String, is_single: bool, is_prose: bool) -> Self {
        Self {
            writes: vec![Write { value, happened: true, known: BTreeSet::new(), saw: Shown::new(), replaced: Sure::No }],
            known: BTreeMap::new(),
            is_single,
            is_prose,
            is_wild: false,
        }
    }

    /// Somebody at a device before whom `shown` stood wrote a value; `happened`: and was answered.
    ///
    /// What the device is known to know is replaced, and what may be among what it shows may be.
    pub(crate) fn write(&mut self, device: usize, value: &str, shown: &Shown, happened: bool) {
        let sure = if happened { Sure::Yes } else { Sure::Maybe };
        // Whoever knows a record knows how it was made.
        let mut known = self.known.remove(&device).unwrap_or_else(|| [0].into());
        for one in shown {
            let same: Vec<usize> = (0..self.writes.len()).filter(|at| self.writes[*at].value == *one).collect();
            if let [only] = same[..] {
                self.writes[only].happened = true;
                known.insert(only);
                known.extend(self.writes[only].known.iter().copied());
            }
            // Of two writes that say the same it cannot be told which one the writer knew of: they may be far behind.
            for at in same {
                self.writes[at].replaced = self.writes[at].replaced.max(Sure::Maybe);
            }
        }
        for at in &known {
            self.writes[*at].replaced = self.writes[*at].replaced.max(sure);
        }
        if self.is_single {
            self.writes.iter_mut().for_each(|write| write.replaced = write.replaced.max(Sure::Maybe));
        }
        let past = known.clone();
        if happened {
            known.insert(self.writes.len());
        }
        self.known.insert(device, known);
        self.writes.push(Write { value: value.to_owned(), happened, known: past, saw: shown.clone(), replaced: Sure::No });
    }

    /// Whether this was written once only.
    pub(crate) fn says_once(&self, value: &str) -> bool {
        self.writes.iter().filter(|write| write.value == value).count() == 1
    }

    /// Why what is shown in the end is not what can be.
    pub(crate) fn wrong(&self, shown: &Shown) -> Option<String> {
        let of = |wanted: &dyn Fn(&Write) -> bool| -> Shown {
            self.writes.iter().filter(|write| wanted(write)).map(|write| write.value.clone()).collect()
        };
        // Prose that was set back to what another builds on goes into what that one says.
        let is_shown_in = |write: &Write| {
            let mut shown = self.writes.iter().filter(|one| shown.contains(&one.value) && one.value != write.value);
            let knew = |one: &Write| one.known.iter().any(|at| self.writes[*at].value == write.value);
            self.is_prose && shown.any(|one| one.saw.contains(&write.value) || knew(one))
        };
        let must = of(&|write| write.happened && write.replaced == Sure::No && !is_shown_in(write));
        let may = of(&|write| write.replaced != Sure::Yes);
        let fits = shown.is_subset(&may) && (self.is_single || must.is_subset(shown));
        (!fits && !self.is_wild).then(|| format!("shown {shown:?}, must {must:?}, may {may:?}"))
    }
}

#[test]
fn a_value_that_its_writer_did_not_see_stands_beside_what_they_wrote() {
    let set = |all: &[&str]| -> Shown { all.iter().map(|one| (*one).to_owned()).collect() };
    let mut field = Register::new("first".into(), false, false);
    field.write(0, "mine", &set(&["first"]), true);
    field.write(1, "theirs", &set(&["first"]), true);
    assert!(field.wrong(&set(&["mine", "theirs"])).is_none());
    for wrong in [&["mine"][..], &["theirs"], &["first", "mine", "theirs"], &["first"], &[]] {
        assert!(field.wrong(&set(wrong)).is_some(), "{wrong:?}");
    }
    field.write(0, "both seen", &set(&["mine", "theirs"]), true);
    assert!(field.wrong(&set(&["both seen"])).is_none() && field.wrong(&set(&["both seen", "mine"])).is_some());
    field.write(1, "perhaps", &set(&["both seen"]), false);
    assert!(field.wrong(&set(&["both seen"])).is_none() && field.wrong(&set(&["perhaps"])).is_none());
    assert!(field.wrong(&set(&["mine"])).is_some());
    // A device knows what it wrote itself, also where another wrote the same.
    let mut field = Register::new("false".into(), false, false);
    field.write(0, "true", &set(&["false"]), true);
    field.write(1, "true", &set(&["false"]), true);
    field.write(0, "false", &set(&["true"]), true);
    assert!(field.wrong(&set(&["false", "true"])).is_none() && field.wrong(&set(&["true"])).is_some());
}

#[test]
fn prose_that_goes_back_to_what_another_builds_on_is_in_what_that_one_says() {
    let set = |all: &[&str]| -> Shown { all.iter().map(|one| (*one).to_owned()).collect() };
    for is_prose in [false, true] {
        let mut field = Register::new("first".into(), false, is_prose);
        field.write(0, "mine", &set(&["first"]), true);
        field.write(1, "theirs", &set(&["first"]), true);
        field.write(0, "first", &set(&["mine"]), true);
        assert_eq!(field.wrong(&set(&["theirs"])).is_none(), is_prose);
        assert!(field.wrong(&set(&["first", "theirs"])).is_none() && field.wrong(&set(&["mine"])).is_some());
    }
}
