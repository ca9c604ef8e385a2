//! The palette behind Ctrl K.

use axum::Router;
use base::Lang;
use maud::{Markup, html};

use crate::Site;
use crate::ui::{icon, t};

pub fn routes() -> Router<Site> {
    Router::new()
}

/// The empty dialog that every page carries.
pub fn dialog(lang: Lang) -> Markup {
    html! {
        dialog class="ky-palette" id="palette" data-src="/palette" aria-label=(t(lang, "搜索", "Search")) {
            form {
                (icon("search"))
                input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" autocomplete="off"
                    aria-label=(t(lang, "搜索客户、商品、菜单", "Search customers, products, menus"))
                    placeholder=(t(lang, "名称、拼音首字母、电话、编号", "Name, pinyin initials, phone, number"));
                kbd { "Esc" }
            }
            div class="ky-palette-body" {
                ul class="ky-palette-list" id="palette-list" role="listbox" aria-label=(t(lang, "结果", "Results")) {}
                aside class="ky-palette-preview" {}
            }
        }
    }
}
