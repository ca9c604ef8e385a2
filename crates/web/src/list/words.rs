//! Conditions in words, for chips, empty lists and print.

use model::{Condition, Desk, EntityDef, FieldDef, Kind, Lang, Op, Result, Term, Value, target_of};

use crate::ui::t;

/// The spans of time that a date's popover offers.
pub const SPANS: [(&str, &str, &str); 14] = [
    ("today", "今天", "Today"),
    ("yesterday", "昨天", "Yesterday"),
    ("this_week", "本周", "This week"),
    ("last_week", "上周", "Last week"),
    ("this_month", "本月", "This month"),
    ("last_month", "上月", "Last month"),
    ("this_quarter", "本季度", "This quarter"),
    ("last_quarter", "上季度", "Last quarter"),
    ("this_year", "今年", "This year"),
    ("last_year", "去年", "Last year"),
    ("last_7_days", "近 7 天", "Last 7 days"),
    ("last_30_days", "近 30 天", "Last 30 days"),
    ("last_90_days", "近 90 天", "Last 90 days"),
    ("last_365_days", "近一年", "Last 365 days"),
];

/// What an event did, by its kind.
pub fn deed(def: &EntityDef, kind: &str, lang: Lang) -> &'static str {
    match kind {
        "create" => t(lang, "新建", "Created"),
        "import" => t(lang, "导入", "Imported"),
        "undo" => t(lang, "撤销", "Undone"),
        "delete" => t(lang, "删除", "Deleted"),
        verb => def.verb(verb).map_or(t(lang, "修改", "Changed"), |it| it.1.label.of(lang)),
    }
}

/// A term as label and value.
pub fn term(desk: &mut Desk, def: &'static EntityDef, term: &Term) -> Result<(String, String)> {
    let lang = desk.actor.lang;
    match term {
        Term::One(it) => Ok((label(desk, def, &it.field), value(desk, def, it)?)),
        Term::Or(any) => {
            let mut parts = Vec::new();
            for it in any {
                parts.push(format!("{} {}", label(desk, def, &it.field), value(desk, def, it)?));
            }
            Ok((t(lang, "满足其一", "Any of").into(), parts.join(t(lang, " 或 ", " or "))))
        }
    }
}

/// The field or `link.field` of a condition, where there is one.
fn field(
    desk: &Desk,
    def: &'static EntityDef,
    path: &str,
) -> Option<(&'static FieldDef, Option<&'static FieldDef>)> {
    let catalog = desk.catalog();
    match path.split_once('.') {
        None => Some((catalog.field(def, path).filter(|it| desk.may_read(def, it))?, None)),
        Some((link, rest)) => {
            let link = catalog.field(def, link).filter(|it| desk.may_read(def, it))?;
            let to = target_of(link)?;
            Some((link, Some(catalog.field(to, rest).filter(|it| desk.may_read(to, it))?)))
        }
    }
}

pub fn label(desk: &Desk, def: &'static EntityDef, path: &str) -> String {
    let lang = desk.actor.lang;
    match (field(desk, def, path), path) {
        (Some((field, None)), _) => field.label.of(lang).into(),
        (Some((link, Some(inner))), _) => format!("{}·{}", link.label.of(lang), inner.label.of(lang)),
        (None, "tag") => t(lang, "标签", "Tag").into(),
        (None, "follower") => t(lang, "关注人", "Followed by").into(),
        (None, "id") => "ID".into(),
        (None, other) => other.into(),
    }
}

pub fn value(desk: &mut Desk, def: &'static EntityDef, it: &Condition) -> Result<String> {
    let lang = desk.actor.lang;
    let found = field(desk, def, &it.field).map(|(field, inner)| inner.unwrap_or(field));
    let said = match it.op {
        Op::Contains => it.value.clone(),
        _ => {
            let mut parts = Vec::new();
            for part in it.value.split(',').take(20) {
                parts.push(one(desk, found, part)?);
            }
            parts.join(t(lang, "、", ", "))
        }
    };
    Ok(match (it.op, lang) {
        (Op::Is, _) => said,
        (Op::Not, Lang::Zh) => format!("不是 {said}"),
        (Op::Not, Lang::En) => format!("not {said}"),
        (Op::Above, _) => format!("> {said}"),
        (Op::Below, _) => format!("< {said}"),
        (Op::Contains, Lang::Zh) => format!("含 {said}"),
        (Op::Contains, Lang::En) => format!("contains {said}"),
    })
}

fn one(desk: &mut Desk, field: Option<&'static FieldDef>, text: &str) -> Result<String> {
    let lang = desk.actor.lang;
    if let Some((from, to)) = text.split_once("..") {
        return Ok(match (from, to, lang) {
            ("", to, Lang::Zh) => format!("{to} 及以前"),
            ("", to, Lang::En) => format!("up to {to}"),
            (from, "", Lang::Zh) => format!("{from} 起"),
            (from, "", Lang::En) => format!("from {from}"),
            (from, to, _) => format!("{from} {} {to}", t(lang, "至", "to")),
        });
    }
    match text {
        "none" => return Ok(t(lang, "空", "empty").into()),
        "any" => return Ok(t(lang, "有值", "filled").into()),
        "me" => return Ok(t(lang, "我", "me").into()),
        "mydept" => return Ok(t(lang, "本部门", "my department").into()),
        _ => {}
    }
    if let Some((_, zh, en)) = SPANS.iter().find(|it| it.0 == text) {
        return Ok(t(lang, zh, en).into());
    }
    let Some(field) = field else { return Ok(text.into()) };
    let value = match field.kind {
        Kind::Link(_) => text.trim_start_matches('#').parse().ok().map(Value::Int),
        Kind::Choice(_) | Kind::Bool | Kind::Code => field.kind.parse(text),
        _ => None,
    };
    match value {
        Some(value) => {
            Ok(Some(desk.shown(field, &value)?).filter(|it| !it.is_empty()).unwrap_or(text.into()))
        }
        None => Ok(text.into()),
    }
}
