//! What a client and a helper share: scopes, grants, projected items, what helpers give back, receipts.

mod caseload;
mod feedback;
mod grant;
mod items;
mod loan;
mod receipt;
mod scope;

pub use caseload::{CaseloadOpen, CaseloadRow, Discuss, Prep, PrepSession};
pub use feedback::{Fit, HelperPrediction, HelperReply, InboxItem, Suggestion, SuggestionState, Understood};
pub use grant::{GrantView, Preview, Withheld};
pub use items::{
    SharedAnchor, SharedAnswer, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPractice, SharedPrediction, SharedRapport,
    SharedSafetyPlan, SharedSession,
};
pub use loan::Loan;
pub use receipt::{AgreedTerms, DeletionAnswer, OpenedRecord, Opening, Receipt, Signature};
pub use scope::{Role, Scope};
