//! What a grant can let somebody see, and who they are.

use crate::record::words;

words!(
    /// What a grant lets a helper see. A field or a record that no scope names is in none.
    Scope {
        /// Sessions: times, practice, basis, ratings, felt worse, stopped early.
        Ratings = "ratings",
        /// Practices, and of sessions expectancy, willingness, repetitions, duration.
        Practices = "practices",
        /// Experiments.
        Experiments = "experiments",
        /// Phrases and self-talk; of sessions felt state and marks.
        Phrases = "phrases",
        /// Beliefs.
        Beliefs = "beliefs",
        /// Goals.
        Goals = "goals",
        /// Measures.
        Measures = "measures",
        /// Anchors.
        Anchor = "anchor",
        /// Rapport ratings.
        Rapport = "rapport",
        /// The safety plan.
        SafetyPlan = "safety_plan",
        /// Session notes, where it was felt, tags; descriptions of practices.
        Notes = "notes",
    }
);
words!(
    /// Who a helper is to the client.
    #[derive(Default)]
    Role {
        /// A therapist.
        Therapist = "therapist",
        /// A counsellor.
        Counsellor = "counsellor",
        /// A coach.
        Coach = "coach",
        /// A sponsor.
        Sponsor = "sponsor",
        /// A friend.
        Friend = "friend",
        /// Family.
        Family = "family",
        /// A helper of another kind.
        #[default]
        Helper = "helper",
    }
);

impl Role {
    /// The scopes of an invitation that names none: for friend and family only `ratings`.
    pub fn default_scopes(self) -> &'static [Scope] {
        match self {
            Role::Friend | Role::Family => &[Scope::Ratings],
            _ => &[Scope::Ratings, Scope::Practices, Scope::Experiments],
        }
    }
}
