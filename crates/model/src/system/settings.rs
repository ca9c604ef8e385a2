//! What the company sets for itself: code tables, parameters, custom fields, numbers, views.

use crate::{
    Choice, Date, Entity, Error, Id, Kind, Label, Result, Stamp, TimeZone, Tx, Views, pattern, search, views,
};

use super::User;

/// An entry of a code table.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "代码", en = "Code", module = "settings", icon = "list-details", title = name, closed = closed)]
#[entity(check = check_code)]
pub struct CodeEntry {
    pub id: Id<CodeEntry>,
    #[field(zh = "代码表", en = "Table", required, list, filter, format = Table)]
    pub list: String,
    #[field(zh = "编码", en = "Code", required, search, list)]
    pub code: String,
    #[field(zh = "名称", en = "Name", required, search, list)]
    pub name: String,
    #[field(zh = "英文名称", en = "English name", search, list)]
    pub name_en: Option<String>,
    #[field(zh = "上级编码", en = "Part of", list)]
    pub above: Option<String>,
    #[field(zh = "排序号", en = "Order", auto, list)]
    pub position: i64,
    /// What the mark means is the table's business: of a customer type, that it trades with us.
    #[field(zh = "标志", en = "Mark", list)]
    pub mark: bool,
    #[field(zh = "停用", en = "Disabled", list, filter)]
    pub closed: bool,
    /// `list/code`, so that a code is unique in its table.
    #[field(zh = "键", en = "Key", unique, readonly)]
    pub key: String,
    pub stamp: Stamp,
}

fn check_code(new: &mut CodeEntry, old: Option<&CodeEntry>, tx: &mut Tx) -> Result<()> {
    new.code = new.code.trim().to_owned();
    new.key = format!("{}/{}", new.list, new.code);
    if old.is_none() && new.position == 0 {
        new.position = tx.catalog.codes(&new.list).iter().map(|it| it.position).max().unwrap_or(0) + 10;
    }
    let mut above = new.above.clone();
    for _ in 0..100 {
        match above {
            Some(code) if code == new.code => {
                let says = Label {
                    zh: "不能排在自己或自己的下级之下",
                    en: "Can't be part of itself or of one below it",
                };
                return Err(Error::fault("above", "cycle", says));
            }
            Some(code) => above = tx.catalog.code(&new.list, &code).and_then(|it| it.above.clone()),
            None => break,
        }
    }
    let moved = old.is_some_and(|old| old.key != new.key);
    if (moved || old.is_none()) && tx.catalog.code(&new.list, &new.code).is_some() {
        return Err(Error::invalid("code", "duplicate"));
    }
    if let Some(old) = old.filter(|_| moved)
        && tx.code_in_use(&old.list, &old.code)?
    {
        let says = Label {
            zh: "编码已被使用，不能改；可以停用它，再新建一个",
            en: "The code is in use and can't change; disable it and add another",
        };
        return Err(Error::fault("code", "in_use", says));
    }
    Ok(())
}

/// A rule value that the company decides; what may be set and its default are declared in the registry.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "参数", en = "Parameter", module = "settings", icon = "adjustments", title = name)]
#[entity(check = check_parameter)]
pub struct Parameter {
    pub id: Id<Parameter>,
    #[field(zh = "参数", en = "Parameter", unique, required, list)]
    pub name: String,
    #[field(zh = "值", en = "Value", list)]
    pub value: String,
    pub stamp: Stamp,
}

/// A value is what its declaration says; those that the engine itself reads are held to what it can use.
fn check_parameter(new: &mut Parameter, _: Option<&Parameter>, tx: &mut Tx) -> Result<()> {
    let Some(def) = tx.registry.parameter(&new.name) else { return Ok(()) };
    new.value = new.value.trim().to_owned();
    let value = new.value.as_str();
    let number = matches!(def.kind, Kind::Int).then(|| value.parse::<u32>());
    let says = match def.name {
        "zone" if TimeZone::get(value).is_err() => Label {
            zh: "没有这个时区，例如 Asia/Shanghai",
            en: "No such time zone; an example is Asia/Shanghai",
        },
        "currency" if value.len() != 3 || !value.bytes().all(|it| it.is_ascii_uppercase()) => {
            Label { zh: "用三个大写字母，例如 CNY", en: "Three capital letters, as in CNY" }
        }
        "fiscal_start" if value.len() != 5 || format!("2025-{value}").parse::<Date>().is_err() => {
            Label { zh: "写成 月-日，例如 01-01", en: "Month and day, as in 01-01" }
        }
        "backup_hour" if number.as_ref().is_some_and(|it| !matches!(it, Ok(0..24))) => {
            Label { zh: "应在 0 到 23 之间", en: "From 0 to 23" }
        }
        _ if number.is_some_and(|it| it.is_err()) => {
            Label { zh: "应是不小于零的整数", en: "Enter a whole number that is not negative" }
        }
        _ if def.kind.parse(value).is_none() => return Err(Error::invalid("value", "malformed")),
        _ => return Ok(()),
    };
    Err(Error::fault("value", "malformed", says))
}

/// A field that the administrator added to an entity. Deleting the definition hides the values, it does not lose them.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "自定义字段", en = "Custom field", module = "settings", icon = "forms", title = name, closed = closed)]
#[entity(check = check_custom, views = CUSTOM_VIEWS)]
pub struct CustomField {
    pub id: Id<CustomField>,
    #[field(zh = "所属档案", en = "Entity", required, list, filter, format = Entity)]
    pub entity: String,
    #[field(zh = "字段名", en = "Field name", auto, list)]
    pub field: String,
    #[field(zh = "名称", en = "Name", required, list)]
    pub name: String,
    #[field(zh = "英文名称", en = "English name", list)]
    pub name_en: Option<String>,
    #[field(zh = "类型", en = "Kind", list)]
    pub kind: CustomKind,
    #[field(zh = "代码表", en = "Code table", list, format = Table)]
    pub table: Option<String>,
    #[field(zh = "必填", en = "Required", list)]
    pub required: bool,
    #[field(zh = "显示在列表", en = "In the list", list)]
    pub in_list: bool,
    #[field(zh = "排序号", en = "Order", auto, list)]
    pub position: i64,
    #[field(zh = "停用", en = "Closed", list)]
    pub closed: bool,
    #[field(zh = "键", en = "Key", unique, readonly)]
    pub key: String,
    pub stamp: Stamp,
}

const CUSTOM_VIEWS: Views = views![
    open("在用", "In use", "closed=false&group=entity&sort=position"),
    closed("已停用", "Closed", "closed=true&group=entity&sort=position"),
];

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum CustomKind {
    #[choice(zh = "文字", en = "Text")]
    Text,
    #[choice(zh = "多行文字", en = "Long text")]
    Long,
    #[choice(zh = "整数", en = "Whole number")]
    Int,
    #[choice(zh = "金额", en = "Amount")]
    Money,
    #[choice(zh = "日期", en = "Date")]
    Date,
    #[choice(zh = "是否", en = "Yes or no")]
    Bool,
    #[choice(zh = "代码", en = "Code")]
    Code,
}

/// A name for programs: the English one, or the initials of the Chinese.
fn free_name(new: &CustomField, there: &[CustomField]) -> String {
    let english = new.name_en.as_deref().unwrap_or_default().trim().to_lowercase().replace([' ', '-'], "_");
    let plain =
        |it: &&String| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let initials = search::initials(&new.name).to_lowercase();
    let name = [english, initials].iter().find(plain).map_or("field", String::as_str).to_owned();
    let taken = |name: &String| there.iter().any(|it| it.field == format!("x_{name}"));
    let more = (2..100).map(|n| format!("{name}_{n}"));
    std::iter::once(name.clone()).chain(more).find(|it| !taken(it)).unwrap_or(name)
}

fn check_custom(new: &mut CustomField, old: Option<&CustomField>, tx: &mut Tx) -> Result<()> {
    new.field = new.field.trim().to_lowercase();
    if old.is_none() && (new.field.is_empty() || new.position == 0) {
        let there: Vec<CustomField> = tx.find(&[("entity", new.entity.as_str().into())])?;
        if new.position == 0 {
            new.position = there.iter().map(|it| it.position).max().unwrap_or(0) + 10;
        }
        if new.field.is_empty() {
            new.field = free_name(new, &there);
        }
    }
    if !new.field.starts_with("x_") {
        new.field = format!("x_{}", new.field);
    }
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    if new.field.len() < 3 || new.field.len() > 40 || !new.field.bytes().all(plain) {
        let says = Label {
            zh: "字段名用小写英文字母、数字和 _",
            en: "A field name has small letters, digits and _",
        };
        return Err(Error::fault("field", "malformed", says));
    }
    if tx.registry.entity(&new.entity).is_none_or(|def| def.at("custom").is_none()) {
        let says =
            Label { zh: "这种档案不能加自定义字段", en: "This entity takes no custom fields" };
        return Err(Error::fault("entity", "unknown_entity", says));
    }
    if new.kind == CustomKind::Code && new.table.is_none() {
        return Err(Error::invalid("table", "required"));
    }
    if old.is_some_and(|old| old.kind != new.kind || old.field != new.field || old.entity != new.entity) {
        let says = Label {
            zh: "已建的字段不能改类型、字段名和所属；请停用它，再新建一个",
            en: "Kind, field name and entity can't change; close it and add another",
        };
        return Err(Error::fault("kind", "fixed", says));
    }
    new.key = format!("{}.{}", new.entity, new.field);
    // Its columns sort and filter by indexes, which are made behind the scenes.
    tx.job("index_custom").map(drop)
}

/// The company's own pattern for an entity's numbers.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "编号规则", en = "Number rule", module = "settings", icon = "hash", title = entity, check = check_rule)]
pub struct NumberRule {
    pub id: Id<NumberRule>,
    #[field(zh = "档案或单据", en = "Entity", unique, required, list, format = Entity)]
    pub entity: String,
    #[field(zh = "规则", en = "Pattern", required, list)]
    pub pattern: String,
    pub stamp: Stamp,
}

fn check_rule(new: &mut NumberRule, _: Option<&NumberRule>, _: &mut Tx) -> Result<()> {
    pattern::checked(&new.pattern)
}

/// How files of one kind are imported, as somebody mapped one and gave that a name.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "导入配置", en = "Import profile", title = name, owner = user)]
pub struct ImportProfile {
    pub id: Id<ImportProfile>,
    #[field(zh = "档案", en = "Entity", required, readonly, format = Entity)]
    pub entity: String,
    #[field(zh = "名称", en = "Name", required, readonly)]
    pub name: String,
    /// A [`crate::import::Profile`] as JSON.
    #[field(zh = "内容", en = "Profile", readonly, format = Json)]
    pub profile: String,
    #[field(zh = "用户", en = "User", readonly)]
    pub user: Option<Id<User>>,
    pub stamp: Stamp,
}

/// A filter with columns, sort and grouping under a name; the query holds all of them.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "视图", en = "View", title = name, owner = user)]
pub struct SavedView {
    pub id: Id<SavedView>,
    #[field(zh = "档案", en = "Entity", required, list, filter)]
    pub entity: String,
    #[field(zh = "名称", en = "Name", required, list)]
    pub name: String,
    #[field(zh = "条件", en = "Query", list)]
    pub query: String,
    #[field(zh = "用户", en = "User", list, filter)]
    pub user: Id<User>,
    #[field(zh = "共享", en = "Sharing", list)]
    pub sharing: Sharing,
    #[field(zh = "默认", en = "Default", list)]
    pub is_default: bool,
    #[field(zh = "置顶到侧栏", en = "Pinned", list)]
    pub pinned: bool,
    #[field(zh = "提醒", en = "Reminder", list)]
    pub remind: bool,
    #[field(zh = "紧急", en = "Urgent", list)]
    pub urgent: bool,
    #[field(zh = "排序号", en = "Order", list)]
    pub position: i64,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Sharing {
    #[choice(zh = "只有自己", en = "Only me")]
    Own,
    #[choice(zh = "本部门", en = "My department")]
    Department,
    #[choice(zh = "所有人", en = "Everybody")]
    All,
}
