//! The engine's own nouns, declared with the same derive as everybody's.

mod attached;
mod people;
mod settings;
mod work;

pub use attached::{Attachment, Follower, Link, Note, Tag, Team, hashed};
pub use people::{Department, DepartmentKind, Role, Session, Theme, Token, Tongue, User, UserRole};
pub(crate) use people::{keeper_remains, may_grant};
pub use settings::{
    CodeEntry, CustomField, CustomKind, ImportProfile, NumberRule, Parameter, SavedView, Sharing,
};
pub use work::{Access, ImportBatch, Job, JobStatus, WORDS};

use crate::{Entity, EntityDef};

/// In reading order; a registry begins with these.
pub static ENTITIES: &[&EntityDef] = &[
    Department::DEF,
    Role::DEF,
    User::DEF,
    UserRole::DEF,
    Session::DEF,
    Token::DEF,
    CodeEntry::DEF,
    Parameter::DEF,
    CustomField::DEF,
    NumberRule::DEF,
    SavedView::DEF,
    ImportProfile::DEF,
    Attachment::DEF,
    Note::DEF,
    Tag::DEF,
    Follower::DEF,
    Team::DEF,
    Link::DEF,
    ImportBatch::DEF,
    Job::DEF,
    Access::DEF,
];

/// What the catalog keeps in memory: writing one of these makes every process load it again.
pub fn is_cached(def: &EntityDef) -> bool {
    let cached: [&EntityDef; 8] = [
        Department::DEF,
        Role::DEF,
        User::DEF,
        UserRole::DEF,
        CodeEntry::DEF,
        Parameter::DEF,
        CustomField::DEF,
        NumberRule::DEF,
    ];
    cached.iter().any(|it| std::ptr::eq(*it, def))
}
