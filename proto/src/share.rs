//! What a client and a helper share: scopes, grants, projected items and loans.

mod caseload;
mod grant;
mod items;
mod loan;
mod scope;

pub use caseload::{CaseloadOpen, CaseloadRow};
pub use grant::{GrantView, Preview, Withheld};
pub use items::{
    SharedAnchor, SharedBelief, SharedExperiment, SharedGoal, SharedPhrase, SharedPractice, SharedPrediction, SharedSafetyPlan,
    SharedSession,
};
pub use loan::Loan;
pub use scope::{Role, Scope};
