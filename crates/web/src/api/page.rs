//! A plain page that lists what the API has.

use maud::html;
use model::Desk;

use crate::shell::Page;
use crate::ui::t;
use crate::visit::{Answer, Visit};

pub async fn show(visit: Visit) -> Answer {
    let scheme = if visit.site.insecure { "http" } else { "https" };
    visit.show(move |desk| Ok(page(desk, scheme))).await
}

fn page(desk: &Desk, scheme: &str) -> Page {
    let lang = desk.actor.lang;
    let all = desk.catalog().registry.all();
    let seen: Vec<_> = all.filter(|def| !def.is_attached() && desk.may(def, "read").is_ok()).collect();
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
                table class="ky-table is-inset" {
                    thead { tr { th scope="col" { (t(lang, "档案", "Entity")) } th scope="col" { (t(lang, "路径", "Path")) } th scope="col" { (t(lang, "动作", "Verbs")) } } }
                    tbody {
                        @for def in seen {
                            tr {
                                td { (def.label.of(lang)) }
                                td { code { "/api/v1/" (def.code) } }
                                td { @for verb in def.verbs { code { (verb.name) } " " } }
                            }
                        }
                    }
                }
            }
        }
    };
    Page::new("API", "settings", body)
}
