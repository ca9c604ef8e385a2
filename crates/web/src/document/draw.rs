//! The page drawn: where it is written, and its overview once it is final.

use maud::{Markup, html};
use model::{Card, Desk, EntityDef, Input, Kind, Lang, Offer, Result, Trial, VerbDef};

use super::{Column, Goods, columns, lines_of, offers, related, section, tried};
use crate::act::ask::{self, Slot};
use crate::card::{View, part, rail};
use crate::form::{self, Draft};
use crate::list::bar::verb_icon;
use crate::list::cell::{Cells, choice};
use crate::list::table::{figure, new_label};
use crate::shell::Page;
use crate::ui::{count, icon, icon14, t};

/// Numbered rows that a page shows at least.
const ROWS: usize = 12;

/// The page on which a document is written.
pub fn page(desk: &mut Desk, card: Card, draft: &Draft) -> Result<Page> {
    let lang = desk.actor.lang;
    let def = card.def;
    let title = if card.id == 0 { new_label(def.label.of(lang), lang) } else { card.title.clone() };
    let list = if draft.from.is_empty() { "view=*" } else { &draft.from };
    let crumbs = vec![(def.many(lang), format!("/{}?{list}", def.code))];
    let body = body(desk, &card, draft)?;
    Ok(Page { crumbs, class: "ky-main is-flush is-document", ..Page::new(title, def.code, body) })
}

fn body(desk: &mut Desk, card: &Card, draft: &Draft) -> Result<Markup> {
    let (lang, cells) = (desk.actor.lang, Cells::of(desk));
    let (input, trial) = tried(desk, &cells, card, draft)?;
    let saved = (card.id != 0).then_some(card);
    let live = live(desk, &cells, saved, &trial)?;
    let head = head(desk, &cells, card, trial.panel.notice.is_some())?;
    let fields = fields(desk, &cells, card, draft)?;
    let messages = form::messages(desk, &cells, card, draft)?;
    let (grid, state) = grid(desk, &cells, card, draft, &input, &trial)?;
    let line = lines_of(card.def)?;
    let base = format!("/{}", card.def.code);
    let action = if card.id == 0 { base.clone() } else { format!("{base}/{}", card.id) };
    let filled = input.rows.get(line.code).map_or(0, Vec::len);
    // Faults of lines stand in their cells; the bar says the first.
    let registry = desk.catalog().registry;
    let of_lines = draft.faults.iter().find(|it| it.field.starts_with(line.code));
    let says = of_lines.map(|it| {
        let place = model::message::place(registry, card.def.code, &it.field, lang);
        format!("{place}{}{}", t(lang, "：", ": "), model::message::fault(it, lang))
    });
    let within = card.def.parent().map(|it| card.def.fields[it.0].name);
    Ok(html! {
        form class="ky-doc" method="post" action=(action) autocomplete="off" novalidate data-guard data-document data-reckon={ (base) "/reckon" } data-paste={ (base) "/lines" } data-code=(line.code) data-id=(card.id) data-brings[card.def.brings.is_some()] {
            (head)
            (form::hidden(card, draft))
            @if card.id != 0 { input type="hidden" name={ "_rows." (line.code) } value=(state); }
            div data-live="notice" { (live.notice) }
            (messages)
            div class="ky-doc-fields" {
                div class="ky-form-grid" { @for field in &fields { (field) } }
                @if card.def.panel.is_some() {
                    aside class="ky-doc-panel" aria-live="polite" aria-label=(t(lang, "往来情况", "Account")) data-live="panel" { (live.panel) }
                }
            }
            div class="ky-doc-bar" {
                h3 { (line.many(lang)) } span class="ky-count" data-count { (filled) }
                span class="ky-doc-says is-bad" role="status" data-says { @if let Some(says) = &says { (says) } }
                span class="ky-grow" {}
                @if let Some(within) = within { button class="ky-btn is-small is-text" type="button" data-again=(within) { (icon14("history")) (t(lang, "带入上次单据", "Repeat the last one")) } }
                @if card.def.panel.is_some() { button class="ky-btn is-small is-text" type="button" data-prices-open { (icon14("tag")) (t(lang, "价格与历史价", "Prices")) } }
                button class="ky-btn is-small is-text" type="button" data-paste-open { (icon14("forms")) (t(lang, "粘贴明细", "Paste lines")) }
            }
            (grid)
            div class="ky-doc-pop" data-prices hidden {
                div data-live="more" { (live.more) }
                p { kbd { "Enter" } (t(lang, " 用上次价　", " last price  ")) kbd { "Alt 1" } (t(lang, " 按价格规则　", " price by rule  ")) kbd { "Esc" } (t(lang, " 关闭", " close")) }
            }
            footer class="ky-doc-foot" {
                div class="ky-row" {
                    span { kbd { "Enter" } (t(lang, "下一格", "Next cell")) }
                    span { kbd { "↑" } kbd { "↓" } (t(lang, "换行", "Row")) }
                    @if card.def.panel.is_some() { span { kbd { "Alt P" } (t(lang, "历史价", "Prices")) } }
                    span { kbd { "Ctrl D" } (t(lang, "复制上行", "Copy above")) }
                    span { kbd { "Ctrl Del" } (t(lang, "删行", "Remove line")) }
                    button type="button" data-dialog="keys" { kbd { "?" } (t(lang, "全部", "All")) }
                }
                div class="ky-doc-sums" data-live="foot" { (live.foot) }
            }
        }
        dialog class="ky-dialog" id="paste" aria-labelledby="paste-title" {
            form method="dialog" {
                h2 id="paste-title" { (t(lang, "粘贴明细", "Paste lines")) }
                p { (t(lang, "从 Excel 复制的行，或每行一个商品的文字，例如：DN20球阀 30个", "Rows copied from Excel, or one product a line, for example: DN20 ball valve 30")) }
                textarea class="ky-input" rows="10" aria-label=(t(lang, "明细", "Lines")) {}
                div class="ky-dialog-foot" {
                    button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                    button class="ky-btn is-primary" type="button" data-paste-take { (t(lang, "加入明细", "Add the lines")) }
                }
            }
        }
    })
}

/// Title, number, state, when it was saved; what can be done.
fn head(desk: &mut Desk, cells: &Cells, card: &Card, waits: bool) -> Result<Markup> {
    let lang = cells.lang;
    let (def, code) = (card.def, card.def.code);
    let base = format!("/{code}/{}", card.id);
    let offers = offers(desk, card)?;
    let is_first = |it: &&Offer| it.unless.is_none() && !it.verb.danger && it.verb.asks.is_empty();
    let first = offers.iter().find(is_first).map(|it| it.verb);
    let rest: Vec<_> =
        offers.iter().filter(|it| first.is_none_or(|first| !std::ptr::eq(first, it.verb))).collect();
    let changed = card.value("changed").filter(|_| card.id != 0);
    let changed = changed.and_then(|it| it.text().parse().ok()).map(|it| cells.moment(it));
    Ok(html! {
        header class="ky-doc-head" {
            h2 { (def.label.of(lang)) }
            @if card.id == 0 { @if def.edit.is_some() { span class="ky-tag" { (t(lang, "草稿", "Draft")) } } }
            @else { span class="ky-nowrap" { (card.title) } (state(card, cells)) }
            @if let Some(changed) = &changed { span class="ky-small ky-mute ky-nowrap" { (changed) (t(lang, " 已保存", " saved")) } }
            span class="ky-small ky-warn-text" data-unsaved hidden { (t(lang, "有未保存的修改", "Unsaved changes")) }
            div class="ky-actions" {
                @if card.id != 0 {
                    div class="ky-group" role="group" aria-label=(t(lang, "数据进出", "Data in and out")) {
                        @if desk.may(def, "export").is_ok() { a class="ky-btn is-small" href={ "/" (code) "/export?ids=" (card.id) } { (icon14("download")) (t(lang, "导出", "Export")) } }
                        a class="ky-btn is-small" href={ (base) "/print" } { (icon14("printer")) (t(lang, "打印", "Print")) }
                    }
                }
                button class="ky-btn is-small" data-key="Ctrl+S" { (if def.edit.is_some() { t(lang, "存草稿", "Save draft") } else { t(lang, "保存", "Save") }) kbd { "Ctrl S" } }
                @if let Some(verb) = first { (run_button(verb, waits, lang)) }
                details class="ky-menu" data-menu {
                    summary class="ky-btn is-small is-square" aria-label=(t(lang, "更多操作", "More actions")) { (icon14("dots")) }
                    div class="ky-pop is-menu is-right" {
                        @for it in &rest { (menu_item(it, &base, card.id, lang)) }
                        @if card.id != 0 {
                            @if !rest.is_empty() { hr; }
                            a href={ "/" (code) "/new?copy=" (card.id) } { (icon("copy")) (t(lang, "复制单据", "Copy the document")) }
                            a href={ (base) "?at=history" } { (icon("history")) (t(lang, "变更记录", "History")) }
                            a href={ (base) "?at=notes" } { (icon("note")) (t(lang, "备注", "Notes")) }
                            a href={ (base) "?at=files" } { (icon("paperclip")) (t(lang, "文档", "Files")) }
                        }
                        @if card.deletable { hr; button type="button" class="is-danger" hx-get={ "/" (code) "/batch/delete?ids=" (card.id) } hx-target="#dialog" { (icon("trash")) (t(lang, "删除", "Delete")) } }
                    }
                }
            }
        }
    })
}

/// The choice that says how far it is.
fn state(card: &Card, cells: &Cells) -> Markup {
    let of = card.fields.iter().find_map(|(field, value)| match (field.kind, value) {
        (Kind::Choice(all), Some(value)) if field.readonly && field.list => Some((*field, all, value)),
        _ => None,
    });
    html! { @if let Some((field, all, value)) = of { span class="ky-tag" { (choice(field, all, value.text(), &cells.value(field, value.cell()), cells.lang)) } } }
}

/// Saves, and runs a verb on what was saved; while it waits, the reason describes the button.
fn run_button(verb: &VerbDef, waits: bool, lang: Lang) -> Markup {
    html! {
        button class="ky-btn is-small is-primary" name="_then" value={ "verb:" (verb.name) } data-key="Ctrl+Enter" aria-describedby=[waits.then_some("doc-notice")] {
            (verb.label.of(lang)) kbd { "Ctrl ↵" }
        }
    }
}

fn menu_item(it: &Offer, base: &str, id: i64, lang: Lang) -> Markup {
    let verb = it.verb;
    let danger = verb.danger.then_some("is-danger");
    let sign = icon(verb_icon(verb.name));
    html! {
        @if verb.asks.is_empty() && !verb.danger && it.unless.is_none() {
            button name="_then" value={ "verb:" (verb.name) } { (sign) (verb.label.of(lang)) }
        } @else if id != 0 {
            button type="button" class=[danger] disabled[it.unless.is_some()] title=[it.unless.map(|why| why.of(lang))] hx-get={ (base) "/" (verb.name) } hx-target="#dialog" { (sign) (verb.label.of(lang)) }
        }
    }
}

/// The head's fields in four columns; what is long to write takes two.
fn fields(desk: &mut Desk, cells: &Cells, card: &Card, draft: &Draft) -> Result<Vec<Markup>> {
    let source = format!("/{}/options", card.def.code);
    let mut controls = Vec::new();
    for field in card.fields.iter().map(|it| it.0) {
        if !form::asks(desk, card.def, field) {
            continue;
        }
        let text = form::begun(cells, card, field, draft);
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
        let class = match field.kind {
            Kind::Text => "is-2",
            Kind::Link(_) if field.required => "is-2",
            _ => "",
        };
        controls.push(
            html! { div class=(class) data-field=(field.name) { (ask::labelled(desk, &slot, "", None)?) } },
        );
    }
    Ok(controls)
}

/// What changes by every key: panel, further sections, the notice on top, the totals.
pub struct Live {
    pub panel: Markup,
    pub more: Markup,
    pub notice: Markup,
    pub foot: Markup,
}

pub fn live(desk: &mut Desk, cells: &Cells, saved: Option<&Card>, trial: &Trial) -> Result<Live> {
    let lang = cells.lang;
    let mut sections = trial.panel.sections.iter();
    let panel = match sections.next() {
        Some(first) => section::section(cells, first),
        None => {
            html! { p class="ky-mute" { (t(lang, "选好对方后，这里显示往来情况。", "Choose who it is for to see how they stand.")) } }
        }
    };
    let more = html! { @for it in sections { (section::section(cells, it)) } };
    let notice = saved.or(Some(&trial.head)).zip(trial.panel.notice.as_ref());
    let notice = html! {
        @if let Some((card, it)) = notice { (section::notice(cells, card, it)) }
        @if let Some(it) = &trial.moves { (section::notice(cells, &trial.head, it)) }
    };
    Ok(Live { panel, more, notice, foot: foot(desk, cells, trial) })
}

/// How many lines, the sums of quantities and of the head, the total in figures and in capitals.
fn foot(desk: &Desk, cells: &Cells, trial: &Trial) -> Markup {
    let lang = cells.lang;
    let about = |it: &Card| it.value(it.def.title_field().name).is_some_and(|it| it.int() != 0);
    let lines: Vec<_> = trial.lines.iter().filter(|it| about(it)).collect();
    let mut sums: Vec<(&str, String)> = vec![(t(lang, "行数", "Lines"), count(lines.len() as i64))];
    if let Some(first) = lines.first() {
        for (field, _) in first.fields.iter().filter(|it| it.0.sum && matches!(it.0.kind, Kind::Quantity)) {
            let sum = lines.iter().filter_map(|it| it.value(field.name)).map(|it| it.int()).sum();
            sums.push((field.label.of(lang), figure(field.kind, sum)));
        }
    }
    let (total, others) = totals(&trial.head);
    sums.extend(others.into_iter().map(|(label, sum)| (label.of(lang), figure(Kind::Money, sum))));
    let is_yuan = desk.catalog().parameter("currency") == "CNY";
    html! {
        dl {
            @for (label, sum) in &sums { div { dt { (label) } dd { (sum) } } }
            @if let Some((label, total)) = total { div class="is-total" { dt { (label.of(lang)) } dd { small { "¥" } (figure(Kind::Money, total)) } } }
        }
        @if let Some((_, total)) = total && is_yuan { p { span class="ky-mute" { (t(lang, "大写", "In capitals")) } "　" span lang="zh-CN" { (model::Money(total).capitals()) } } }
        @else { p { " " } }
    }
}

type Sum = (model::Label, i64);

/// What the head sums up: the total, which stands first there, and the others.
pub fn totals(head: &Card) -> (Option<Sum>, Vec<Sum>) {
    let is_sum = |field: &model::FieldDef| {
        field.sum && field.readonly && field.sql.is_empty() && matches!(field.kind, Kind::Money)
    };
    let all = head.fields.iter().filter(|it| is_sum(it.0));
    let known = all.filter_map(|(field, value)| match value {
        Some(model::Value::Int(sum)) => Some((field.label, *sum)),
        _ => None,
    });
    let mut known = known.collect::<Vec<_>>().into_iter();
    (known.next(), known.collect())
}

/// The lines as a grid: one empty row at the end to type into, and numbers for more.
fn grid(
    desk: &mut Desk,
    cells: &Cells,
    card: &Card,
    draft: &Draft,
    input: &Input,
    trial: &Trial,
) -> Result<(Markup, String)> {
    let lang = cells.lang;
    let line = lines_of(card.def)?;
    let columns = columns(desk, line);
    let now = if card.id == 0 { Vec::new() } else { desk.rows_of(card.def, card.id, line)? };
    let state = form::state(&now);
    let rows = input.rows.get(line.code).map_or(&[][..], Vec::as_slice);
    let mut goods = Goods::default();
    let mut lines = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let place = format!("{}.{n}.", line.code);
        let faults: Vec<_> = draft
            .faults
            .iter()
            .filter_map(|it| Some((it.field.strip_prefix(&place)?, model::message::fault(it, lang))))
            .collect();
        let drawn = Row { n: (n + 1).to_string(), texts: row, card: trial.lines.get(n), faults: &faults };
        lines.push(self::row(desk, cells, line, &columns, &mut goods, &drawn)?);
    }
    let nothing = Input::default();
    let empty = |n: String| Row { n, texts: &nothing, card: None, faults: &[] };
    let last = row(desk, cells, line, &columns, &mut goods, &empty((rows.len() + 1).to_string()))?;
    let pattern = row(desk, cells, line, &columns, &mut goods, &empty("#".into()))?;
    let width = |it: &Column| match it.field.kind {
        Kind::Money => Some(112),
        Kind::Price => Some(96),
        Kind::Quantity => Some(88),
        Kind::Rate => Some(66),
        Kind::Code => Some(58),
        _ if it.field.name == line.title_field().name => None,
        _ => Some(160),
    };
    let head = |it: &Column| {
        let label = it.field.label.of(lang);
        if matches!(it.field.kind, Kind::Money) { format!("{label} ¥") } else { label.to_owned() }
    };
    let least = ROWS.saturating_sub(rows.len() + 1);
    let grid = html! {
        div class="ky-scroll ky-doc-lines" data-row-set tabindex="-1" {
            input type="hidden" name={ (line.code) ".0.id" } value="";
            table class="ky-table is-entry" data-rows {
                colgroup { col width="40"; @for it in &columns { col width=[width(it)]; } col width="40"; }
                thead { tr {
                    th scope="col" { "#" }
                    @for it in &columns { th scope="col" class={ @if it.field.kind.is_amount() { "is-number" } @if it.open && it.field.required { " is-required" } } { (head(it)) } }
                    th scope="col" { span class="ky-hidden" { (t(lang, "删除", "Remove")) } }
                } }
                tbody { @for it in &lines { (it) } (last) }
                tbody class="is-ghosts" aria-hidden="true" { @for n in 0..least { tr class="is-ghost" { td { (rows.len() + 2 + n) } td colspan=(columns.len() + 1) {} } } }
            }
            template data-row-template { (pattern) }
        }
    };
    Ok((grid, state))
}

/// A row about to be drawn: its texts, and what they came to.
struct Row<'a> {
    n: String,
    texts: &'a Input,
    card: Option<&'a Card>,
    faults: &'a [(&'a str, String)],
}

fn row(
    desk: &mut Desk,
    cells: &Cells,
    line: &'static EntityDef,
    columns: &[Column],
    goods: &mut Goods,
    row: &Row,
) -> Result<Markup> {
    let lang = cells.lang;
    let source = format!("/{}/options", line.code);
    let title = line.title_field().name;
    let mut drawn = Vec::new();
    for column in columns {
        let field = column.field;
        let amount = if field.kind.is_amount() { "is-number" } else { "" };
        let label = field.label.of(lang);
        if !column.open {
            let (shown, behind) = match row.card {
                Some(card) => (goods.shown(desk, cells, card, column)?, goods.behind(desk, card, column)?),
                None => (String::new(), None),
            };
            let says = t(lang, "在新标签页看流水", "Its movements, in a new tab");
            drawn.push(html! {
                td class={ "is-said " (amount) } data-shown=(field.name) data-label=(label) {
                    @match behind { Some(to) => { a href=(to) target="_blank" rel="noopener" title=(says) { (shown) } } None => (shown) }
                }
            });
            continue;
        }
        let name = format!("{}.{}.{}", line.code, row.n, field.name);
        let fault = row.faults.iter().find(|it| it.0 == field.name).map(|it| it.1.as_str());
        let slot = Slot {
            field,
            name: &name,
            text: row.texts.text(field.name),
            fault,
            source: &source,
            in_cell: true,
        };
        let input = ask::input(desk, &slot)?;
        let about = match row.card {
            Some(card) if field.name == title => goods.about(desk, card)?,
            _ => String::new(),
        };
        drawn.push(html! {
            td class={ (amount) @if fault.is_some() { " is-bad" } @if field.name == title { " is-goods" } } data-cell=(field.name) data-label=(label)
                data-fault[fault.is_some()] title=[fault] data-auto[field.auto] data-default=[field.default.filter(|_| field.name != title)] {
                @if field.name == title { div class="ky-goods" { (input) small data-about { (about) } } } @else { (input) }
                @if let Some(fault) = fault { small class="ky-error ky-hidden" id={ (name) "-error" } { (fault) } }
            }
        });
    }
    Ok(html! {
        tr {
            td { (row.n) }
            @for cell in &drawn { (cell) }
            td {
                input type="hidden" name={ (line.code) "." (row.n) ".id" } value=(row.texts.text("id"));
                button class="ky-iconbtn is-small" type="button" tabindex="-1" data-row-remove aria-label={ (t(lang, "删除这一行：", "Remove this row: ")) (line.label.of(lang)) } { (icon14("x")) }
            }
        }
    })
}

/// The overview of a document that is final: why it waits, its lines with their totals, its head, and what came of it.
pub fn overview(desk: &mut Desk, view: &View) -> Result<Markup> {
    let (cells, card) = (&view.cells, &view.card);
    let line = lines_of(card.def)?;
    let panel = if view.past.is_none() { desk.panel(card)? } else { model::Panel::default() };
    let moves = if view.past.is_none() { desk.moves(card)? } else { None };
    let lines = desk.rows_at(card.def, card.id, line, view.past)?;
    let head = desk.get(card.def.code, card.id)?;
    let trial =
        Trial { head, lines, faults: Vec::new(), refused: None, panel: model::Panel::default(), moves: None };
    let foot = foot(desk, cells, &trial);
    let table = rail::panel(desk, view, line, true)?;
    let mut parts = Vec::new();
    for n in 0..view.parts.len() {
        parts.push(part::panel(desk, view, n, false)?);
    }
    let mut others = Vec::new();
    if view.past.is_none() {
        for (from, query) in related(desk, card) {
            others.extend(rail::related(desk, view, from, &query)?);
        }
    }
    Ok(html! {
        @for it in panel.notice.iter().chain(&moves) { (section::notice(cells, card, it)) }
        (table)
        section class="ky-card ky-doc-sums is-card" { (foot) }
        @for it in &parts { (it) }
        @for it in &others { (it) }
    })
}
