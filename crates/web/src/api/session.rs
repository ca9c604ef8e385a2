//! Signing in and out from a program that would rather keep a cookie than a token.

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Call, Fail, METHOD, NO_JSON, http, ok};
use crate::Site;
use crate::guard::Client;
use crate::visitor::preferred;

#[derive(Deserialize)]
struct Given {
    user: String,
    password: String,
    /// The one-time code of whoever has a second factor.
    #[serde(default)]
    code: String,
}

pub async fn answer(
    site: &Site,
    method: &Method,
    client: &Client,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    if *method == Method::DELETE {
        site.end_session(headers).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    if *method != Method::POST {
        return Err(METHOD);
    }
    let given: Given = serde_json::from_slice(body).map_err(|_| NO_JSON)?;
    match site.check_password(client, &given.user, &given.password).await? {
        Ok(found) => {
            if !site.second_factor(client, &found, &given.code) {
                return Err(http(
                    StatusCode::UNAUTHORIZED,
                    "one_time_code",
                    "需要正确的动态口令",
                    "A valid one-time code is needed",
                ));
            }
            let cookie = site.begin_session(client, headers, found.user).await?;
            let mut response = ok(json!({ "user": found.user }).to_string());
            if let Ok(cookie) = cookie.parse() {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(no) => {
            let (status, title, _) = no.says(preferred(headers));
            let code = if status == StatusCode::UNAUTHORIZED { "wrong_password" } else { "locked" };
            Err(Fail::Http(status, code, title))
        }
    }
}

impl Call {
    /// Who is signed in.
    pub(super) async fn who(self) -> Answer {
        let user = json!({ "id": self.actor().user, "title": self.visitor.name });
        Ok(ok(json!({ "user": user, "language": self.visitor.lang().tag() }).to_string()))
    }
}
