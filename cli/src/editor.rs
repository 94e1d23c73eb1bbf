//! The person's own editor, opened on a text that no disk may hold.
//!
//! ```text
//! program   which editor: config, VISUAL, EDITOR, what there is; known what it writes of its own, and how that is kept out of the way
//! place     a folder of our own on a memory file system, with the text in it; gone with whoever made it
//! running   the editor at the terminal, until it ends or this program is told to
//! ended     what the person wrote, also where the editor was killed before they saved it
//! left      what an asif that was killed has left in memory: found at the next start
//! ```

pub mod ended;
pub mod known;
pub mod left;
pub mod place;
pub mod program;
pub mod running;

pub use ended::Ended;
pub use place::Place;
pub use program::Editor;
pub use running::How;
