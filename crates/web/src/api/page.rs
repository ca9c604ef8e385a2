//! A plain page that lists what the API has.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use maud::html;

use crate::shell::{self, Frame, Page};
use crate::ui::t;
use crate::{Site, Visitor, problem};

pub async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let (asked, lang) = (headers.clone(), visitor.lang());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let registry = desk.catalog().registry;
        let seen: Vec<_> =
            registry.all().filter(|def| !def.is_attached() && desk.may(def, "read").is_ok()).collect();
        Ok((Frame::read(desk, &asked)?, seen))
    });
    let (frame, seen) = read.await.map_err(|error| problem::page(&site, &headers, Some(&visitor), &error))?;
    let body = html! {
        div class="ky-column" {
            section class="ky-card" {
                header { h2 { "REST · OpenAPI 3.1" } span class="ky-grow" {} a href="/api/openapi.json" { "openapi.json" } a href="/me#tokens" { (t(lang, "接口令牌", "API tokens")) } }
                div class="ky-card-body" {
                    p { (t(lang, "程序用令牌登录，看到和能做的与令牌所属的用户相同：", "A program signs in with a token and sees and does what its user may:")) }
                    pre { code { "curl -H 'Authorization: Bearer <token>' '" (if site.insecure { "http" } else { "https" }) "://…/api/v1/" (seen.first().map_or("user", |it| it.code)) "?q=bj&size=20'" } }
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
    Ok(shell::page(&visitor, &frame, &headers, Page::new("API", "settings", body)))
}
