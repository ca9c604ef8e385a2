//! The sign-in page (pictures 01 and 01b).

use base::{Label, Lang};
use maud::{Markup, PreEscaped, html};

use crate::shell::plain;
use crate::ui::{alert, icon, icon14, logo, t};

/// The logins that the page offers while the data are the demo's.
pub const DEMO: [&str; 4] = ["boss", "manager", "sales", "finance"];

pub struct Sign<'a> {
    pub lang: Lang,
    pub theme: &'a str,
    pub company: String,
    /// Login and the role's name in both languages.
    pub demo: Vec<(String, String, String)>,
    pub to: &'a str,
    pub login: &'a str,
    pub no: Option<(Label, String)>,
}

pub fn draw(it: &Sign) -> Markup {
    let lang = it.lang;
    let other = if lang == Lang::Zh { "en" } else { "zh" };
    let inner = html! {
        header {
            form method="post" action="/login/language" {
                input type="hidden" name="to" value=(it.to);
                button class="ky-btn is-small is-text" name="language" value=(other) { (icon14("language")) "中文 / English" }
            }
            button class="ky-btn is-small is-text is-square" type="button" data-theme-set="toggle" aria-label=(t(lang, "切换深色", "Light or dark")) { (icon14("moon")) }
        }
        form method="post" action="/login" {
            h1 { (t(lang, "登录", "Sign in")) }
            p class="ky-dim" { (it.company) }
            @if let Some((title, says)) = &it.no { (alert("bad", title.of(lang), says)) }
            input type="hidden" name="to" value=(it.to);
            label class="ky-label" for="u" { (t(lang, "用户名或手机号", "User name or mobile number")) }
            div class="ky-box is-large" { (icon("user")) input id="u" name="u" value=(it.login) autocomplete="username" required autofocus[it.login.is_empty()]; }
            label class="ky-label" for="p" { (t(lang, "密码", "Password")) }
            div class={ "ky-box is-large" @if it.no.is_some() { " is-bad" } } {
                (icon("lock"))
                input id="p" name="p" type="password" autocomplete="current-password" placeholder=(t(lang, "请输入密码", "Password")) required autofocus[!it.login.is_empty()] aria-invalid=[it.no.is_some().then_some("true")];
                span class="ky-caps" data-caps hidden { (icon14("arrow-big-up-line")) (t(lang, "大写", "Caps")) }
                button class="ky-iconbtn is-small" type="button" data-reveal="p" aria-label=(t(lang, "显示密码", "Show the password")) { (icon("eye")) }
            }
            div class="ky-row" {
                label class="ky-row" { input class="ky-check" type="checkbox" name="remember" value="1" checked; " " (t(lang, "记住用户名", "Remember my name")) }
                span class="ky-grow" {}
                details class="ky-menu" data-menu {
                    summary { (t(lang, "忘记密码", "Forgotten?")) }
                    div class="ky-pop is-right" { p class="ky-small" { (t(lang, "请管理员在“设置 · 用户”里重设密码。", "An administrator sets a new password under Settings, Users.")) } }
                }
            }
            button class="ky-btn is-primary is-wide is-large" { (t(lang, "登录", "Sign in")) kbd { "Enter" } }
            @if !it.demo.is_empty() { (demo(lang, &it.demo)) }
        }
        footer { span { "© 2026 " (t(lang, "客源", "Keyuan")) } span { (t(lang, "版本 ", "Version ")) (env!("CARGO_PKG_VERSION")) } }
    };
    whole(lang, it.theme, t(lang, "登录", "Sign in"), &inner)
}

/// The second step: six digits.
pub fn code(lang: Lang, theme: &str, ticket: &str, wrong: bool) -> Markup {
    let title = t(lang, "两步验证", "Two-step sign-in");
    let inner = html! {
        form method="post" action="/login/code" {
            h1 { (title) }
            p class="ky-dim" { (t(lang, "输入手机验证器上的 6 位数字", "Enter the six digits of your authenticator app")) }
            @if wrong { (alert("bad", t(lang, "动态口令不正确", "Wrong code"), t(lang, "等下一个口令出现再试。", "Wait for the next code and try again."))) }
            input type="hidden" name="ticket" value=(ticket);
            label class="ky-label" for="code" { (t(lang, "动态口令", "One-time code")) }
            div class={ "ky-box is-large" @if wrong { " is-bad" } } { (icon("lock")) input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required autofocus; }
            button class="ky-btn is-primary is-wide is-large" { (t(lang, "登录", "Sign in")) kbd { "Enter" } }
        }
    };
    whole(lang, theme, title, &inner)
}

fn whole(lang: Lang, theme: &str, title: &str, inner: &Markup) -> Markup {
    let body = html! { (art(lang)) main class="ky-login-form" id="main" { (inner) } };
    plain(lang, theme, title, "ky-login", &body)
}

fn demo(lang: Lang, logins: &[(String, String, String)]) -> Markup {
    html! {
        div class="ky-demo" {
            p class="ky-small ky-mute" { (t(lang, "演示数据，可用这些账号登录", "Demo data: sign in as one of these")) }
            ul {
                @for (login, zh, en) in logins {
                    li { button type="button" data-fill=(serde_json::json!({ "u": login, "p": "demo" })) { (login) small { (if lang == Lang::Zh { zh } else { en }) } } }
                }
            }
        }
    }
}

/// Circles that spread from one source.
const RIPPLES: &str = include_str!("../../../../assets/ripples.svg");

fn art(lang: Lang) -> Markup {
    html! {
        aside class="ky-login-art" aria-hidden="true" {
            (PreEscaped(RIPPLES))
            div {
                div class="ky-row" { (logo()) b { (t(lang, "客源", "Keyuan")) } }
                h2 { (t(lang, "客户、账款、库存，", "Customers, money, stock:")) br; (t(lang, "一处看清", "clear in one place")) }
                p { (t(lang, "每个数字都能点到明细，每笔放账都有依据。", "Every figure leads to its details, every credit has its reason.")) }
            }
        }
    }
}
