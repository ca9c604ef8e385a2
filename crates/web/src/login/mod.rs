//! Signing in and out.

mod gate;
mod me;
mod page;
pub mod totp;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Lang;
use model::system::Session;
use model::{Error, Id, Input, Label, Result, Stamp, Text, Value};

pub use gate::Gate;
pub use me::{browser, detour};

use crate::guard::Client;
use crate::settings::setup;
use crate::visit::{Answer, Failure, Sent};
use crate::visitor::{COOKIE, SECURE_COOKIE, cookie, hashed, percent, preferred, random_token};
use crate::{Site, password};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/login", get(show).post(sign_in))
        .route("/login/language", post(language))
        .route("/login/code", post(code))
        .route("/logout", post(sign_out))
        .merge(me::routes())
}

/// Who wants in, as far as the database knows them.
pub struct Found {
    pub user: i64,
    pub password: String,
    pub totp: Option<String>,
    /// How many tries there are, then how many minutes of waiting.
    limits: (i64, i64),
}

/// Why somebody is not in.
pub enum No {
    /// So many tries are left, then so many minutes of waiting.
    Wrong(i64, i64),
    /// Minutes to wait.
    Locked(i64),
}

/// Somebody who is as good as in, and where they want to go.
pub struct Entry {
    found: Found,
    to: String,
    /// The login, to be remembered by this browser.
    remember: Option<String>,
}

/// Somebody at the door, who may be anybody.
struct Caller {
    site: Site,
    client: Client,
    headers: HeaderMap,
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> std::result::Result<Caller, Failure> {
        let client = parts.extensions.get::<Client>().cloned();
        let client = client.ok_or_else(|| Error::Internal("no guard stands at the door".into()))?;
        Ok(Caller { site: site.clone(), client, headers: parts.headers.clone() })
    }
}

async fn show(caller: Caller, uri: Uri) -> Answer {
    let asked = Input::of_form(uri.query().unwrap_or_default().as_bytes());
    match caller.site.visitor(&caller.headers).await? {
        Some(_) => Ok(Redirect::to(local(asked.text("to"))).into_response()),
        None => caller.form(asked.text("to"), "", None).await,
    }
}

async fn sign_in(caller: Caller, Sent(given): Sent) -> Answer {
    let (login, to) = (given.text("u"), given.text("to"));
    let found = match caller.site.check_password(&caller.client, login, given.text("p")).await? {
        Ok(found) => found,
        Err(no) => return caller.form(to, login, Some(no)).await,
    };
    let remember = (!given.text("remember").is_empty()).then(|| login.trim().to_owned());
    let entry = Entry { found, to: local(to).to_owned(), remember };
    match entry.found.totp {
        Some(_) => caller.ask_code(entry, false),
        None => caller.enter(&entry).await,
    }
}

/// The second step of whoever has a second factor.
async fn code(caller: Caller, Sent(given): Sent) -> Answer {
    let Caller { site, client, .. } = &caller;
    let Some(entry) = site.gate.ticket(given.text("ticket")) else {
        return Ok(Redirect::to("/login").into_response());
    };
    if site.second_factor(client, &entry.found, given.text("code")) {
        return caller.enter(&entry).await;
    }
    match site.gate.locked(&second(client, &entry.found)) {
        Some(_) => caller.form(&entry.to, "", Some(No::Locked(entry.found.limits.1))).await,
        None => caller.ask_code(entry, true),
    }
}

impl Caller {
    async fn form(&self, to: &str, login: &str, no: Option<No>) -> Answer {
        let lang = preferred(&self.headers);
        let house = self.site.db.read_async(&self.site.system, |desk| {
            let catalog = desk.catalog();
            let post = |login: &&str| {
                let person = catalog.users.values().find(|it| it.user.login == **login && !it.user.closed)?;
                let role = person.roles.first().and_then(|id| catalog.roles.get(id)).map(|it| &it.0)?;
                Some((login.to_string(), role.name.clone(), role.name_en.clone().unwrap_or_default()))
            };
            let demo = catalog.parameter("demo") == "true";
            let demo = if demo { page::DEMO.iter().filter_map(post).collect() } else { Vec::new() };
            Ok((catalog.parameter("company_name").to_owned(), demo))
        });
        let (company, demo) = house.await?;
        let remembered = cookie(&self.headers, "ky_login").map(decoded).unwrap_or_default();
        let login = if login.is_empty() { remembered.as_str() } else { login };
        let no = no.map(|it| it.says(lang));
        let status = no.as_ref().map_or(StatusCode::OK, |it| it.0);
        let no = no.map(|it| (it.1, it.2));
        let sign = page::Sign { lang, theme: theme(&self.headers), company, demo, to, login, no };
        Ok((status, [(header::CACHE_CONTROL, "no-store")], page::draw(&sign)).into_response())
    }

    fn ask_code(&self, entry: Entry, wrong: bool) -> Answer {
        let ticket = self.site.gate.wait_for_code(entry)?;
        let page = page::code(preferred(&self.headers), theme(&self.headers), &ticket, wrong);
        Ok((if wrong { StatusCode::UNAUTHORIZED } else { StatusCode::OK }, page).into_response())
    }

    async fn enter(&self, entry: &Entry) -> Answer {
        let user = entry.found.user;
        let cookie = self.site.begin_session(&self.client, &self.headers, user).await?;
        let (login, age) = entry.remember.as_deref().map_or(("", 0), |it| (it, 31_536_000));
        let login = percent(login);
        let remembered = format!("ky_login={login}; Path=/login; Max-Age={age}; HttpOnly; SameSite=Lax");
        // A house that nobody has set up yet shows its administrator the first steps.
        let is_first = entry.to == "/" && setup::is_due(&self.site, user).await;
        let to = if is_first { "/setup" } else { &entry.to };
        Ok(with_cookies(Redirect::to(to).into_response(), [cookie, remembered]))
    }
}

/// Light or dark, as this browser was last told.
pub fn theme(headers: &HeaderMap) -> &'static str {
    match cookie(headers, "ky_theme") {
        Some("dark") => "dark",
        Some("light") => "light",
        _ => "system",
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn with_cookies<const N: usize>(mut response: Response, cookies: [String; N]) -> Response {
    for cookie in cookies.iter().filter_map(|it| it.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn second(client: &Client, found: &Found) -> String {
    format!("code:{}@{}", found.user, client.address)
}

/// Now, as authenticators count it.
pub fn seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}

impl No {
    pub fn says(&self, lang: Lang) -> (StatusCode, Label, String) {
        let wrong = Label { zh: "用户名或密码不正确", en: "Wrong user name or password" };
        let locked = Label { zh: "账号已锁定", en: "Account locked" };
        match self {
            No::Wrong(left, lock) => {
                let tries = if *left == 1 { "1 more try" } else { &format!("{left} more tries") };
                let says = Text::new(
                    format!("还可尝试 {left} 次，之后此账号锁定 {lock} 分钟。"),
                    format!("{tries}, then this account is locked for {lock} minutes."),
                );
                (StatusCode::UNAUTHORIZED, wrong, says.of(lang).to_owned())
            }
            No::Locked(minutes) => {
                let says = Text::new(
                    format!("连续输错次数过多，{minutes} 分钟后再试，或请管理员重设密码。"),
                    format!(
                        "Too many wrong passwords. Try again in {minutes} minutes, or ask an administrator for a new one."
                    ),
                );
                (StatusCode::TOO_MANY_REQUESTS, locked, says.of(lang).to_owned())
            }
        }
    }
}

impl Site {
    /// Looks somebody up by login or mobile number and checks the password; it takes as long for nobody.
    pub async fn check_password(
        &self,
        client: &Client,
        login: &str,
        given: &str,
    ) -> Result<std::result::Result<Found, No>> {
        let (login, given) = (login.trim().to_lowercase(), given.chars().take(200).collect::<String>());
        let wanted = login.clone();
        let (found, (tries, lock)) = self
            .db
            .read_async(&self.system, move |desk| {
                let catalog = desk.catalog();
                let same = |it: &&model::Person| {
                    it.user.login == wanted || it.user.phone.as_deref().is_some_and(|it| it == wanted)
                };
                let limits = (catalog.number("login_tries").max(1), catalog.number("login_lock").max(1));
                let mut found = catalog.users.values().filter(|it| !it.user.closed).filter(same);
                let found = found.next().map(|it| Found {
                    user: it.user.id.0,
                    password: it.user.password.clone(),
                    totp: it.user.totp.clone().filter(|it| !it.is_empty()),
                    limits,
                });
                Ok((found, limits))
            })
            .await?;
        let key = format!("{login}@{}", client.address);
        if let Some(minutes) = self.gate.locked(&key) {
            return Ok(Err(No::Locked(minutes)));
        }
        let kept = found.as_ref().map(|it| it.password.clone());
        let right = self.gate.slowly(move || password::matches(&given, kept.as_deref())).await?;
        match found.filter(|_| right) {
            Some(found) => {
                self.gate.forgive(&key);
                Ok(Ok(found))
            }
            None => {
                tracing::warn!(login, address = client.address, "wrong password");
                Ok(Err(self.gate.blame(&key, tries, lock)))
            }
        }
    }

    /// Whether the one-time code is right, and has not been used before; of whoever needs none it always is.
    pub fn second_factor(&self, client: &Client, found: &Found, code: &str) -> bool {
        let Some(secret) = &found.totp else { return true };
        let key = second(client, found);
        if self.gate.locked(&key).is_some() {
            return false;
        }
        let step = totp::step_of(secret, code, seconds());
        if step.is_some_and(|step| self.gate.use_step(found.user, step)) {
            self.gate.forgive(&key);
            return true;
        }
        self.gate.blame(&key, found.limits.0, found.limits.1);
        false
    }

    /// A new session; returns its cookie.
    pub async fn begin_session(&self, client: &Client, headers: &HeaderMap, user: i64) -> Result<String> {
        let token = random_token()?;
        let hash = hashed(&token);
        let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let (agent, address) = (agent.chars().take(300).collect::<String>(), client.address.clone());
        let hours = self
            .db
            .write_async(&self.system, move |desk| {
                let hours = desk.catalog().number("session_hours").clamp(1, 24 * 366);
                let now = desk.now();
                let expires = now.saturating_add(std::time::Duration::from_secs(hours as u64 * 3600));
                let mut session = Session {
                    id: Id::NEW,
                    user: Id::of(user),
                    token: hash.clone(),
                    agent: agent.clone(),
                    address: address.clone(),
                    seen: now,
                    expires: expires.unwrap_or(now),
                    stamp: Stamp::default(),
                };
                desk.trusted().save(&mut session)?;
                Ok(hours)
            })
            .await?;
        let age = hours * 3600;
        Ok(match client.https {
            true => format!("{SECURE_COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax; Secure"),
            false => format!("{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax"),
        })
    }

    /// Ends the session of a request, if it has one.
    pub async fn end_session(&self, headers: &HeaderMap) -> Result<()> {
        let token = cookie(headers, SECURE_COOKIE).or_else(|| cookie(headers, COOKIE));
        let Some(hash) = token.map(hashed) else { return Ok(()) };
        self.db
            .write_async(&self.system, move |desk| {
                let found = desk.trusted().first::<Session>(&[("token", Value::Text(hash.clone()))])?;
                found.map_or(Ok(()), |it| desk.trusted().delete(it))
            })
            .await
    }
}

async fn sign_out(caller: Caller) -> Answer {
    caller.site.end_session(&caller.headers).await?;
    let gone = [
        format!("{SECURE_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"),
        format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"),
    ];
    Ok(with_cookies(Redirect::to("/login").into_response(), gone))
}

/// The language of the sign-in page, kept by the browser.
async fn language(Sent(given): Sent) -> Response {
    let lang = if given.text("language") == "en" { "en" } else { "zh" };
    let cookie = format!("ky_lang={lang}; Path=/; Max-Age=31536000; SameSite=Lax");
    let to = format!("/login?to={}", percent(local(given.text("to"))));
    with_cookies(Redirect::to(&to).into_response(), [cookie])
}

/// A path of this house; anything else leads to the workbench.
pub fn local(to: &str) -> &str {
    let inside = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\");
    if inside && !to.chars().any(char::is_control) && !to.starts_with("/login") { to } else { "/" }
}
