//! What a field may say in the end, computed from what people did and what was before them when they did it.
//!
//! A write takes the place of the values that were shown to its writer, and of no other. So in the end a field says all that was written and
//! that no later writer had before them. Where a machine went down before it answered, or two wrote the same, both is possible: then the field
//! says nothing that it may not, and all that it must.

use std::collections::BTreeSet;

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
    replaced: Sure,
}

/// One field of one record.
#[derive(Debug)]
pub(crate) struct Register {
    writes: Vec<Write>,
    /// Of several values only the one that wins is shown.
    pub(crate) is_single: bool,
    /// A machine went down over an undo: anything may stand here.
    pub(crate) is_wild: bool,
}

impl Register {
    /// A field of a record as it was made.
    pub(crate) fn new(value: String, is_single: bool) -> Self {
        Self { writes: vec![Write { value, happened: true, replaced: Sure::No }], is_single, is_wild: false }
    }

    /// Somebody before whom `shown` stood wrote a value; `happened`: and was answered.
    pub(crate) fn write(&mut self, value: &str, shown: &Shown, happened: bool) {
        let sure = if happened { Sure::Yes } else { Sure::Maybe };
        for one in shown {
            // Of two writes that say the same it cannot be told which one the writer knew of: they may be far behind.
            let certain = self.writes.iter().filter(|write| write.value == *one).count() == 1;
            for write in self.writes.iter_mut().filter(|write| write.value == *one) {
                write.happened |= certain;
                write.replaced = write.replaced.max(if certain { sure } else { Sure::Maybe });
            }
        }
        // Whoever knows a record knows how it was made.
        if let Some(first) = self.writes.first_mut() {
            first.replaced = first.replaced.max(sure);
        }
        if self.is_single {
            self.writes.iter_mut().for_each(|write| write.replaced = write.replaced.max(Sure::Maybe));
        }
        self.writes.push(Write { value: value.to_owned(), happened, replaced: Sure::No });
    }

    /// Why what is shown in the end is not what can be.
    pub(crate) fn wrong(&self, shown: &Shown) -> Option<String> {
        let of = |wanted: &dyn Fn(&Write) -> bool| -> Shown {
            self.writes.iter().filter(|write| wanted(write)).map(|write| write.value.clone()).collect()
        };
        let must = of(&|write| write.happened && write.replaced == Sure::No);
        let may = of(&|write| write.replaced != Sure::Yes);
        let fits = shown.is_subset(&may) && (self.is_single || must.is_subset(shown));
        (!fits && !self.is_wild).then(|| format!("shown {shown:?}, must {must:?}, may {may:?}"))
    }
}

#[test]
fn a_value_that_its_writer_did_not_see_stands_beside_what_they_wrote() {
    let set = |all: &[&str]| -> Shown { all.iter().map(|one| (*one).to_owned()).collect() };
    let mut field = Register::new("first".into(), false);
    field.write("mine", &set(&["first"]), true);
    field.write("theirs", &set(&["first"]), true);
    assert!(field.wrong(&set(&["mine", "theirs"])).is_none());
    for wrong in [&["mine"][..], &["theirs"], &["first", "mine", "theirs"], &["first"], &[]] {
        assert!(field.wrong(&set(wrong)).is_some(), "{wrong:?}");
    }
    field.write("both seen", &set(&["mine", "theirs"]), true);
    assert!(field.wrong(&set(&["both seen"])).is_none() && field.wrong(&set(&["both seen", "mine"])).is_some());
    field.write("perhaps", &set(&["both seen"]), false);
    assert!(field.wrong(&set(&["both seen"])).is_none() && field.wrong(&set(&["perhaps"])).is_none());
    assert!(field.wrong(&set(&["mine"])).is_some());
}
