//! Rows to act on today: those of the reminders, each with the verb that settles it.

use maud::{Markup, html};
use model::{Card, Desk, EntityDef, Kind, Lang, Moment, Query, Result, VerbDef};
use web::list::ask::Ask;
use web::list::cell::{Cells, choice, is_grade};
use web::ui::{amount, none, t};

use super::figure::with;
use super::tiles::Tile;

const ROWS: usize = 8;

/// What settles a row of a reminder.
#[derive(Clone, Copy)]
enum Deed {
    Verb(&'static VerbDef),
    /// A page of the record: its labels and how its address ends.
    Go(&'static str, &'static str, &'static str),
}

#[derive(Clone)]
struct Line {
    def: &'static EntityDef,
    id: i64,
    kind: (String, &'static str),
    title: String,
    grade: Option<Markup>,
    state: String,
    owner: String,
    deed: Deed,
}

/// The reminders with rows, those of one alone where `only` names it.
pub fn draw(desk: &mut Desk, tiles: &[Tile], only: &str, base: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let tiles: Vec<&Tile> = tiles.iter().filter(|it| it.all.count > 0 && reminds(it)).collect();
    let chosen: Vec<&Tile> = tiles.iter().filter(|it| it.code == only).copied().collect();
    let shown = if chosen.is_empty() { &tiles } else { &chosen };
    // Each reminder has its share; the longer ones fill what the shorter ones leave.
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&n| shown[n].all.count);
    let (mut found, mut left) = (vec![Vec::new(); shown.len()], ROWS);
    for (n, &at) in order.iter().enumerate() {
        found[at] = rows(desk, shown[at], left / (shown.len() - n))?;
        left -= found[at].len();
    }
    let lines: Vec<Line> = found.into_iter().flatten().collect();
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
                        @for tile in &tiles { a href=(at(&tile.code)) aria-current=[(tile.code == only).then_some("true")] { (tile.label) " " (amount(tile.all.count, 0, 0)) } }
                    }
                }
                span class="ky-grow" {}
                @if let (Some(href), true) = (first, shown.len() == 1) { a href=(href) { (t(lang, "在列表中打开", "Open as a list")) } }
            }
            @if lines.is_empty() {
                p class="ky-card-body ky-mute" { (t(lang, "没有要处理的。", "Nothing to do.")) }
            } @else {
                (table(&lines, lang))
            }
        }
    })
}

fn reminds(tile: &Tile) -> bool {
    tile.code.starts_with('v') || tile.def.views.iter().any(|it| it.code == tile.code && it.remind)
}

fn table(lines: &[Line], lang: Lang) -> Markup {
    let grades = lines.iter().any(|it| it.grade.is_some());
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
            tbody {
                @for it in lines {
                    tr {
                        td { span class={ "ky-status " (it.kind.1) } { (it.kind.0) } }
                        td class="is-lead" { a class="ky-lead" href={ "/" (it.def.code) "/" (it.id) } { (it.title) } }
                        @if grades { td class="is-center ky-desktop" { @match &it.grade { Some(grade) => { (grade) } None => { (none()) } } } }
                        td { (it.state) }
                        td class="ky-desktop" { @if it.owner.is_empty() { (none()) } @else { (it.owner) } }
                        td class="is-number" {
                            @match it.deed {
                                Deed::Verb(verb) => {
                                    button class="ky-btn is-small" type="button" hx-get={ "/" (it.def.code) "/" (it.id) "/" (verb.name) } hx-target="#dialog" aria-label={ (verb.label.of(lang)) " " (it.title) } { (verb.label.of(lang)) }
                                }
                                Deed::Go(zh, en, end) => {
                                    a class="ky-btn is-small" href={ "/" (it.def.code) "/" (it.id) (end) } aria-label={ (t(lang, zh, en)) " " (it.title) } { (t(lang, zh, en)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rows(desk: &mut Desk, tile: &Tile, most: usize) -> Result<Vec<Line>> {
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
    ids.into_iter().map(|id| line(desk, tile, id)).collect()
}

fn line(desk: &mut Desk, tile: &Tile, id: i64) -> Result<Line> {
    let def = tile.def;
    let card = desk.get(def.code, id)?;
    let cells = Cells::of(desk);
    let grade = card.fields.iter().find_map(|(field, value)| match (field.kind, value) {
        (Kind::Choice(all), Some(value)) if field.list && is_grade(all) => {
            Some(choice(field, all, value.text(), value.text(), cells.lang))
        }
        _ => None,
    });
    let owner = def.owner.map(|at| def.fields[at].name);
    let owner = owner.map_or(String::new(), |name| shown(&card, &cells, name));
    let color = match (tile.urgent, tile.code.as_str()) {
        (true, _) => "is-bad",
        (_, "handed_in") => "is-info",
        (_, "wrong_tax") => "is-warn",
        _ => "",
    };
    let state = state(desk, tile, &card, &cells);
    let deed = deed(tile, &card);
    let kind = (tile.label.clone(), color);
    Ok(Line { def, id, kind, title: card.title, grade, state, owner, deed })
}

fn shown(card: &Card, cells: &Cells, name: &str) -> String {
    let found = card.fields.iter().find(|it| it.0.name == name);
    found.and_then(|(field, value)| Some(cells.value(field, value.as_ref()?.cell()))).unwrap_or_default()
}

/// Why a row stands there.
fn state(desk: &Desk, tile: &Tile, card: &Card, cells: &Cells) -> String {
    let lang = cells.lang;
    match (tile.code.as_str(), lang) {
        ("handed_in", Lang::Zh) => {
            format!("{} {}上报", shown(card, cells, "creator"), ago(desk, card, "created"))
        }
        ("handed_in", Lang::En) => {
            format!("{}, {}", shown(card, cells, "creator"), ago(desk, card, "created"))
        }
        ("incomplete", Lang::Zh) => format!("缺 {} 项", shown(card, cells, "missing")),
        ("incomplete", Lang::En) => format!("{} items missing", shown(card, cells, "missing")),
        ("wrong_tax", _) => shown(card, cells, "tax_number"),
        (_, Lang::Zh) => format!("{}有修改", ago(desk, card, "changed")),
        (_, Lang::En) => format!("changed {}", ago(desk, card, "changed")),
    }
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

fn deed(tile: &Tile, card: &Card) -> Deed {
    let ready = |name: &str| {
        card.verbs.iter().find(|it| it.unless.is_none() && it.verb.name == name).map(|it| it.verb)
    };
    let verb = match tile.code.as_str() {
        "handed_in" => ready("register"),
        _ => None,
    };
    match (verb, tile.code.as_str(), card.editable) {
        (Some(verb), ..) => Deed::Verb(verb),
        (None, "incomplete", true) => Deed::Go("补资料", "Complete", "/edit"),
        (None, "wrong_tax", true) => Deed::Go("核对税号", "Check", "/edit"),
        _ => Deed::Go("查看", "Open", ""),
    }
}
