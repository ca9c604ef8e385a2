//! One's own account: password, language, look, sessions, second factor, tokens.

mod page;

pub use page::browser;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use model::system::{Session, Theme, Token, Tongue, User};
use model::{Desk, Entity, Error, Id, Label, Result, Stamp, Value};
use serde::Deserialize;

use super::{local, totp};
use crate::shell::{self, Frame, Page};
use crate::ui::t;
use crate::visitor::{hashed, percent, random_token};
use crate::{Site, Visitor, password, problem};

/// A page, or the page that says why there is none.
type Answer = std::result::Result<Response, Response>;

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/me", get(show))
        .route("/me/password", get(show).post(change_password))
        .route("/me/language", post(language))
        .route("/me/theme", post(theme))
        .route("/me/sessions/{id}/revoke", post(revoke))
        .route("/me/code", post(confirm_code))
        .route("/me/code/disable", post(disable_code))
        .route("/me/tokens", post(make_token))
        .route("/me/tokens/{id}/revoke", post(close_token))
}

#[derive(Deserialize, Default)]
struct Asked {
    #[serde(default)]
    done: String,
    /// Where the visitor was going when the password had to be changed first.
    #[serde(default)]
    to: String,
    /// The second factor is about to be set up.
    #[serde(default)]
    setup: String,
}

/// What the page says beside the account itself.
#[derive(Default)]
pub struct Note {
    /// Part of the page, and what was wrong there.
    pub wrong: Option<(&'static str, Error)>,
    /// A secret that waits for its first code.
    pub secret: Option<String>,
    /// A token that is shown this once.
    pub token: Option<String>,
    /// Where to go on after a change of password.
    pub to: String,
    done: String,
}

async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Answer {
    let secret = match asked.setup.is_empty() {
        true => None,
        false => {
            Some(totp::secret().map_err(|error| problem::page(&site, &headers, Some(&visitor), &error))?)
        }
    };
    draw(&site, &visitor, headers, Note { secret, done: asked.done, to: asked.to, ..Note::default() }).await
}

async fn draw(site: &Site, visitor: &Visitor, headers: HeaderMap, note: Note) -> Answer {
    let (asked, id) = (headers.clone(), visitor.actor.user);
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let user: User = desk.trusted().get(Id::of(id))?;
        let mut sessions: Vec<Session> = desk.trusted().find(&[("user", id.into())])?;
        sessions.retain(|it| it.expires > desk.now());
        sessions.reverse();
        let tokens: Vec<Token> = desk.trusted().find(&[("user", id.into()), ("closed", 0.into())])?;
        let may = desk.may(Token::DEF, "create").is_ok();
        let zone = desk.catalog().zone.clone();
        Ok((
            Frame::read(desk, &asked)?,
            page::Account { user, sessions, tokens: may.then_some(tokens), zone },
        ))
    });
    let (frame, account) =
        read.await.map_err(|error| problem::page(site, &headers, Some(visitor), &error))?;
    let lang = visitor.lang();
    let body = page::draw(site, visitor, &account, &note)
        .map_err(|error| problem::page(site, &headers, Some(visitor), &error))?;
    let mut page = Page::new(t(lang, "我的账户", "My account"), "me", body);
    page.class = "ky-main";
    page.toast = page::done(&note.done, lang);
    let mut response = shell::page(visitor, &frame, &headers, page);
    if let Some((_, error)) = &note.wrong {
        *response.status_mut() = problem::status(error);
    }
    Ok(response)
}

/// Back to the page, with what was wrong or a word that it was done.
async fn end(
    site: &Site,
    visitor: &Visitor,
    headers: HeaderMap,
    part: &'static str,
    result: Result<()>,
) -> Answer {
    match result {
        Ok(()) => Ok(Redirect::to(&format!("/me?done={part}")).into_response()),
        Err(error) => {
            draw(site, visitor, headers, Note { wrong: Some((part, error)), ..Note::default() }).await
        }
    }
}

#[derive(Deserialize)]
struct Passwords {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    to: String,
}

async fn change_password(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Passwords>,
) -> Answer {
    let to = given.to.clone();
    let result = new_password(&site, &visitor, given).await;
    if result.is_ok() && crate::settings::setup::is_due(&site, visitor.actor.user).await {
        return Ok(Redirect::to("/setup").into_response());
    }
    match result {
        Ok(()) if !to.is_empty() => Ok(Redirect::to(super::local(&to)).into_response()),
        Err(error) => {
            let wrong = Some(("password", error));
            draw(&site, &visitor, headers, Note { wrong, to, ..Note::default() }).await
        }
        done => end(&site, &visitor, headers, "password", done).await,
    }
}

async fn new_password(site: &Site, visitor: &Visitor, given: Passwords) -> Result<()> {
    let user = site.own(visitor).await?;
    password::check(&given.new, &user.login)?;
    if given.new != given.again {
        let says = Label { zh: "两次输入的新密码不一样", en: "The two new passwords differ" };
        return Err(Error::fault("again", "different", says));
    }
    site.prove(visitor, &user, given.old).await?;
    let hash = site.gate.slowly(move || password::hash(&given.new)).await??;
    let (id, session) = (user.id, visitor.session);
    site.db
        .write_async(&visitor.actor, move |desk| {
            let mut user = desk.trusted().get(id)?;
            user.password.clone_from(&hash);
            user.must_change = false;
            desk.trusted().save(&mut user)?;
            // Whoever knew the old password is out.
            for other in desk.trusted().find::<Session>(&[("user", (&id).into())])? {
                if other.id.0 != session {
                    desk.trusted().delete(other)?;
                }
            }
            Ok(())
        })
        .await
}

impl Site {
    async fn own(&self, visitor: &Visitor) -> Result<User> {
        let id = visitor.actor.user;
        self.db.read_async(&visitor.actor, move |desk| desk.trusted().get(Id::of(id))).await
    }

    /// Asks for the password once more, as slowly as at the door.
    async fn prove(&self, visitor: &Visitor, user: &User, given: String) -> Result<()> {
        let says = Label { zh: "现在的密码不正确", en: "The present password is wrong" };
        let key = format!("own:{}", visitor.actor.user);
        if self.gate.locked(&key).is_some() {
            let says = Label {
                zh: "输错次数过多，稍后再试",
                en: "Too many wrong passwords; try again later",
            };
            return Err(Error::refused("locked", says));
        }
        let kept = user.password.clone();
        if self.gate.slowly(move || password::matches(&given, Some(&kept))).await? {
            self.gate.forgive(&key);
            return Ok(());
        }
        self.gate.blame(&key, 5, 15);
        Err(Error::fault("old", "wrong_password", says))
    }

    /// Changes the visitor's own user.
    async fn change_own(&self, visitor: &Visitor, change: impl Fn(&mut User) + Send + 'static) -> Result<()> {
        let id = visitor.actor.user;
        self.db
            .write_async(&visitor.actor, move |desk| {
                let mut user = desk.trusted().get::<User>(Id::of(id))?;
                change(&mut user);
                desk.trusted().save(&mut user).map(drop)
            })
            .await
    }
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    language: String,
    #[serde(default)]
    theme: String,
}

/// Changes the language and stays on the page.
async fn language(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Chosen>,
) -> Answer {
    let tongue = if given.language == "en" { Tongue::En } else { Tongue::Zh };
    let changed = site.change_own(&visitor, move |user| user.language = tongue).await;
    changed.map_err(|error| problem::page(&site, &headers, Some(&visitor), &error))?;
    let lang = if tongue == Tongue::En { "en" } else { "zh" };
    let cookie = format!("ky_lang={lang}; Path=/; Max-Age=31536000; SameSite=Lax");
    Ok(([("set-cookie", cookie)], Redirect::to(&back(&headers))).into_response())
}

async fn theme(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Chosen>,
) -> Answer {
    let (theme, name) = match given.theme.as_str() {
        "light" => (Theme::Light, "light"),
        "dark" => (Theme::Dark, "dark"),
        _ => (Theme::System, "system"),
    };
    let changed = site.change_own(&visitor, move |user| user.theme = theme).await;
    changed.map_err(|error| problem::page(&site, &headers, Some(&visitor), &error))?;
    let cookie = format!("ky_theme={name}; Path=/; Max-Age=31536000; SameSite=Lax");
    Ok(([("set-cookie", cookie)], Redirect::to("/me")).into_response())
}

/// The page that a form stood on, as far as it is one of ours.
fn back(headers: &HeaderMap) -> String {
    let from = headers.get("referer").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let path = from.split_once("://").and_then(|it| it.1.find('/').map(|at| &it.1[at..]));
    local(path.unwrap_or("/me")).to_owned()
}

async fn revoke(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Answer {
    let user = visitor.actor.user;
    let gone = site.db.write_async(&visitor.actor, move |desk| {
        let session = desk.trusted().get::<Session>(Id::of(id))?;
        match session.user.0 == user {
            true => desk.trusted().delete(session),
            false => Err(Error::missing(format!("session/{id}"))),
        }
    });
    let gone = gone.await;
    end(&site, &visitor, headers, "session", gone).await
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    old: String,
}

/// The second factor begins to count once its first code was right.
async fn confirm_code(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Code>,
) -> Answer {
    if totp::step_of(&given.secret, &given.code, super::seconds()).is_none() {
        let says = Label {
            zh: "动态口令不正确，请核对手机时间后再试",
            en: "Wrong code; check the clock of your phone",
        };
        let wrong = Some(("code", Error::fault("code", "one_time_code", says)));
        return draw(&site, &visitor, headers, Note { wrong, secret: Some(given.secret), ..Note::default() })
            .await;
    }
    let secret = given.secret;
    let enable = async {
        let wanted = Some(secret.clone());
        let set = move |user: &mut User| {
            user.totp = user.totp.take().filter(|it| !it.is_empty()).or_else(|| Some(secret.clone()));
        };
        site.change_own(&visitor, set).await?;
        // A factor that is there goes first, for which the password is asked.
        if site.own(&visitor).await?.totp != wanted {
            let says = Label {
                zh: "两步验证已开启，先停用再重新设置",
                en: "Two-step sign-in is on; turn it off first",
            };
            return Err(Error::refused("wrong_state", says));
        }
        Ok(())
    };
    let result = enable.await;
    end(&site, &visitor, headers, "code", result).await
}

async fn disable_code(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Code>,
) -> Answer {
    let disable = async {
        let user = site.own(&visitor).await?;
        site.prove(&visitor, &user, given.old).await?;
        site.change_own(&visitor, |user| user.totp = None).await
    };
    let result = disable.await;
    end(&site, &visitor, headers, "code", result).await
}

#[derive(Deserialize)]
struct Asks {
    #[serde(default)]
    name: String,
    #[serde(default)]
    expires: String,
}

/// A token is shown once; the database keeps its hash.
async fn make_token(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Asks>,
) -> Answer {
    let made = new_token(&site, &visitor, given).await;
    let note = match made {
        Ok(token) => Note { token: Some(token), ..Note::default() },
        Err(error) => Note { wrong: Some(("tokens", error)), ..Note::default() },
    };
    draw(&site, &visitor, headers, note).await
}

async fn new_token(site: &Site, visitor: &Visitor, given: Asks) -> Result<String> {
    let token = format!("ky_{}", random_token()?);
    let (hash, user) = (hashed(&token), visitor.actor.user);
    let name: String = given.name.trim().chars().take(100).collect();
    if name.is_empty() {
        return Err(Error::invalid("name", "required"));
    }
    let expires = match given.expires.trim() {
        "" => None,
        date => Some(date.parse().map_err(|_| Error::invalid("expires", "malformed_date"))?),
    };
    site.db
        .write_async(&visitor.actor, move |desk: &mut Desk| {
            desk.may(Token::DEF, "create")?;
            let mut token = Token {
                id: Id::NEW,
                name: name.clone(),
                user: Id::of(user),
                token: hash.clone(),
                expires,
                seen: None,
                closed: false,
                stamp: Stamp::default(),
            };
            desk.trusted().save(&mut token).map(drop)
        })
        .await?;
    Ok(token)
}

async fn close_token(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<i64>,
) -> Answer {
    let user = visitor.actor.user;
    let closed = site.db.write_async(&visitor.actor, move |desk| {
        let found = desk.trusted().first::<Token>(&[("id", Value::Int(id)), ("user", user.into())])?;
        let mut token = found.ok_or_else(|| Error::missing(format!("token/{id}")))?;
        token.closed = true;
        desk.trusted().save(&mut token).map(drop)
    });
    let closed = closed.await;
    end(&site, &visitor, headers, "tokens", closed).await
}

/// Where a visitor who must change the password is sent: whoever chose the present one may make no token and set no
/// second factor with it.
pub fn detour(path: &str) -> Option<String> {
    let own = ["/me", "/me/password", "/me/language", "/me/theme", "/logout", "/help"];
    let allowed = own.contains(&path) || path.starts_with("/help/");
    (!allowed).then(|| format!("/me/password?to={}", percent(path)))
}
