//! A plain page that lists what the API has.

use maud::html;
use model::Desk;

use crate::shell::Page;
use crate::ui::{t, table};
use crate::visit::{Answer, Visit};

pub async fn show(visit: Visit) -> Answer {
    let scheme = if visit.site.insecure { "http" } else { "https" };
    visit.show(move |desk| Ok(page(desk, scheme))).await
}

fn page(desk: &Desk, scheme: &str) -> Page {
    let lang = desk.actor.lang;
    let all = desk.catalog().registry.all();
    let seen: Vec<_> = all.filter(|def| !def.is_attached() && desk.may(def, "read").is_ok()).collect();
    let rows = seen.iter().map(|def| {
        let cells = vec![
            html! { (def.label.of(lang)) },
            html! { code { "/api/v1/" (def.code) } },
            html! { @for verb in def.verbs { code { (verb.name) } " " } },
        ];
        (false, cells)
    });
    let body = html! {
        div class="ky-column" {
            section class="ky-card" {
                header { h2 { "REST · OpenAPI 3.1" } span class="ky-grow" {} a href="/api/openapi.json" { "openapi.json" } a href="/me#tokens" { (t(lang, "接口令牌", "API tokens")) } }
                div class="ky-card-body" {
                    p { (t(lang, "程序用令牌登录，看到和能做的与令牌所属的用户相同：", "A program signs in with a token and sees and does what its user may:")) }
                    pre { code { "curl -H 'Authorization: Bearer <token>' '" (scheme) "://…/api/v1/" (seen.first().map_or("user", |it| it.code)) "?q=bj&size=20'" } }
                }
            }
            section class="ky-card is-clip" {
                (table(lang, "档案|路径|动作", "Entity|Path|Verbs", rows))
            }
        }
    };
    Page::new("API", "settings", body)
}
