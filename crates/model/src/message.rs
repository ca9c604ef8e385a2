//! Every refusal as a sentence in the user's language: what happened, why, what to do.

use crate::{Amount, Error, Fault, Figure, Label, Lang, Registry, Text, target_of};

/// The sentences of the common faults of a field.
const FAULTS: [(&str, Label); 23] = [
    ("required", Label { zh: "必须填写", en: "Required" }),
    ("malformed", Label { zh: "格式不正确", en: "Malformed" }),
    (
        "malformed_number",
        Label { zh: "应是数字，例如 25,000.00", en: "Enter a number, for example 25,000.00" },
    ),
    ("malformed_date", Label { zh: "应是日期，例如 2026-09-17", en: "Enter a date, for example 2026-09-17" }),
    (
        "malformed_moment",
        Label {
            zh: "应是时间，例如 2026-09-17 10:20", en: "Enter a time, for example 2026-09-17 10:20"
        },
    ),
    (
        "malformed_email",
        Label {
            zh: "应是邮箱地址，例如 wang@example.com",
            en: "Enter an e-mail address, for example wang@example.com",
        },
    ),
    ("unknown_choice", Label { zh: "不在可选范围内", en: "Not one of the choices" }),
    ("unknown_code", Label { zh: "代码表里没有这一项", en: "Not in the code table" }),
    ("disabled_code", Label { zh: "这一项已停用，请另选", en: "This entry is disabled; choose another" }),
    ("unknown_record", Label { zh: "没有找到这条记录", en: "No such record" }),
    (
        "ambiguous_record",
        Label {
            zh: "有多条同名记录，请用编号", en: "Several records have this name; use the number"
        },
    ),
    ("unknown_field", Label { zh: "没有这个字段", en: "No such field" }),
    ("forbidden_field", Label { zh: "这个字段不能在这里改", en: "This field can't be changed here" }),
    ("unknown_entity", Label { zh: "没有这种档案", en: "No such entity" }),
    ("too_long", Label { zh: "内容太长", en: "Too long" }),
    ("too_many_rows", Label { zh: "行数太多", en: "Too many rows" }),
    ("too_far", Label { zh: "页数太多，请缩小范围", en: "Too many pages; narrow the filter" }),
    ("negative", Label { zh: "不能小于零", en: "Must not be negative" }),
    ("not_positive", Label { zh: "应大于零", en: "Must be more than zero" }),
    ("duplicate", Label { zh: "已经有一条相同的", en: "Another record has this value" }),
    ("in_use", Label { zh: "正在使用", en: "In use" }),
    ("not_filterable", Label { zh: "不能按这个字段筛选", en: "Can't be filtered by this field" }),
    ("query_too_long", Label { zh: "条件太多", en: "Too many conditions" }),
];

/// What one field's fault says.
pub fn fault(fault: &Fault, lang: Lang) -> String {
    if let Some(says) = &fault.says {
        return says.of(lang).to_owned();
    }
    let known = FAULTS.iter().find(|it| it.0 == fault.code);
    known.map_or(fault.code, |it| it.1.of(lang)).to_owned()
}

/// The field's label for a fault's place such as `name` or `address.2.city`.
pub fn place(registry: Registry, entity: &str, field: &str, lang: Lang) -> String {
    let mut parts = field.split('.');
    let first = parts.next().unwrap_or_default();
    match (parts.next().and_then(|it| it.parse::<usize>().ok()), parts.next()) {
        (Some(n), Some(inner)) => {
            let lines = registry.entity(entity).and_then(|def| def.lines).filter(|_| first == "lines");
            let child = lines.map(|lines| lines()).or_else(|| registry.entity(first));
            let field = child.and_then(|child| child.field(inner)).map(|it| it.1.label.of(lang));
            let child = child.map_or(first, |child| child.label.of(lang));
            format!("{child} {} {}", n + 1, field.unwrap_or(inner))
        }
        _ => {
            // Along the way: a child's field, a document's line, what a link names.
            let (mut def, mut labels) = (registry.entity(entity), Vec::new());
            for part in field.split('.') {
                let lines = def.and_then(|def| def.lines).filter(|_| part == "lines");
                let next = lines.map(|lines| lines()).or_else(|| registry.entity(part));
                let own = def.and_then(|def| def.field(part)).map(|it| it.1);
                labels.push(match (own, next) {
                    (Some(own), _) => own.label.of(lang),
                    (None, Some(next)) => next.label.of(lang),
                    (None, None) => part,
                });
                def = own.and_then(target_of).or(next.filter(|_| own.is_none()));
            }
            labels.join(" › ")
        }
    }
}

/// The sentence of an error in both languages, for readers to come.
pub fn both(error: &Error, registry: Registry, entity: &str) -> Text {
    let [zh, en] = [Lang::Zh, Lang::En].map(|lang| message(error, registry, entity, lang));
    Text { zh, en }
}

/// A sentence as it is kept for readers of either language.
pub fn kept(says: &Text) -> String {
    serde_json::json!({ "zh": says.zh, "en": says.en }).to_string()
}

/// A sentence that was kept; what is none says the same in both languages.
pub fn said(kept: &str) -> Text {
    let json: serde_json::Value = serde_json::from_str(kept).unwrap_or_default();
    let of = |lang: &str| json[lang].as_str().unwrap_or(kept).to_owned();
    Text { zh: of("zh"), en: of("en") }
}

/// The sentence of an error. `entity` is what was being worked on, for the labels of its fields.
pub fn message(error: &Error, registry: Registry, entity: &str, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let noun = |code: &str| {
        registry.entity(code).map_or_else(|| code.to_owned(), |def| def.label.of(lang).to_owned())
    };
    match error {
        Error::NotFound { what } => {
            let known = what.split('/').next().and_then(|it| registry.entity(it));
            let what = known.map_or_else(|| format!("“{what}”"), |def| def.label.of(lang).to_owned());
            if zh { format!("没有找到{what}，或者你没有查看它的权限。") } else { format!("{what} not found, or not open to you.") }
        }
        Error::Forbidden { entity, .. } => {
            let what = noun(entity);
            if zh { format!("你没有对{what}做这项操作的权限，需要时请找管理员开通。") } else { format!("You have no right to do this to {what}. Ask an administrator.") }
        }
        Error::Conflict { .. } => {
            let says = Label { zh: "没有保存：别人刚刚改了这条记录。先看差异，再决定保留哪一份。", en: "Not saved: someone else changed this record. Compare, then choose which to keep." };
            says.of(lang).to_owned()
        }
        Error::Duplicate { place: at } => {
            let (entity, field) = at.split_once('.').unwrap_or((entity, at));
            let label = place(registry, entity, field, lang);
            if zh { format!("已经有一条{}的{label}与此相同。", noun(entity)) } else { format!("Another {} has the same {label}.", noun(entity).to_lowercase()) }
        }
        Error::InUse(by) => {
            let list: Vec<_> = by.iter().map(|it| format!("{} {}", noun(it.entity), it.count)).collect();
            if zh { format!("不能删除：还有记录引用它（{}）。可以停用或关闭它。", list.join("，")) } else { format!("Can't be deleted: others refer to it ({}). Disable or close it instead.", list.join(", ")) }
        }
        Error::Invalid(faults) => {
            let one = |it: &Fault| {
                if it.field.is_empty() {
                    return fault(it, lang);
                }
                let sep = if zh { "：" } else { ": " };
                format!("{}{sep}{}", place(registry, entity, &it.field, lang), fault(it, lang))
            };
            faults.iter().map(one).collect::<Vec<_>>().join(if zh { "；" } else { "; " })
        }
        Error::Refused(refusal) => {
            let figure = |it: &Figure| match (&it.amount, it.label.of(lang)) {
                (_, "") => None,
                (Amount::Money(amount), label) => Some(format!("{label} {}", amount.grouped())),
                (Amount::Other(text), label) => Some(format!("{label} {text}")),
            };
            let figures = refusal.figures.iter().filter_map(figure).collect::<Vec<_>>();
            let says = refusal.says.of(lang);
            match figures.as_slice() {
                [] => says.to_owned(),
                _ if zh => format!("{says}（{}）", figures.join("，")),
                _ => format!("{says} ({})", figures.join(", ")),
            }
        }
        Error::Again => Label { zh: "现在太忙，没有保存。请再试一次。", en: "Too busy just now; nothing was saved. Try again." }.of(lang).to_owned(),
        Error::Full => Label { zh: "没有保存：服务器磁盘已满。已有数据是安全的，请联系管理员清理磁盘。", en: "Not saved: the server's disk is full. Your data is safe; ask the administrator to free space." }.of(lang).to_owned(),
        Error::Unsure => Label { zh: "保存时数据库中断，不能确定是否已经保存。请先查看，再决定要不要重做。", en: "The database was lost while saving; it may or may not have been saved. Look before you do it again." }.of(lang).to_owned(),
        Error::Gone => Label { zh: "数据库暂时没有回应，没有保存。请稍后再试。", en: "The database does not answer; nothing was saved. Try again later." }.of(lang).to_owned(),
        Error::Internal(_) => Label { zh: "程序出错，没有保存。请把页面上的编号告诉管理员。", en: "Something went wrong; nothing was saved. Tell the administrator the number on the page." }.of(lang).to_owned(),
    }
}
