//! Codes as people write them: by code, by name in either language, and of a tree by the names along the way, joined
//! or parted, in full or in short: 北京大兴, 天津市滨海新区, 江苏 苏州 昆山.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::system::CodeEntry;
use crate::{Catalog, Registry};

/// A code table prepared for many questions.
pub(super) struct Names {
    table: &'static str,
    catalog: Arc<Catalog>,
    registry: Registry,
    tree: bool,
    known: HashMap<String, usize>,
}

pub(super) enum Answer {
    Code(String),
    Unknown,
    /// More than one entry is called so.
    Unclear,
}

impl Names {
    pub fn new(catalog: Arc<Catalog>, table: &'static str) -> Names {
        let entries = catalog.codes(table);
        let mut known = HashMap::with_capacity(entries.len() * 2);
        let mut twice = HashSet::new();
        for (at, entry) in entries.iter().enumerate() {
            for name in [Some(entry.name.as_str()), entry.name_en.as_deref()].into_iter().flatten() {
                let name = name.to_lowercase();
                if known.insert(name.clone(), at).is_some_and(|other| other != at) {
                    twice.insert(name);
                }
            }
        }
        known.retain(|name, _| !twice.contains(name));
        let tree = entries.iter().any(|it| it.above.is_some());
        Names { table, registry: catalog.registry, catalog, tree, known }
    }

    /// Whether entries stand below one another.
    pub fn is_tree(&self) -> bool {
        self.tree
    }

    pub fn is_of(&self, catalog: &Arc<Catalog>) -> bool {
        Arc::ptr_eq(&self.catalog, catalog)
    }

    pub fn find(&self, text: &str) -> Answer {
        if let Some(entry) = self.catalog.code(self.table, text) {
            return Answer::Code(entry.code.clone());
        }
        // Where several have a name, an export writes the code behind it.
        let named = text.strip_suffix(')').and_then(|it| it.rsplit_once(" ("));
        if let Some(entry) = named.and_then(|it| self.catalog.code(self.table, it.1)) {
            return Answer::Code(entry.code.clone());
        }
        let lower = text.to_lowercase();
        if let Some(&at) = self.known.get(&lower) {
            return Answer::Code(self.catalog.codes(self.table)[at].code.clone());
        }
        let word = self.registry.words.iter().find(|it| it.0 == self.table && it.1 == lower);
        if let Some(entry) = word.and_then(|it| self.catalog.code(self.table, it.2)) {
            return Answer::Code(entry.code.clone());
        }
        let same = |it: &&CodeEntry| it.code.to_lowercase() == lower;
        if let Some(entry) = self.catalog.codes(self.table).iter().find(same) {
            return Answer::Code(entry.code.clone());
        }
        if !self.tree {
            return Answer::Unknown;
        }
        let is_mark =
            |c: char| c.is_whitespace() || matches!(c, '-' | '/' | '·' | '、' | ',' | '，' | '>' | '—' | '|');
        let joined: String = text.chars().filter(|c| !is_mark(*c)).collect();
        let joined = joined.replace("市辖区", "");
        let mut found = Vec::new();
        self.walk(&joined, None, 0, &mut found);
        found.sort_by(|a, b| a.code.cmp(&b.code));
        found.dedup_by(|a, b| a.code == b.code);
        // Whoever names a province means it, though a city in it has the same name.
        let top: Vec<_> = found.iter().filter(|it| it.above.is_none()).collect();
        match (found.as_slice(), top.as_slice()) {
            ([], _) => Answer::Unknown,
            ([only], _) => Answer::Code(only.code.clone()),
            (_, [only]) => Answer::Code(only.code.clone()),
            _ => Answer::Unclear,
        }
    }

    /// All entries below `within` whose path the text spells out to its end.
    fn walk<'a>(&'a self, text: &str, within: Option<&str>, depth: usize, found: &mut Vec<&'a CodeEntry>) {
        if text.is_empty() || depth > 5 {
            return;
        }
        for entry in self.catalog.codes(self.table) {
            let first = entry.name.chars().next();
            if first != text.chars().next() || within.is_some_and(|above| !self.is_below(entry, above)) {
                continue;
            }
            let rest = text.strip_prefix(entry.name.as_str());
            let rest = rest.or_else(|| text.strip_prefix((self.registry.short)(&entry.name)));
            match rest {
                None => {}
                Some("") => found.push(entry),
                Some(rest) => self.walk(rest, Some(&entry.code), depth + 1, found),
            }
        }
    }

    fn is_below(&self, entry: &CodeEntry, above: &str) -> bool {
        let mut at = entry.above.as_deref();
        for _ in 0..8 {
            match at {
                Some(code) if code == above => return true,
                Some(code) => at = self.catalog.code(self.table, code).and_then(|it| it.above.as_deref()),
                None => return false,
            }
        }
        false
    }
}
