//! Who comes through the door: the session's user with rights, language and theme, or nobody.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
pub use model::system::hashed;
use model::system::{Session, Theme, Token, Tongue};
use model::{Actor, Door, Error, Lang, Moment, Result, Scalar, Value};

use crate::Site;

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub actor: Arc<Actor>,
    pub name: String,
    /// Position or department: what stands below the name.
    pub post: String,
    pub theme: &'static str,
    /// The session or the token by which they came.
    pub session: i64,
    pub must_change: bool,
}

impl Visitor {
    pub fn lang(&self) -> Lang {
        self.actor.lang
    }

    /// Whether any grant of the visitor's roles gives this right to an entity.
    pub fn can(&self, def: &model::EntityDef, right: &str) -> bool {
        self.actor.rights.can(def, right)
    }
}

/// The cookie's name: with the prefix where the browser can be held to it.
pub const COOKIE: &str = "ky_session";
pub const SECURE_COOKIE: &str = "__Host-ky_session";

/// A new token of 256 random bits.
pub fn random_token() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|it| it.to_str().ok());
    all.flat_map(|it| it.split(';')).find_map(|it| it.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The language that a browser asks for before anybody has signed in.
pub fn preferred(headers: &HeaderMap) -> Lang {
    if let Some(lang) = cookie(headers, "ky_lang").and_then(Lang::of) {
        return lang;
    }
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok()).unwrap_or("zh");
    wanted.split(',').find_map(|it| Lang::of(it.trim())).unwrap_or_default()
}

impl Site {
    /// The visitor of a browser's session, or of a program's token.
    pub async fn visitor(&self, headers: &HeaderMap) -> Result<Option<Visitor>> {
        let bearer =
            headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
        if let Some(token) = bearer {
            return self.by_token(hashed(token)).await;
        }
        let session = cookie(headers, SECURE_COOKIE).or_else(|| cookie(headers, COOKIE));
        let Some(token) = session else { return Ok(None) };
        let mut found = self.by_session(hashed(token)).await?;
        // The switch in the page counts at once, in this browser.
        if let Some(visitor) = found.as_mut().filter(|_| cookie(headers, "ky_theme").is_some()) {
            visitor.theme = crate::login::theme(headers);
        }
        Ok(found)
    }

    async fn by_session(&self, hash: String) -> Result<Option<Visitor>> {
        let found = self.db.read_async(&self.system, move |desk| {
            let now = desk.now();
            let found = desk.trusted().first::<Session>(&[("token", Value::Text(hash))])?;
            let Some(session) = found.filter(|it| it.expires > now) else { return Ok(None) };
            let visitor = visitor(desk, session.user.0, session.id.0, Door::Browser);
            let stale = now.duration_since(session.seen).as_secs() > 300;
            Ok(visitor.map(|it| (it, stale.then_some(session.id))))
        });
        let Some((visitor, stale)) = found.await? else { return Ok(None) };
        if let Some(id) = stale {
            // That somebody was here is no event, and nobody waits for it.
            let (db, system) = (self.db.clone(), self.system.clone());
            tokio::spawn(async move {
                let seen = db.write_async(&system, move |desk| {
                    let now: Value = Moment::now().value();
                    desk.trusted().touch::<Session>(id, "seen", now.clone())
                });
                let _ = seen.await;
            });
        }
        Ok(Some(visitor))
    }

    async fn by_token(&self, hash: String) -> Result<Option<Visitor>> {
        self.db
            .read_async(&self.system, move |desk| {
                let today = desk.today();
                let found = desk.trusted().first::<Token>(&[("token", Value::Text(hash))])?;
                let token = found.filter(|it| !it.closed && it.expires.is_none_or(|day| day >= today));
                Ok(token.and_then(|it| visitor(desk, it.user.0, it.id.0, Door::Api)))
            })
            .await
    }
}

fn visitor(desk: &model::Desk, user: i64, session: i64, door: Door) -> Option<Visitor> {
    let catalog = desk.catalog();
    let person = catalog.users.get(&user).filter(|it| !it.user.closed)?;
    let it = &person.user;
    let lang = match it.language {
        Tongue::Zh => Lang::Zh,
        Tongue::En => Lang::En,
    };
    let department = it.department.map_or(0, |it| it.0);
    let post = it.position.clone().filter(|it| !it.is_empty());
    let post = post.or_else(|| catalog.department(department).map(|it| it.name.clone())).unwrap_or_default();
    let theme = match it.theme {
        Theme::System => "system",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    let rights = Arc::new(catalog.rights(user));
    let actor = Arc::new(Actor { door, user, department, lang, rights });
    Some(Visitor { actor, name: it.name.clone(), post, theme, session, must_change: it.must_change })
}

/// Text for a place in a URL's query.
pub fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
