//! Forms drawn from descriptors: the sections, child rows, and what is to be said about them.

use maud::{Markup, html};
use model::{
    Card, Desk, EntityDef, FieldDef, Format, Input, Kind, Label, Lang, Look, Result, Twin, value_of,
};

use super::clash::{Clash, Theirs};
use super::{Draft, begun, text_of};
use crate::act::ask::{self, Slot};
use crate::card::part::{parts, shown};
use crate::list::cell::{Cells, state as look_of};
use crate::list::table::new_label;
use crate::ui::{self, icon14, none, notice, t};

/// What two drawings of the same child rows have in common.
pub fn state(rows: &[Card]) -> String {
    rows.iter().map(|it| format!("{}:{}", it.id, it.version)).collect::<Vec<_>>().join(",")
}

/// The form as a page of its own.
pub fn whole(desk: &mut Desk, card: Card, draft: &Draft) -> Result<Markup> {
    let lang = desk.actor.lang;
    let (def, id) = (card.def, card.id);
    let cells = Cells::of(desk);
    let mut sections = Vec::new();
    for part in parts(&card, lang) {
        let fields: Vec<_> = part.fields.iter().map(|it| it.0).filter(|it| asks(desk, def, it)).collect();
        if !fields.is_empty() {
            sections.push((part.title, controls(desk, &cells, &card, &fields, draft)?));
        }
    }
    let mut children = Vec::new();
    for child in desk.catalog().registry.children(def).filter(|it| !it.is_ours()).collect::<Vec<_>>() {
        if desk.may(child, "update").is_ok() || (id == 0 && desk.may(def, "create").is_ok()) {
            children.push((child, rows(desk, &cells, &card, child, draft)?));
        }
    }
    let action = if id == 0 { format!("/{}", def.code) } else { format!("/{}/{id}", def.code) };
    let back = if id == 0 { format!("/{}", def.code) } else { action.clone() };
    let says = if id == 0 { on_saving(desk, def)? } else { None };
    Ok(html! {
        form class="ky-main-form" method="post" action=(action) autocomplete="off" novalidate data-guard {
            (hidden(&card, draft))
            div class="ky-column" {
                (messages(desk, &cells, &card, draft)?)
                @if let Some(says) = &says { (notice("info", html! { (says) })) }
                (alike_box(def, id))
                @for (n, (title, controls)) in sections.iter().enumerate() {
                    section class="ky-card" aria-labelledby={ "section-" (n) } {
                        header { h2 id={ "section-" (n) } { (title) } }
                        div class="ky-card-body" { div class="ky-form-grid" { @for control in controls { (control) } } }
                    }
                }
                @for (child, rows) in &children {
                    section class="ky-card is-clip" { header { h2 { (child.label.of(lang)) } } (rows) }
                }
            }
            div class="ky-foot is-form" {
                button class="ky-btn is-primary" data-key="Ctrl+S" { (t(lang, "保存", "Save")) kbd { "Ctrl S" } }
                @if id == 0 { button class="ky-btn" name="_then" value="new" data-key="Ctrl+Enter" { (t(lang, "保存并新建", "Save and new")) kbd { "Ctrl ↵" } } }
                a class="ky-btn is-text" href=(back) { (t(lang, "取消", "Cancel")) }
                span class="ky-grow" {}
                span class="ky-mute ky-desktop" { span class="is-bad" { "* " } (t(lang, "必须填写", "Required")) }
            }
        }
    })
}

/// Some of the fields, for a page that asks for more than the record.
pub fn some(desk: &mut Desk, card: &Card, names: &[&str], draft: &Draft) -> Result<Vec<Markup>> {
    let of = |name: &&str| card.fields.iter().map(|it| it.0).find(|it| it.name == *name);
    let fields: Vec<_> = names.iter().filter_map(of).filter(|it| asks(desk, card.def, it)).collect();
    let cells = Cells::of(desk);
    controls(desk, &cells, card, &fields, draft)
}

/// Whether forms ask for a field.
pub fn asks(desk: &Desk, def: &EntityDef, field: &FieldDef) -> bool {
    desk.may_write(def, field) && field.format != Format::Json
}

/// What a form says it was when it is a dialog on another page.
pub const DIALOG: &str = "dialog";

/// The form as a dialog: without what fills itself, and with what it belongs to as settled.
pub fn dialog(desk: &mut Desk, card: &Card, draft: &Draft) -> Result<Markup> {
    let (def, lang, cells) = (card.def, desk.actor.lang, Cells::of(desk));
    let (mut settled, mut fields) = (Vec::new(), Vec::new());
    for field in card.fields.iter().map(|it| it.0).filter(|it| asks(desk, def, it) && !it.auto) {
        let text = begun(&cells, card, field, draft);
        let is_settled = field.required && matches!(field.format, Format::Entity | Format::Table);
        match is_settled && !text.is_empty() {
            true => settled.push((field.name, text)),
            false => fields.push(field),
        }
    }
    let controls = controls(desk, &cells, card, &fields, draft)?;
    let (path, title) = match card.id {
        0 => (format!("/{}", def.code), new_label(def.label.of(lang), lang)),
        id => (format!("/{}/{id}", def.code), card.title.clone()),
    };
    let body = html! {
        (hidden(card, draft))
        input type="hidden" name="_part" value=(DIALOG);
        @for (name, value) in &settled { input type="hidden" name=(name) value=(value); }
        (messages(desk, &cells, card, draft)?)
        div class="ky-form-grid is-2" { @for control in &controls { (control) } }
    };
    Ok(ui::dialog(lang, &path, &title, body, t(lang, "保存", "Save")))
}

/// One section, edited where it stands: a part by its place, or child rows by their entity.
pub fn in_place(desk: &mut Desk, card: Card, part: &str, draft: &Draft, brief: bool) -> Result<Markup> {
    let lang = desk.actor.lang;
    let def = card.def;
    if part == DIALOG {
        return dialog(desk, &card, draft);
    }
    let cells = Cells::of(desk);
    if !card.editable {
        desk.may(def, "update")?;
        return Err(model::Error::Forbidden { entity: def.code, right: "update".into() });
    }
    let missing = || model::Error::missing(format!("{}/{}/{part}", def.code, card.id));
    let (title, body) = match part.parse::<usize>() {
        Ok(n) => {
            let part = parts(&card, lang).into_iter().nth(n).ok_or_else(missing)?;
            let fields: Vec<_> = part.fields.iter().map(|it| it.0).filter(|it| asks(desk, def, it)).collect();
            let controls = controls(desk, &cells, &card, &fields, draft)?;
            let mut fixed = Vec::new();
            for (field, value) in &part.fields {
                if asks(desk, def, field) {
                    continue;
                }
                fixed.push((field, shown(desk, &cells, field, value.as_ref())?));
            }
            let grid = html! {
                div class="ky-card-body" {
                    div class={ "ky-form-grid" @if brief { " is-2" } } {
                        @for control in &controls { (control) }
                        @for (field, value) in &fixed {
                            div class="ky-field" { span class="ky-label" { (field.label.of(lang)) } div class="ky-box is-readonly" { (value) } }
                        }
                    }
                }
            };
            (part.title, grid)
        }
        Err(_) => {
            let child =
                desk.catalog().registry.children(def).find(|it| it.code == part).ok_or_else(missing)?;
            desk.may(child, "update")?;
            (child.label.of(lang), rows(desk, &cells, &card, child, draft)?)
        }
    };
    let target = format!("#part-{part}");
    let base = format!("/{}/{}", def.code, card.id);
    let read = format!("{base}/part/{part}?read=1&brief={}", u8::from(brief));
    Ok(html! {
        form class="ky-card is-editing" id=(&target[1..]) hx-post=(base) hx-target=(target) hx-swap="outerHTML" autocomplete="off" novalidate data-section data-guard {
            header { h2 { (title) } }
            (hidden(&card, draft))
            input type="hidden" name="_part" value=(part);
            input type="hidden" name="_brief" value=(u8::from(brief));
            (messages(desk, &cells, &card, draft)?)
            (alike_box(def, card.id))
            (body)
            footer {
                button class="ky-btn is-small is-primary" data-key="Ctrl+S" { (t(lang, "保存", "Save")) kbd { "Ctrl S" } }
                button class="ky-btn is-small" type="button" data-cancel hx-get=(read) hx-target=(target) hx-swap="outerHTML" { (t(lang, "取消", "Cancel")) kbd { "Esc" } }
            }
        }
    })
}

pub fn hidden(card: &Card, draft: &Draft) -> Markup {
    let version = draft.clash.as_ref().map_or(card.version, |it| it.version);
    html! {
        @if card.id != 0 { input type="hidden" name="_version" value=(version); }
        @if !draft.from.is_empty() { input type="hidden" name="_from" value=(draft.from); }
    }
}

fn controls(
    desk: &mut Desk,
    cells: &Cells,
    card: &Card,
    fields: &[&'static FieldDef],
    draft: &Draft,
) -> Result<Vec<Markup>> {
    let source = format!("/{}/options", card.def.code);
    let mut controls = Vec::new();
    for field in fields {
        let text = begun(cells, card, field, draft);
        let fault = draft.faults.iter().find(|it| it.field == field.name);
        let fault = fault.map(|it| model::message::fault(it, cells.lang));
        let slot = Slot {
            field,
            name: field.name,
            text: &text,
            fault: fault.as_deref(),
            source: &source,
            in_cell: false,
        };
        let automatic = card.id == 0 && field.name == "number" && card.def.number.is_some();
        let hint = match automatic {
            true => Some(t(cells.lang, "留空则自动编号", "Left empty, it is numbered by itself")),
            false => field.auto.then_some(t(cells.lang, "留空则自动填写", "Left empty, it is filled in")),
        };
        controls.push(ask::labelled(
            desk,
            &slot,
            if field.name == card.def.title_field().name { "is-2" } else { "" },
            hint,
        )?);
    }
    Ok(controls)
}

/// Child rows as a grid: what is there, what was sent, and a pattern for more.
fn rows(
    desk: &mut Desk,
    cells: &Cells,
    card: &Card,
    child: &'static EntityDef,
    draft: &Draft,
) -> Result<Markup> {
    let lang = cells.lang;
    let of = child.of.map_or("", |at| child.fields[at].name);
    let catalog = desk.catalog().clone();
    let fields: Vec<_> = catalog
        .fields(child)
        .filter(|it| it.name != of && it.name != "id" && desk.may_write(child, it))
        .collect();
    let now = if card.id == 0 { Vec::new() } else { desk.rows_of(card.def, card.id, child)? };
    let state = state(&now);
    let begun: Vec<Input> = match draft.input.rows.get(child.code) {
        Some(rows) if draft.given => rows.clone(),
        _ => {
            let row = |it: &Card| {
                let texts = fields.iter().map(|field| {
                    (field.name.to_owned(), text_of(cells, field, &value_of(child, &it.record, field)))
                });
                texts.chain([("id".to_owned(), it.id.to_string())]).collect()
            };
            now.iter().map(row).collect()
        }
    };
    let mut lines = Vec::new();
    for (n, row) in begun.iter().enumerate() {
        let place = format!("{}.{n}.", child.code);
        let faults: Vec<_> = draft
            .faults
            .iter()
            .filter_map(|it| Some((it.field.strip_prefix(&place)?, model::message::fault(it, lang))))
            .collect();
        lines.push(line(desk, child, &fields, &(n + 1).to_string(), row, &faults)?);
    }
    let blank = child.blank(desk.now());
    let empty: Input = fields
        .iter()
        .map(|it| (it.name.to_owned(), text_of(cells, it, &value_of(child, &blank, it))))
        .collect();
    let pattern = line(desk, child, &fields, "#", &empty, &[])?;
    Ok(html! {
        div class="ky-card-body" data-row-set {
            // An empty row says that these are all the rows, be they none.
            input type="hidden" name={ (child.code) ".0.id" } value="";
            @if card.id != 0 { input type="hidden" name={ "_rows." (child.code) } value=(state); }
            div class="ky-grid-scroll" {
                table class="ky-grid" data-rows {
                    thead { tr { th scope="col" { "#" } @for field in &fields { th scope="col" class=[field.required.then_some("is-required")] { (field.label.of(lang)) } } th scope="col" { span class="ky-hidden" { (t(lang, "删除", "Remove")) } } } }
                    tbody { @for line in &lines { (line) } }
                }
            }
            template data-row-template { (pattern) }
            button class="ky-btn is-small is-text" type="button" data-row-add { (icon14("plus")) (t(lang, "加一行", "Add a row")) }
        }
    })
}

fn line(
    desk: &mut Desk,
    child: &'static EntityDef,
    fields: &[&'static FieldDef],
    n: &str,
    row: &Input,
    faults: &[(&str, String)],
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let source = format!("/{}/options", child.code);
    let mut cells = Vec::new();
    for field in fields {
        let name = format!("{}.{n}.{}", child.code, field.name);
        let fault = faults.iter().find(|it| it.0 == field.name).map(|it| it.1.as_str());
        let slot =
            Slot { field, name: &name, text: row.text(field.name), fault, source: &source, in_cell: true };
        cells.push((field, ask::input(desk, &slot)?, fault, format!("{name}-error")));
    }
    Ok(html! {
        tr {
            td { (n) }
            @for (field, input, fault, id) in &cells {
                td data-label=(field.label.of(lang)) { (input) @if let Some(fault) = fault { small class="ky-error" id=(id) { (fault) } } }
            }
            td {
                input type="hidden" name={ (child.code) "." (n) ".id" } value=(row.text("id"));
                button class="ky-iconbtn is-small" type="button" data-row-remove aria-label={ (t(lang, "删除这一行：", "Remove this row: ")) (child.label.of(lang)) } { (icon14("trash")) }
            }
        }
    })
}

/// Where the answer to what is being typed appears.
fn alike_box(def: &'static EntityDef, id: i64) -> Markup {
    let asked: Vec<String> =
        def.fields.iter().filter(|it| it.like).map(|it| format!("#{}", it.name)).collect();
    let when: Vec<_> = asked.iter().map(|it| format!("change from:{it}")).collect();
    html! {
        @if def.alike.is_some() && !asked.is_empty() {
            div id="alike" aria-live="polite" hx-get={ "/" (def.code) "/alike?id=" (id) } hx-trigger=(when.join(", ")) hx-include=(asked.join(", ")) hx-target="this" hx-swap="innerHTML" {}
        }
    }
}

/// What has to be said before the fields: a rule's no, another's changes, others that may be the same.
pub fn messages(desk: &mut Desk, cells: &Cells, card: &Card, draft: &Draft) -> Result<Markup> {
    let lang = cells.lang;
    let clash = match &draft.clash {
        Some(clash) => Some(clash_box(desk, cells, clash)?),
        None => None,
    };
    let known = |it: &&model::Fault| {
        it.field.contains('.')
            || desk.catalog().field(card.def, &it.field).is_some_and(|field| desk.may_write(card.def, field))
    };
    let stray: Vec<_> = draft
        .faults
        .iter()
        .filter(|it| !known(it))
        .map(|it| {
            format!(
                "{}{}{}",
                model::message::place(desk.catalog().registry, card.def.code, &it.field, lang),
                t(lang, "：", ": "),
                model::message::fault(it, lang)
            )
        })
        .collect();
    Ok(html! {
        @if let Some(says) = &draft.says { (notice("bad", html! { b { (says) } })) }
        @if let Some(clash) = &clash { (clash) }
        @if let Some(look) = &draft.look { (question(card.def, look, lang)) }
        @if !draft.faults.is_empty() {
            (notice("bad", html! {
                b { (t(lang, "没有保存：有几处要改，都标在字段旁边。", "Not saved: some fields need a change; each says what.")) }
                @for says in &stray { p { (says) } }
            }))
        }
    })
}

fn clash_box(desk: &mut Desk, cells: &Cells, clash: &Clash) -> Result<Markup> {
    let lang = cells.lang;
    let at = clash
        .at
        .map(|at| cells.value(&model::STAMP[1], model::Scalar::value(&at).cell()))
        .unwrap_or_default();
    let mut lines = Vec::new();
    for it in &clash.changes {
        let [old, new] = [&it.old, &it.new].map(|value| shown(desk, cells, it.field, Some(value)));
        let mine = match &it.mine {
            Some(text) => Some(said_as(desk, it, text)?),
            None => None,
        };
        lines.push((it.field, old?, new?, mine));
    }
    let mut tables = Vec::new();
    for (child, rows) in &clash.rows {
        tables.push((child.label.of(lang), rows.iter().map(|it| it.title.clone()).collect::<Vec<_>>()));
    }
    Ok(notice(
        "warn",
        html! {
            b { @match lang {
                Lang::Zh => { "没有保存：" (clash.who) " " (at) " 改了这条记录。先看差异，再决定保留哪一份，然后保存。" }
                Lang::En => { "Not saved: " (clash.who) " changed this record at " (at) ". Compare, choose which to keep, then save." }
            } }
            dl class="ky-change is-clash" {
                @for (field, old, new, mine) in &lines {
                    dt { (field.label.of(lang)) }
                    dd {
                        del { (old) } " → " ins { (new) }
                        @match mine {
                            Some(mine) => {
                                div class="ky-row" role="radiogroup" aria-label=(field.label.of(lang)) {
                                    label class="ky-choice" { input class="ky-check" type="radio" name={ "_take." (field.name) } value="mine" checked; span { (t(lang, "用我的：", "Keep mine: ")) (mine) } }
                                    label class="ky-choice" { input class="ky-check" type="radio" name={ "_take." (field.name) } value="theirs"; span { (t(lang, "用对方的：", "Take theirs: ")) (new) } }
                                }
                            }
                            None => { " " span class="ky-mute" { (t(lang, "你没有改它，已换成新的", "You had not changed it; it is taken over")) } }
                        }
                    }
                }
            }
            @for (child, titles) in &tables {
                p { (child) (t(lang, "也被改了，现在是：", " changed too, and now holds: "))
                    @if titles.is_empty() { (none()) } (titles.join(t(lang, "、", ", ")))
                    (t(lang, "。保存会以下面你的行为准。", ". Saving replaces it with your rows below.")) }
            }
            @if clash.hidden > 0 { p { (t(lang, "另有你看不到的字段：", "Fields not open to you: ")) (clash.hidden) } }
        },
    ))
}

/// What this form says, as people read it.
fn said_as(desk: &mut Desk, it: &Theirs, text: &str) -> Result<String> {
    match it.field.kind.parse(text) {
        Some(value) if !text.is_empty() && !matches!(it.field.kind, Kind::Text) => {
            desk.shown(it.field, &value)
        }
        _ if text.is_empty() => Ok("—".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Others that may be the same: the way to each, and the way on.
fn question(def: &EntityDef, look: &Look, lang: Lang) -> Markup {
    let noun = def.label.of(lang);
    notice(
        "warn",
        html! {
            b { @match lang {
                Lang::Zh => { "还没有保存：可能已经有这个" (noun) "。" }
                Lang::En => { "Not saved yet: this " (noun.to_lowercase()) " may be there already." }
            } }
            (twins(def, &look.twins, lang))
            button class="ky-btn is-small" name="_alike" value="yes" { (t(lang, "不是同一个，仍然新建", "Not the same; create it anyway")) }
        },
    )
}

fn twins(def: &EntityDef, twins: &[Twin], lang: Lang) -> Markup {
    let noun = def.label.of(lang);
    html! {
        ul class="ky-twins" {
            @for it in twins {
                li {
                    @match it.id {
                        Some(id) => { a href={ "/" (def.code) "/" (id) } target="_blank" { (it.title) } " " span class="ky-mute" { (it.number) } }
                        None => { @match lang { Lang::Zh => { "已有" (noun) } Lang::En => { "Known " (noun.to_lowercase()) } } }
                    }
                    " · " (it.field.label.of(lang)) (t(lang, "相同或相近", " the same or close"))
                    @match (&it.owner, def.owner) {
                        (Some(owner), _) => { " · " (owner) @if let Some(department) = &it.department { "（" (department) "）" } }
                        (None, Some(_)) => { " · " (t(lang, "在公海，没有负责人", "in the pool, nobody's")) }
                        (None, None) => {}
                    }
                }
            }
        }
    }
}

/// What a look found, while the form is being filled in: it warns and stops nobody.
pub fn warnings(desk: &Desk, def: &'static EntityDef, look: &Look, input: &Input) -> Markup {
    let lang = desk.actor.lang;
    let cells = Cells::of(desk);
    let given = |field: &str| !input.text(field).is_empty();
    let bad: Vec<_> = look
        .made
        .iter()
        .filter(|it| matches!(it.0.kind, Kind::Choice(_)) && look_of(it.2.text()) == "is-bad")
        .collect();
    let faults: Vec<_> = look.faults.iter().filter(|it| given(&it.field)).collect();
    html! {
        @if !look.twins.is_empty() {
            (notice("warn", html! {
                b { (t(lang, "可能已经有了，请先看一看：", "Perhaps it is there already:")) }
                (twins(def, &look.twins, lang))
            }))
        }
        @if look.limited {
            (notice("info", html! { (t(lang, "这一小时查重次数已用完，只和你看得到的比较过。", "You have checked as often as one may in an hour; only what you can see was compared.")) }))
        }
        @for (field, _, value) in bad {
            (notice("warn", html! {
                b { (field.label.of(lang)) (t(lang, "：", ": ")) (cells.value(field, value.cell())) }
                p { (t(lang, "请再核对一次；确实如此也可以保存，以后会列在提醒里。", "Please check again; it can be saved as it is and will be listed among the reminders.")) }
            }))
        }
        @for it in faults {
            (notice("bad", html! { b { (model::message::place(desk.catalog().registry, def.code, &it.field, lang)) (t(lang, "：", ": ")) (model::message::fault(it, lang)) } }))
        }
    }
}

/// What becomes of a new record of this actor's, where it is not simply there: handed in, and waiting for others.
fn on_saving(desk: &mut Desk, def: &'static EntityDef) -> Result<Option<Markup>> {
    let lang = desk.actor.lang;
    let cells = Cells::of(desk);
    let look = desk.look(def.code, 0, &Input::default())?;
    let waits =
        look.made.iter().find(|it| matches!(it.0.kind, Kind::Choice(_)) && look_of(it.2.text()) == "is-warn");
    Ok(waits.map(|(field, _, value)| {
        let says = Label { zh: "保存后会交给有权限的同事处理，状态是 ", en: "Once saved it waits for a colleague with the right; its state is " };
        html! { (says.of(lang)) b { (field.label.of(lang)) (t(lang, "：", ": ")) (cells.value(field, value.cell())) } (t(lang, "。", ".")) }
    }))
}
