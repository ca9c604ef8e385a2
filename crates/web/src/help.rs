//! The keys of every page behind `?`.

use base::Lang;
use maud::{Markup, html};

use crate::ui::t;

/// Keys in groups: where, then what and which.
pub fn keys(lang: Lang) -> Markup {
    let groups: [(&str, &[(&str, &str)]); 4] = [
        (
            t(lang, "随处", "Everywhere"),
            &[
                (t(lang, "搜索与命令", "Search and commands"), "Ctrl K"),
                (t(lang, "在页内查找", "Find in the page"), "/"),
                (t(lang, "新建", "New"), "N"),
                (t(lang, "去工作台", "To the workbench"), "G H"),
                (t(lang, "去第一个列表", "To the first list"), "G C"),
                (t(lang, "去设置", "To the settings"), "G S"),
                (t(lang, "这张表", "This list of keys"), "?"),
                (t(lang, "关闭最上层", "Close the topmost layer"), "Esc"),
            ],
        ),
        (
            t(lang, "列表", "List"),
            &[
                (t(lang, "上一行、下一行", "Row up, row down"), "↑ ↓"),
                (t(lang, "打开", "Open"), "Enter"),
                (t(lang, "选择", "Select"), "X"),
                (t(lang, "连续选择", "Select a range"), "Shift ↑ ↓"),
                (t(lang, "办理、撤销（待办的视图）", "Do it, undo (views of things to do)"), "A · U"),
                (t(lang, "筛选", "Filter"), "F"),
                (t(lang, "列设置", "Columns"), "Ctrl Shift L"),
                (t(lang, "上一页、下一页", "Previous, next page"), "[ ]"),
            ],
        ),
        (
            t(lang, "卡片", "Card"),
            &[
                (t(lang, "上一条、下一条", "Previous, next record"), "[ ]"),
                (t(lang, "编辑", "Edit"), "E"),
                (t(lang, "保存", "Save"), "Ctrl S"),
            ],
        ),
        (
            t(lang, "单据", "Document"),
            &[
                (t(lang, "下一格、上一格", "Next cell, previous"), "Enter · Shift Enter"),
                (t(lang, "同列上下", "Up and down the column"), "↑ ↓"),
                (t(lang, "复制上行、删行", "Copy above, remove line"), "Ctrl D · Ctrl Del"),
                (t(lang, "历史价、标价", "Prices paid, list price"), "Alt P · Alt 1"),
                (t(lang, "存草稿", "Save draft"), "Ctrl S"),
                (t(lang, "审核或过账", "Check or post"), "Ctrl Enter"),
            ],
        ),
    ];
    html! {
        dialog class="ky-dialog is-wide" id="keys" aria-label=(t(lang, "快捷键", "Keys")) {
            h2 { (t(lang, "快捷键", "Keys")) }
            dl class="ky-keys" {
                @for (place, keys) in groups {
                    h3 { (place) }
                    @for (what, key) in keys { div { span { (what) } kbd { (key) } } }
                }
            }
            div class="ky-dialog-foot" { button type="button" class="ky-btn" data-close { (t(lang, "关闭", "Close")) } }
        }
    }
}
