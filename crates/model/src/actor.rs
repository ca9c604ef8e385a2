//! Who is at the desk.

use std::sync::Arc;

use crate::{Lang, Rights};

/// Through which door somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Browser,
    Api,
    CommandLine,
    /// A piece of work in the background, on behalf of the user.
    Job,
    /// A link that was sent to somebody without an account.
    Link,
    /// The program itself: first start, demo.
    System,
}

impl Door {
    pub fn code(self) -> &'static str {
        match self {
            Door::Browser => "browser",
            Door::Api => "api",
            Door::CommandLine => "command_line",
            Door::Job => "job",
            Door::Link => "link",
            Door::System => "system",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Actor {
    pub door: Door,
    /// 0 for the command line and the program itself.
    pub user: i64,
    pub department: i64,
    pub lang: Lang,
    pub rights: Arc<Rights>,
}

impl Actor {
    /// The program's own hand, from which nothing is kept.
    pub fn system(door: Door, lang: Lang) -> Actor {
        Actor { door, user: 0, department: 0, lang, rights: Arc::new(Rights::EVERYTHING) }
    }
}
