//! What a list's address asks for: a view to start from, and what the address says otherwise.

use form_urlencoded::Serializer;
use model::{Desk, EntityDef, Error, Query, Result, Shown, VerbDef};

/// A key that takes back what the view says: `closed=*`.
const TAKEN_BACK: &str = "*";

pub struct Ask {
    pub def: &'static EntityDef,
    /// Where the page stands: the entity's code, or a report of its rows.
    pub at: String,
    /// The view that it starts from.
    pub view: Option<Shown>,
    /// The verb that takes a row out of the view, where the visitor may run it.
    pub verb: Option<&'static VerbDef>,
    /// What the address says beside the view, without the place in the list.
    own: Vec<(String, String)>,
    /// What the view says.
    base: Vec<(String, String)>,
    /// Both together.
    pub query: Query,
    /// `compact`, `roomy` or nothing.
    pub density: String,
    /// The condition whose popover is to stand open.
    pub chip: Option<String>,
    /// The page's number for people, where a cursor leads beyond numbered pages.
    pub beyond: Option<usize>,
}

impl Ask {
    /// Reads an address; what it asks is checked later, by the desk.
    pub fn read(desk: &mut Desk, def: &'static EntityDef, raw: &str) -> Result<Ask> {
        let mut ask = Ask::plain(def);
        let (mut page, mut after, mut view) = (None, None, String::new());
        for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
            match &*key {
                "view" => view = value.into_owned(),
                "page" => page = value.parse().ok().filter(|it| *it > 0),
                "after" => after = Some(value.into_owned()).filter(|it| !it.is_empty()),
                "chip" => ask.chip = Some(value.into_owned()),
                "from" | "count" | "column" | "ids" | "all" | "field" | "format" | "whole" => {}
                _ => ask.own.push((key.into_owned(), value.into_owned())),
            }
        }
        if !view.is_empty() && view != TAKEN_BACK {
            let found = desk.views(def)?.into_iter().find(|it| it.code == view);
            ask.view = Some(found.ok_or_else(|| Error::invalid("view", "unknown_record"))?);
        }
        if let Some(view) = &ask.view {
            let declared = def.views.iter().find(|it| it.code == view.code);
            let verb = declared.and_then(|it| def.verb(it.verb).ok()).map(|it| it.1);
            ask.verb = verb.filter(|it| desk.may(def, it.right).is_ok());
            ask.base = form_urlencoded::parse(view.query.as_bytes()).into_owned().collect();
        }
        let kept = |it: &&(String, String)| !ask.own.iter().any(|own| name(&own.0) == name(&it.0));
        let said =
            |it: &&(String, String)| it.1 != TAKEN_BACK && (!it.1.is_empty() || it.0.contains(['>', '<']));
        let both: Vec<_> = ask.base.iter().filter(kept).chain(ask.own.iter().filter(said)).cloned().collect();
        let density = both.iter().rev().find(|it| it.0 == "density").map(|it| it.1.clone());
        ask.density = density.unwrap_or_default();
        ask.query = Query::parse(&encoded(&both)).ok_or_else(|| Error::invalid("query", "query_too_long"))?;
        (ask.query.page, ask.query.after, ask.beyond) = match after {
            Some(after) => (None, Some(after), page),
            None => (page, None, None),
        };
        Ok(ask)
    }

    /// A list of everything.
    pub fn plain(def: &'static EntityDef) -> Ask {
        Ask {
            def,
            at: def.code.to_owned(),
            view: None,
            verb: None,
            own: Vec::new(),
            base: Vec::new(),
            query: Query { count: true, ..Query::default() },
            density: String::new(),
            chip: None,
            beyond: None,
        }
    }

    /// The address with some keys changed; an empty value takes a key away. Paging begins anew.
    pub fn link(&self, changes: &[(&str, &str)]) -> String {
        self.address("", changes)
    }

    /// The same for a page below the list: `/filter/owner`.
    pub fn address(&self, below: &str, changes: &[(&str, &str)]) -> String {
        let is_changed = |key: &str| changes.iter().any(|it| name(it.0) == name(key));
        let mut pairs: Vec<(String, String)> = Vec::new();
        if let Some(view) = &self.view {
            pairs.push(("view".into(), view.code.clone()));
        }
        pairs.extend(self.own.iter().filter(|it| !is_changed(&it.0)).cloned());
        for (key, value) in changes {
            let value = match *value {
                "" if self.base.iter().any(|it| name(&it.0) == name(key)) => TAKEN_BACK,
                value => value,
            };
            if !value.is_empty() {
                pairs.push(((*key).to_owned(), value.to_owned()));
            }
        }
        if pairs.is_empty() {
            // A bare address would lead to the default view.
            pairs.push(("view".into(), TAKEN_BACK.into()));
        }
        format!("/{}{below}?{}", self.at, encoded(&pairs))
    }

    /// The pairs of the address for a form's hidden fields, but for one key.
    pub fn pairs(&self, but: &str) -> Vec<(&str, &str)> {
        let view = self.view.iter().map(|it| ("view", it.code.as_str()));
        let own = self.own.iter().filter(|it| name(&it.0) != but).map(|it| (it.0.as_str(), it.1.as_str()));
        view.chain(own).collect()
    }

    /// Back to the view as it was saved.
    pub fn reset(&self) -> String {
        let view = self.view.as_ref().map_or(TAKEN_BACK, |it| &it.code);
        format!("/{}?view={view}", self.at)
    }

    /// Whether the address says more than the view.
    pub fn is_changed(&self) -> bool {
        !self.own.is_empty()
    }

    /// The view's own conditions keep a key that the address must take back by name.
    pub fn is_in_view(&self, field: &str) -> bool {
        self.base.iter().any(|it| name(&it.0) == field)
    }

    /// Everything that a saved view keeps.
    pub fn text(&self) -> String {
        let mut text = self.query.text();
        if !self.density.is_empty() {
            text.push_str(&format!("&density={}", encode(&self.density)));
        }
        text.replace("%2C", ",").trim_start_matches('&').to_owned()
    }

    /// The conditions alone: what a batch and a count work on.
    pub fn filter(&self) -> String {
        filter(&self.query).text().replace("%2C", ",")
    }
}

/// A query without order, columns and paging.
pub fn filter(query: &Query) -> Query {
    let Query { q, terms, as_of, .. } = query.clone();
    Query { q, terms, as_of, ..Query::default() }
}

/// The field that a key is about: of `class!` and `missing>0`.
pub fn name(key: &str) -> &str {
    key.split(['!', '~', '>', '<']).next().unwrap_or_default()
}

fn encoded(pairs: &[(String, String)]) -> String {
    let mut out = Serializer::new(String::new());
    pairs.iter().for_each(|(key, value)| {
        out.append_pair(key, value);
    });
    out.finish().replace("%2C", ",")
}

pub fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
