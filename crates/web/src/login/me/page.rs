//! The page of one's own account.

use std::sync::Arc;

use base::Lang;
use maud::{Markup, PreEscaped, html};
use model::message::message;
use model::system::{Session, Theme, Token, User};
use model::{Catalog, Result};

use super::Note;
use crate::login::totp;
use crate::ui::{alert, icon14, none, notice, password, t, table, tag};
use crate::{Site, Visitor};

pub struct Account {
    pub user: User,
    pub sessions: Vec<Session>,
    /// Of whoever may have some.
    pub tokens: Option<Vec<Token>>,
    pub catalog: Arc<Catalog>,
}

/// What a toast says once a part is done.
pub fn done(part: &str, lang: Lang) -> Option<String> {
    let says = match part {
        "password" => t(lang, "密码已修改", "Password changed"),
        "session" => t(lang, "会话已结束", "Session ended"),
        "code" => t(lang, "两步验证已更新", "Two-step sign-in updated"),
        _ => return None,
    };
    Some(serde_json::json!({ "kind": "ok", "title": says }).to_string())
}

pub fn draw(site: &Site, visitor: &Visitor, account: &Account, note: &Note) -> Result<Markup> {
    let lang = visitor.lang();
    let must = account.user.must_change;
    Ok(html! {
        div class="ky-settings-body" {
            @if must { (alert("warn", t(lang, "请先修改密码", "Change your password first"), t(lang, "现在的密码是别人设的。", "The present one was chosen by somebody else."))) }
            (change(site, lang, account, note))
            @if !must {
                (look(lang, account))
                (code(site, lang, account, note)?)
                (sessions(visitor, account))
                @if let Some(tokens) = &account.tokens { (token_list(site, lang, account, tokens, note)) }
            }
        }
    })
}

fn wrong(site: &Site, lang: Lang, note: &Note, part: &str) -> Markup {
    let found = note.wrong.as_ref().filter(|it| it.0 == part);
    html! { @if let Some((_, error)) = found { (notice("bad", html! { p { (message(error, site.db.registry(), "user", lang)) } })) } }
}

fn change(site: &Site, lang: Lang, account: &Account, note: &Note) -> Markup {
    html! {
        section class="ky-card" id="password" {
            header { h2 { (t(lang, "登录密码", "Password")) } }
            form class="ky-card-body" method="post" action="/me/password" {
                (wrong(site, lang, note, "password"))
                input type="hidden" name="login" autocomplete="username" value=(account.user.login);
                @if !note.to.is_empty() { input type="hidden" name="to" value=(note.to); }
                div class="ky-form-grid is-2" {
                    (password(lang, "old", "old", t(lang, "现在的密码", "Present password"), "current-password", None))
                    span {}
                    (password(lang, "new", "new", t(lang, "新密码（至少 8 个字符）", "New password (at least 8 characters)"), "new-password", None))
                    (password(lang, "again", "again", t(lang, "再输一次新密码", "New password again"), "new-password", None))
                }
                p class="ky-row" { button class="ky-btn is-primary" { (t(lang, "修改密码", "Change password")) } span class="ky-small ky-mute" { (t(lang, "其他设备上的登录会结束", "Your sessions elsewhere end")) } }
            }
        }
    }
}

fn look(lang: Lang, account: &Account) -> Markup {
    let row = |what: &str, label: &str, choices: &[(&str, &str, bool)]| {
        html! {
            li { div { b { (label) } }
                form method="post" action={ "/me/" (what) } { div class="ky-seg is-small" {
                    @for (code, name, is_on) in choices { button name=(what) value=(code) aria-pressed=(is_on) { (name) } }
                } }
            }
        }
    };
    let tongues = [("zh", "中文", lang == Lang::Zh), ("en", "English", lang == Lang::En)];
    let theme = account.user.theme;
    let themes = [
        ("system", t(lang, "跟随系统", "As the system"), theme == Theme::System),
        ("light", t(lang, "浅色", "Light"), theme == Theme::Light),
        ("dark", t(lang, "深色", "Dark"), theme == Theme::Dark),
    ];
    html! {
        section class="ky-card" {
            header { h2 { (t(lang, "语言与外观", "Language and look")) } }
            ul class="ky-params" { (row("language", t(lang, "语言", "Language"), &tongues)) (row("theme", t(lang, "外观", "Look"), &themes)) }
        }
    }
}

fn code(site: &Site, lang: Lang, account: &Account, note: &Note) -> Result<Markup> {
    let on = account.user.totp.as_deref().is_some_and(|it| !it.is_empty());
    let picture = match &note.secret {
        Some(secret) if !on => Some((totp::picture(secret, &account.user.login, lang)?, secret)),
        _ => None,
    };
    Ok(html! {
        section class="ky-card" id="code" {
            header { h2 { (t(lang, "两步验证", "Two-step sign-in")) } span class="ky-grow" {}
                span class={ "ky-status " (if on { "is-ok" } else { "is-hollow" }) } { (if on { t(lang, "已启用", "On") } else { t(lang, "未启用", "Off") }) }
            }
            div class="ky-card-body" {
                (wrong(site, lang, note, "code"))
                @if let Some((picture, secret)) = &picture {
                    p { (t(lang, "用手机上的验证器扫码，再输入它显示的 6 位数字。", "Scan this with an authenticator app, then enter its six digits.")) }
                    div { (PreEscaped(picture)) }
                    p class="ky-mono" { (secret) }
                    form method="post" action="/me/code" class="ky-row" {
                        input type="hidden" name="secret" value=(secret);
                        label class="ky-hidden" for="code6" { (t(lang, "动态口令", "One-time code")) }
                        input class="ky-input" id="code6" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required autofocus;
                        button class="ky-btn is-primary" { (t(lang, "启用", "Turn on")) }
                    }
                } @else if on {
                    form method="post" action="/me/code/disable" {
                        div class="ky-form-grid is-2" { (password(lang, "code-old", "old", t(lang, "登录密码", "Your password"), "current-password", None)) }
                        p { button class="ky-btn is-danger" { (t(lang, "停用两步验证", "Turn off")) } }
                    }
                } @else {
                    p class="ky-dim" { (t(lang, "登录时除密码外再输入手机验证器上的 6 位数字。", "Signing in also asks for six digits from an app on your phone.")) }
                    p { a class="ky-btn" href="/me?setup=1#code" { (icon14("shield")) (t(lang, "设置两步验证", "Set up")) } }
                }
            }
        }
    })
}

fn sessions(visitor: &Visitor, account: &Account) -> Markup {
    let lang = visitor.lang();
    let rows = account.sessions.iter().map(|session| {
        let cells = vec![
            html! { span title=(session.agent) { (browser(&session.agent)) } },
            html! { (session.address) },
            html! { time { (account.catalog.minute(session.seen)) } },
            html! {
                @if session.id.0 == visitor.session { (tag("", t(lang, "本机", "This one"))) }
                @else { form method="post" action={ "/me/sessions/" (session.id.0) "/revoke" } { button class="ky-btn is-small is-text" { (t(lang, "结束", "End")) } } }
            },
        ];
        (false, cells)
    });
    html! {
        section class="ky-card is-clip" id="sessions" { header { h2 { (t(lang, "已登录的设备", "Signed in")) } } (table(lang, "浏览器|地址|最近使用|#", "Browser|Address|Last seen|#", rows)) }
    }
}

/// How browsers and systems name themselves, the telling ones first, and what people call them.
const BROWSERS: [(&str, &str); 5] = [
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: [&str; 6] = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"];

/// Browser and system, from what the browser says of itself.
pub fn browser(agent: &str) -> String {
    let browser = BROWSERS.iter().find(|it| agent.contains(it.0)).map(|it| it.1);
    let system = SYSTEMS.iter().find(|it| agent.contains(**it)).copied();
    let known: Vec<_> = browser.into_iter().chain(system).collect();
    match known.is_empty() {
        true => agent.chars().take(40).collect(),
        false => known.join(" · "),
    }
}

fn token_list(site: &Site, lang: Lang, account: &Account, tokens: &[Token], note: &Note) -> Markup {
    let rows = tokens.iter().map(|token| {
        let cells = vec![
            html! { a class="ky-lead" href={ "/token/" (token.id.0) } { (token.name) } },
            html! { @match token.expires { Some(day) => (day), None => (none()) } },
            html! { time { (account.catalog.minute(token.stamp.created)) } },
            html! { button class="ky-btn is-small is-text" type="button" hx-get={ "/token/" (token.id.0) "/revoke" } hx-target="#dialog" { (t(lang, "停用", "Revoke")) } },
        ];
        (false, cells)
    });
    html! {
        section class="ky-card is-clip" id="tokens" {
            header { h2 { (t(lang, "接口令牌", "API tokens")) } span class="ky-grow" {} a href="/api" { (t(lang, "接口说明", "About the API")) } }
            div class="ky-card-body" {
                (wrong(site, lang, note, "tokens"))
                @if let Some(token) = &note.token {
                    (notice("ok", html! {
                        b { (t(lang, "新令牌，只显示这一次", "Your new token, shown only now")) }
                        p class="ky-row" { code class="ky-mono" { (token) } button class="ky-btn is-small" type="button" data-copy=(token) { (icon14("copy")) (t(lang, "复制", "Copy")) } }
                    }))
                }
                form method="post" action="/me/tokens#tokens" {
                    div class="ky-form-grid is-2" {
                        div class="ky-field" { label class="ky-label is-required" for="token-name" { (t(lang, "用途", "What for")) } input class="ky-input" id="token-name" name="name" required maxlength="100"; }
                        div class="ky-field" { label class="ky-label" for="token-expires" { (t(lang, "有效至（不填为长期）", "Expires (empty: never)")) } div class="ky-box" { input id="token-expires" name="expires" data-date autocomplete="off"; button class="ky-iconbtn is-small" type="button" data-calendar aria-label=(t(lang, "选日期", "Choose a date")) { (icon14("calendar")) } } }
                    }
                    p { button class="ky-btn" { (icon14("plus")) (t(lang, "新建令牌", "New token")) } }
                }
            }
            @if !tokens.is_empty() { (table(lang, "用途|有效至|建立|#", "What for|Expires|Made|#", rows)) }
        }
    }
}
