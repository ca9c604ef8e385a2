//! One's own account: password, language, look, sessions, second factor, tokens.

mod page;

pub use page::browser;

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use model::system::{Session, Theme, Token, Tongue, User};
use model::{Desk, Entity, Error, Id, Input, Label, Result, Stamp};

use super::{local, totp, with_cookies};
use crate::settings::setup;
use crate::shell::Page;
use crate::ui::t;
use crate::visit::{Answer, At, Sent, Visit};
use crate::visitor::{hashed, percent, random_token};
use crate::{Site, password, problem};

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
        .route("/token/new", get(tokens))
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
    /// The part that was just done.
    done: String,
}

async fn show(visit: Visit) -> Answer {
    let asked = visit.query();
    let secret = if asked.text("setup").is_empty() { None } else { Some(totp::secret()?) };
    let (to, done) = (asked.text("to").to_owned(), asked.text("done").to_owned());
    draw(&visit, Note { secret, to, done, ..Note::default() }).await
}

/// A token is made where it is shown.
async fn tokens(_: Visit) -> Redirect {
    Redirect::to("/me#tokens")
}

async fn draw(visit: &Visit, note: Note) -> Answer {
    let (site, visitor) = (visit.site.clone(), visit.visitor.clone());
    let read = move |desk: &mut Desk| {
        let id = visitor.actor.user;
        let user: User = desk.trusted().get(Id::of(id))?;
        let mut sessions: Vec<Session> = desk.trusted().find(&[("user", id.into())])?;
        sessions.retain(|it| it.expires > desk.now());
        sessions.reverse();
        let tokens = match desk.may(Token::DEF, "create") {
            Ok(_) => Some(desk.trusted().find(&[("user", id.into()), ("closed", 0.into())])?),
            Err(_) => None,
        };
        let lang = visitor.lang();
        let account = page::Account { user, sessions, tokens, catalog: desk.catalog().clone() };
        let body = page::draw(&site, &visitor, &account, &note)?;
        let mut page = Page::new(t(lang, "我的账户", "My account"), "me", body);
        page.class = "ky-main";
        page.toast = page::done(&note.done, lang);
        if let Some((_, error)) = &note.wrong {
            page.status = problem::status(error);
        }
        Ok(page)
    };
    visit.show(read).await
}

/// Back to the page, with what was wrong or a word that it was done.
async fn end(visit: &Visit, part: &'static str, result: Result<()>) -> Answer {
    match result {
        Ok(()) => Ok(Redirect::to(&format!("/me?done={part}")).into_response()),
        Err(error) => draw(visit, Note { wrong: Some((part, error)), ..Note::default() }).await,
    }
}

async fn change_password(visit: Visit, Sent(given): Sent) -> Answer {
    let to = given.text("to").to_owned();
    if let Err(error) = new_password(&visit, given).await {
        return draw(&visit, Note { wrong: Some(("password", error)), to, ..Note::default() }).await;
    }
    let to = match to.as_str() {
        _ if setup::is_due(&visit.site, visit.visitor.actor.user).await => "/setup",
        "" => "/me?done=password",
        to => local(to),
    };
    Ok(Redirect::to(to).into_response())
}

async fn new_password(visit: &Visit, mut given: Input) -> Result<()> {
    let user = own(visit).await?;
    let new = given.take("new").unwrap_or_default();
    password::check(&new, &user.login)?;
    if new != given.text("again") {
        let says = Label { zh: "两次输入的新密码不一样", en: "The two new passwords differ" };
        return Err(Error::fault("again", "different", says));
    }
    prove(visit, &user, given.text("old")).await?;
    let hash = visit.site.gate.slowly(move || password::hash(&new)).await??;
    let (id, session) = (user.id, visit.visitor.session);
    let write = visit.write(move |desk| {
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
    });
    write.await
}

async fn own(visit: &Visit) -> Result<User> {
    let id = visit.visitor.actor.user;
    visit.read(move |desk| desk.trusted().get(Id::of(id))).await
}

/// Asks for the password once more, as slowly as at the door.
async fn prove(visit: &Visit, user: &User, given: &str) -> Result<()> {
    let (gate, key) = (&visit.site.gate, format!("own:{}", visit.visitor.actor.user));
    if gate.locked(&key).is_some() {
        let says = Label {
            zh: "输错次数过多，稍后再试", en: "Too many wrong passwords; try again later"
        };
        return Err(Error::refused("locked", says));
    }
    let (given, kept) = (given.to_owned(), user.password.clone());
    if gate.slowly(move || password::matches(&given, Some(&kept))).await? {
        gate.forgive(&key);
        return Ok(());
    }
    gate.blame(&key, 5, 15);
    let says = Label { zh: "现在的密码不正确", en: "The present password is wrong" };
    Err(Error::fault("old", "wrong_password", says))
}

/// Changes the visitor's own user.
async fn change_own(visit: &Visit, change: impl Fn(&mut User) + Send + 'static) -> Result<()> {
    let id = visit.visitor.actor.user;
    let write = visit.write(move |desk| {
        let mut user = desk.trusted().get::<User>(Id::of(id))?;
        change(&mut user);
        desk.trusted().save(&mut user).map(drop)
    });
    write.await
}

/// Changes the language and stays on the page.
async fn language(visit: Visit, Sent(given): Sent) -> Answer {
    let (tongue, lang) = if given.text("language") == "en" { (Tongue::En, "en") } else { (Tongue::Zh, "zh") };
    change_own(&visit, move |user| user.language = tongue).await?;
    // The page that the form stood on, as far as it is one of ours.
    let from = visit.headers.get("referer").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let path = from.split_once("://").and_then(|it| it.1.find('/').map(|at| &it.1[at..]));
    let back = Redirect::to(local(path.unwrap_or("/me"))).into_response();
    Ok(with_cookies(back, [format!("ky_lang={lang}; Path=/; Max-Age=31536000; SameSite=Lax")]))
}

async fn theme(visit: Visit, Sent(given): Sent) -> Answer {
    let (theme, name) = match given.text("theme") {
        "light" => (Theme::Light, "light"),
        "dark" => (Theme::Dark, "dark"),
        _ => (Theme::System, "system"),
    };
    change_own(&visit, move |user| user.theme = theme).await?;
    let cookie = format!("ky_theme={name}; Path=/; Max-Age=31536000; SameSite=Lax");
    Ok(with_cookies(Redirect::to("/me").into_response(), [cookie]))
}

async fn revoke(visit: Visit, At(id): At<i64>) -> Answer {
    let user = visit.visitor.actor.user;
    let gone = visit.write(move |desk| {
        let mine = desk.trusted().first::<Session>(&[("id", id.into()), ("user", user.into())])?;
        desk.trusted().delete(mine.ok_or_else(|| Error::missing(format!("session/{id}")))?)
    });
    end(&visit, "session", gone.await).await
}

/// The second factor begins to count once its first code was right.
async fn confirm_code(visit: Visit, Sent(mut given): Sent) -> Answer {
    let secret = given.take("secret").unwrap_or_default();
    if totp::step_of(&secret, given.text("code"), super::seconds()).is_none() {
        let says = Label {
            zh: "动态口令不正确，请核对手机时间后再试",
            en: "Wrong code; check the clock of your phone",
        };
        let wrong = Some(("code", Error::fault("code", "one_time_code", says)));
        return draw(&visit, Note { wrong, secret: Some(secret), ..Note::default() }).await;
    }
    let wanted = Some(secret.clone());
    let set = move |user: &mut User| {
        user.totp = user.totp.take().filter(|it| !it.is_empty()).or_else(|| Some(secret.clone()));
    };
    change_own(&visit, set).await?;
    // A factor that is there goes first, for which the password is asked.
    let result = match own(&visit).await?.totp == wanted {
        true => Ok(()),
        false => {
            let says = Label {
                zh: "两步验证已开启，先停用再重新设置",
                en: "Two-step sign-in is on; turn it off first",
            };
            Err(Error::refused("wrong_state", says))
        }
    };
    end(&visit, "code", result).await
}

async fn disable_code(visit: Visit, Sent(given): Sent) -> Answer {
    let user = own(&visit).await?;
    let result = match prove(&visit, &user, given.text("old")).await {
        Ok(()) => change_own(&visit, |user| user.totp = None).await,
        wrong => wrong,
    };
    end(&visit, "code", result).await
}

/// A token is shown once; the database keeps its hash.
async fn make_token(visit: Visit, Sent(given): Sent) -> Answer {
    let note = match new_token(&visit, &given).await {
        Ok(token) => Note { token: Some(token), ..Note::default() },
        Err(error) => Note { wrong: Some(("tokens", error)), ..Note::default() },
    };
    draw(&visit, note).await
}

async fn new_token(visit: &Visit, given: &Input) -> Result<String> {
    let token = format!("ky_{}", random_token()?);
    let (hash, user) = (hashed(&token), visit.visitor.actor.user);
    let name: String = given.text("name").trim().chars().take(100).collect();
    if name.is_empty() {
        return Err(Error::invalid("name", "required"));
    }
    let expires = match given.text("expires").trim() {
        "" => None,
        date => Some(date.parse().map_err(|_| Error::invalid("expires", "malformed_date"))?),
    };
    let write = visit.write(move |desk| {
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
    });
    write.await?;
    Ok(token)
}

/// Where a visitor who must change the password is sent: whoever chose the present one may make no token and set no
/// second factor with it.
pub fn detour(path: &str) -> Option<String> {
    let own = ["/me", "/me/password", "/me/language", "/me/theme", "/logout", "/help"];
    let allowed = own.contains(&path) || path.starts_with("/help/");
    (!allowed).then(|| format!("/me/password?to={}", percent(path)))
}
