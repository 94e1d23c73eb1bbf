//! `asif tag`

use asif_proto::local::{Known, Reply, Request, TagAsk};

use crate::completion::names;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::render::{session, tag};

/// Tags: what there is, and what has them.
///
/// Alone it lists the tags in use. With an id it adds tags to what you wrote down, or takes them away; a # before a tag is left out.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which session or note: an id, or the end of one
    #[arg(value_name = "ID", add = names(Known::Sessions))]
    id: Option<String>,
    /// A tag to add; several can be given
    #[arg(value_name = "TAG", value_parser = super::prose::words, add = names(Known::Tags))]
    tags: Vec<String>,
    /// A tag to take away; can be given again
    #[arg(long, value_name = "TAG", add = names(Known::Tags))]
    remove: Vec<String>,
    /// Call a tag something else, wherever it is
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], value_parser = super::prose::words, conflicts_with_all = ["id", "tags", "remove"], add = names(Known::Tags))]
    rename: Option<Vec<String>>,
}

impl Args {
    /// Lists tags, or changes them.
    pub fn run(self, context: &mut Context<'_, '_>) -> Outcome {
        if let Some([from, to]) = self.rename.as_deref() {
            let ask = TagAsk::Rename { from: from.clone(), to: to.clone() };
            let renamed =
                context.ask_for(Request::Tag(ask), |reply| if let Reply::TagRenamed(renamed) = reply { Some(renamed) } else { None })?;
            return context.tell(&renamed, |screen| tag::renamed(screen, &renamed));
        }
        let Some(id) = self.id else {
            if !self.remove.is_empty() {
                return Err(CommandError::usage("it is not said of what the tag is taken away", "asif tag ID --remove TAG"));
            }
            let tags =
                context.ask_for(Request::Tag(TagAsk::List), |reply| if let Reply::Tags(tags) = reply { Some(tags) } else { None })?;
            context.tell(&tags, |screen| tag::list(screen, &tags))?;
            if tags.is_empty() && !context.json() {
                context.say("There are no tags yet: asif tag ID TAG, or asif log P --tag TAG");
            }
            return Ok(());
        };
        if self.tags.is_empty() && self.remove.is_empty() {
            return Err(CommandError::usage(
                "no tag was named",
                format!("asif tag {id} TAG adds one, asif tag {id} --remove TAG takes it away"),
            ));
        }
        let ask = TagAsk::Change { id, add: self.tags, remove: self.remove };
        let tagged = context.ask_for(Request::Tag(ask), |reply| if let Reply::Session(session) = reply { Some(session) } else { None })?;
        context.tell(&tagged, |screen| session::tagged(screen, &tagged))
    }
}
