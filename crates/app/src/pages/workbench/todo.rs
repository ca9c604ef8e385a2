//! Rows to act on today: those of the reminders, each with the verb that settles it.

use maud::{Markup, html};
use model::{Card, Desk, EntityDef, FieldDef, Format, Kind, Lang, Moment, Query, Result, Value};
use web::list::ask::Ask;
use web::list::cell::{Cells, choice, is_grade};
use web::says;
use web::ui::{count, none, t};

use super::figure::with;
use super::tiles::Tile;

const ROWS: usize = 8;

/// The reminders with rows, those of one alone where `only` names it.
pub fn draw(desk: &mut Desk, tiles: &[Tile], only: &str, base: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let tiles: Vec<&Tile> = tiles.iter().filter(|it| it.all.count > 0 && reminds(it)).collect();
    // Views of two entities may have the same code.
    let name = |it: &Tile| format!("{}.{}", it.def.code, it.code);
    let chosen: Vec<&Tile> = tiles.iter().filter(|it| name(it) == only).copied().collect();
    let shown = if chosen.is_empty() { &tiles } else { &chosen };
    let grades = shown.iter().any(|it| grade(it.def).is_some());
    // Each reminder has its share; the longer ones fill what the shorter ones leave.
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&n| shown[n].all.count);
    let (mut found, mut left) = (vec![Vec::new(); shown.len()], ROWS);
    for (n, &at) in order.iter().enumerate() {
        found[at] = rows(desk, shown[at], left / (shown.len() - n), grades)?;
        left -= found[at].len();
    }
    let rows: Vec<Markup> = found.into_iter().flatten().collect();
    let at = |code: &str| match (code, base) {
        ("", "") => "/".to_owned(),
        ("", base) => format!("/?{base}"),
        (code, base) => format!("/?{}", with(base, "todo", code)),
    };
    let first = shown.first().map(|it| it.all.href.as_str());
    Ok(html! {
        section class="ky-card" id="todo" {
            header {
                h2 { (t(lang, "今天要处理", "To do today")) }
                @if tiles.len() > 1 {
                    nav class="ky-seg is-small" aria-label=(t(lang, "今天要处理", "To do today")) {
                        a href=(at("")) aria-current=[chosen.is_empty().then_some("true")] { (t(lang, "全部", "All")) }
                        @for tile in &tiles { a href=(at(&name(tile))) aria-current=[(name(tile) == only).then_some("true")] { (tile.label) " " (count(tile.all.count)) } }
                    }
                }
                span class="ky-grow" {}
                @if let (Some(href), true) = (first, shown.len() == 1) { a href=(href) { (t(lang, "在列表中打开", "Open as a list")) } }
            }
            @if rows.is_empty() {
                p class="ky-card-body ky-mute" { (t(lang, "没有要处理的。", "Nothing to do.")) }
            } @else {
                (table(&rows, grades, lang))
            }
        }
    })
}

fn reminds(tile: &Tile) -> bool {
    tile.code.starts_with('v') || tile.def.views.iter().any(|it| it.code == tile.code && it.remind)
}

/// How important a record is.
fn grade(def: &'static EntityDef) -> Option<&'static FieldDef> {
    def.fields.iter().find(|it| it.list && matches!(it.kind, Kind::Choice(all) if is_grade(all)))
}

fn table(rows: &[Markup], grades: bool, lang: Lang) -> Markup {
    html! {
        table class="ky-table is-inset ky-todo-table" {
            colgroup {
                col width=(if lang == Lang::Zh { "96" } else { "156" }); col; @if grades { col width="52" class="ky-desktop"; }
                col width="176"; col width="76" class="ky-desktop"; col width="104";
            }
            thead { tr {
                th scope="col" { (t(lang, "类型", "Kind")) }
                th scope="col" { (t(lang, "名称", "Name")) }
                @if grades { th scope="col" class="is-center ky-desktop" { (t(lang, "等级", "Class")) } }
                th scope="col" { (t(lang, "情况", "State")) }
                th scope="col" class="ky-desktop" { (t(lang, "负责人", "Owner")) }
                th scope="col" { span class="ky-hidden" { (t(lang, "操作", "Action")) } }
            } }
            tbody { @for row in rows { (row) } }
        }
    }
}

fn rows(desk: &mut Desk, tile: &Tile, most: usize, grades: bool) -> Result<Vec<Markup>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let query = Ask::read(desk, tile.def, &tile.raw)?.query;
    // The oldest request first, the emptiest file first.
    let sort = match tile.code.as_str() {
        "handed_in" => vec![("created".into(), false)],
        "incomplete" => vec![("missing".into(), true)],
        _ => query.sort.clone(),
    };
    let columns = vec![tile.def.title_field().name.to_owned()];
    let list = desk.list(tile.def.code, &Query { columns, sort, group: None, size: Some(most), ..query })?;
    let ids: Vec<i64> = desk.rows(&list)?.0.iter().map(|row| row[0].int()).collect();
    ids.into_iter().map(|id| row(desk, tile, id, grades)).collect()
}

fn row(desk: &mut Desk, tile: &Tile, id: i64, grades: bool) -> Result<Markup> {
    let def = tile.def;
    let card = desk.get(def.code, id)?;
    let cells = Cells::of(desk);
    let lang = cells.lang;
    let grade = grade(def).and_then(|field| match (field.kind, card.value(field.name)) {
        (Kind::Choice(all), Some(value)) => Some(choice(field, all, value.text(), value.text(), lang)),
        _ => None,
    });
    let owner = def.owner.map_or(String::new(), |at| shown(&card, &cells, def.fields[at].name));
    let color = match (tile.urgent, tile.code.as_str()) {
        (true, _) => "is-bad",
        (_, "handed_in") => "is-info",
        (_, "wrong_tax") => "is-warn",
        _ => "",
    };
    let address = format!("/{}/{id}", def.code);
    Ok(html! {
        tr {
            td { span class={ "ky-status " (color) } { (tile.label) } }
            td class="is-lead" { a class="ky-lead" href=(address) { (card.title) } }
            @if grades { td class="is-center ky-desktop" { @match grade { Some(grade) => { (grade) } None => { (none()) } } } }
            td { @match late(&card, &cells) { Some(late) => { (late) } None => { (state(desk, tile, &card, &cells)) } } }
            td class="ky-desktop" { @if owner.is_empty() { (none()) } @else { (owner) } }
            td class="is-number" { (deed(tile, &card, &address, lang)) }
        }
    })
}

/// What settles it: a verb, or a page of the record.
fn deed(tile: &Tile, card: &Card, address: &str, lang: Lang) -> Markup {
    let mut ready = card.verbs.iter().filter(|it| it.unless.is_none()).map(|it| it.verb);
    let settles = tile.def.views.iter().find(|it| it.code == tile.code).map_or("", |it| it.verb);
    let verb = ready.find(|it| it.name == settles);
    if let Some(verb) = verb {
        let label = verb.label.of(lang);
        return html! { button class="ky-btn is-small" type="button" hx-get={ (address) "/" (verb.name) } hx-target="#dialog" aria-label={ (label) " " (card.title) } { (label) } };
    }
    let (label, end) = match (tile.code.as_str(), card.editable) {
        ("incomplete", true) => (t(lang, "补资料", "Complete"), "/edit"),
        ("wrong_tax", true) => (t(lang, "核对税号", "Check"), "/edit"),
        _ => (t(lang, "查看", "Open"), ""),
    };
    html! { a class="ky-btn is-small" href={ (address) (end) } aria-label={ (label) " " (card.title) } { (label) } }
}

fn shown(card: &Card, cells: &Cells, name: &str) -> String {
    let found = card.fields.iter().find(|it| it.0.name == name);
    found.and_then(|(field, value)| Some(cells.value(field, value.as_ref()?.cell()))).unwrap_or_default()
}

/// For how long something about it is late.
fn late(card: &Card, cells: &Cells) -> Option<Markup> {
    let is_late = |it: &FieldDef| it.format == Format::Late && matches!(it.kind, Kind::Int);
    let (field, value) = card.fields.iter().find(|it| is_late(it.0))?;
    let days = value.as_ref()?.int();
    (days > 0)
        .then(|| html! { span class="is-bad" { (field.label.of(cells.lang)) " " (cells.late(field, days)) } })
}

/// Why a row stands there.
fn state(desk: &Desk, tile: &Tile, card: &Card, cells: &Cells) -> String {
    let lang = cells.lang;
    match tile.code.as_str() {
        "handed_in" => {
            let (who, when) = (shown(card, cells, "creator"), ago(desk, card, "created"));
            says!(lang, "{who} {when}上报", "{who}, {when}")
        }
        "incomplete" => {
            let missing = shown(card, cells, "missing");
            says!(lang, "缺 {missing} 项", "{missing} items missing")
        }
        "wrong_tax" => shown(card, cells, "tax_number"),
        _ => amount(tile, card, cells).unwrap_or_else(|| {
            let when = ago(desk, card, "changed");
            let gap = if when.ends_with(|it: char| it.is_ascii_digit()) { " " } else { "" };
            says!(lang, "{when}{gap}有修改", "changed {when}")
        }),
    }
}

/// The amount that the reminder asks about, else the record's own.
fn amount(tile: &Tile, card: &Card, cells: &Cells) -> Option<String> {
    let view = tile.def.views.iter().find(|it| it.code == tile.code)?;
    let is_asked = |name: &str| view.query.split(['&', '=', '>', '<', '!']).any(|it| it == name);
    let is_money = |it: &&(&'static FieldDef, Option<Value>)| it.0.sum && matches!(it.0.kind, Kind::Money);
    let mut money = card.fields.iter().filter(is_money);
    let asked = money.clone().find(|it| is_asked(it.0.name));
    let (field, value) = asked.or_else(|| money.find(|it| it.0.list && tile.def.lines.is_some()))?;
    Some(format!("{} {}", field.label.of(cells.lang), cells.value(field, value.as_ref()?.cell())))
}

/// How long ago, in days.
fn ago(desk: &Desk, card: &Card, name: &str) -> String {
    let moment = card.value(name).and_then(|it| it.text().parse::<Moment>().ok());
    moment.map_or(String::new(), |it| when(desk, it))
}

/// A day in words: today, yesterday, 3 days ago, or its date.
pub fn when(desk: &Desk, moment: Moment) -> String {
    let day = desk.catalog().zone.to_datetime(moment);
    let days = day.date().until(desk.today()).map_or(0, |it| it.get_days());
    match (days, desk.actor.lang) {
        (..=0, _) => day.strftime("%H:%M").to_string(),
        (1, lang) => t(lang, "昨天", "yesterday").to_owned(),
        (2..=30, Lang::Zh) => format!("{days} 天前"),
        (2..=30, Lang::En) => format!("{days} days ago"),
        _ => day.date().to_string(),
    }
}
