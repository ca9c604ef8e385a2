//! Above a report: the path that was drilled, time, slices, grouping, measures, conditions, ways out.

use maud::{Markup, html};
use model::{Condition, Desk, Figures, Lang, Result, Term};

use super::Asked;
use crate::list::{bar, filter, words};
use crate::ui::{icon12, icon14, t};

/// Where one stands: everything, then a step for each condition, which leads back to it.
pub fn action_row(desk: &mut Desk, asked: &Asked) -> Result<Markup> {
    let lang = desk.actor.lang;
    let mut steps = Vec::new();
    for term in &asked.query().terms {
        let (label, value) = words::term(desk, asked.def.fact, term)?;
        let key = match term {
            Term::One(it) => Condition::key(&it.field).into_owned(),
            Term::Or(_) => "or".to_owned(),
        };
        steps.push((label, value, key));
    }
    let may_export = desk.may(asked.def.fact, "export").is_ok();
    let without = |from: usize| {
        let changes: Vec<_> =
            steps[from..].iter().map(|it| (it.2.as_str(), "")).chain([("group", "")]).collect();
        asked.ask.link(&changes)
    };
    Ok(html! {
        div class="ky-actionbar" {
            nav class="ky-path" aria-label=(t(lang, "下钻路径", "Path")) {
                @if steps.is_empty() { b { (t(lang, "全部", "All")) } } @else { a href=(without(0)) { (t(lang, "全部", "All")) } }
                @for (n, (label, value, _)) in steps.iter().enumerate() {
                    (icon12("chevron-right"))
                    @if n + 1 == steps.len() { b title=(label) { (value) } } @else { a href=(without(n + 1)) title=(label) { (value) } }
                }
            }
            div class="ky-actions" {
                div class="ky-group ky-desktop" role="group" aria-label=(t(lang, "数据进出", "Data in and out")) {
                    @if may_export {
                        details class="ky-menu" data-menu {
                            summary class="ky-btn is-small" { (icon14("download")) (t(lang, "导出", "Export")) }
                            div class="ky-pop is-menu is-right" {
                                a data-here href=(asked.ask.address("/export", &[("format", "xlsx")])) { (icon14("file-type-xls")) "Excel" }
                                a data-here href=(asked.ask.address("/export", &[("format", "csv")])) { (icon14("file-text")) "CSV" }
                            }
                        }
                    }
                    a class="ky-btn is-small" data-here href=(asked.ask.address("/print", &[])) { (icon14("printer")) (t(lang, "打印", "Print")) }
                }
            }
        }
    })
}

pub fn query_row(desk: &mut Desk, asked: &Asked, found: &Figures) -> Result<Markup> {
    let lang = desk.actor.lang;
    let (def, ask) = (asked.def, &asked.ask);
    let chips = bar::chips(desk, ask, def.date)?;
    let time = time(desk, asked)?;
    let dimensions = desk.dimensions(def);
    let groups = asked.groups();
    let said = |name: &str| dimensions.iter().find(|it| it.0 == name).map_or("", |it| it.1.of(lang));
    let shown: Vec<&str> = found.columns[found.axes.len()..].iter().map(|it| it.field.name).collect();
    let measures: Vec<_> = desk.measures(def).collect();
    let toggled = |name: &str| {
        let is_on = |it: &&str| shown.contains(it) != (*it == name);
        measures.iter().map(|it| it.field.name).filter(is_on).collect::<Vec<_>>().join(",")
    };
    Ok(html! {
        div class="ky-filters" role="search" {
            (time)
            @if !def.slices().is_empty() {
                nav class="ky-seg" aria-label=(t(lang, "时间粒度", "Slices of time")) {
                    @for it in def.slices() { a href=(ask.link(&[("slice", it.name)])) aria-current=[(asked.slice == it.name).then_some("true")] { (it.label.of(lang)) } }
                }
            }
            span class="ky-chip" {
                details data-menu {
                    summary { (icon14("layout-list")) (t(lang, "分组", "Group")) " " b { @for (n, it) in groups.iter().enumerate() { @if n > 0 { " › " } (said(it)) } } (icon12("chevron-down")) }
                    div class="ky-pop is-menu" {
                        @for (name, label) in &dimensions {
                            a href=(ask.link(&[("group", name), ("sort", "")])) aria-current=[(groups.first() == Some(name)).then_some("true")] { (icon14(if groups.first() == Some(name) { "check" } else { "list" })) (label.of(lang)) }
                        }
                        @if let Some(first) = groups.first() {
                            p class="ky-pop-label" { (t(lang, "再按", "then by")) }
                            @for (name, label) in dimensions.iter().filter(|it| it.0 != *first) {
                                @let on = groups.get(1) == Some(name);
                                @let both = if on { (*first).to_owned() } else { format!("{first},{name}") };
                                a href=(ask.link(&[("group", &both), ("sort", "")])) aria-current=[on.then_some("true")] { (icon14(if on { "check" } else { "plus" })) (label.of(lang)) }
                            }
                        }
                    }
                }
            }
            span class="ky-chip" {
                details data-menu {
                    summary { (icon14("hash")) (t(lang, "指标", "Measures")) " " b { (shown.len()) (t(lang, " 项", "")) } (icon12("chevron-down")) }
                    div class="ky-pop is-menu" {
                        @for it in &measures {
                            @let on = shown.contains(&it.field.name);
                            a href=(ask.link(&[("measure", &toggled(it.field.name)), ("sort", "")])) aria-current=[on.then_some("true")] { (icon14(if on { "check" } else { "plus" })) (it.field.label.of(lang)) }
                        }
                    }
                }
            }
            @if !def.ages.is_empty() { (ages(asked, lang)) }
            button class="ky-iconbtn is-line ky-phone" type="button" data-sheet="filters" aria-label=(t(lang, "筛选", "Filter")) { (icon14("adjustments-horizontal")) }
            div class="ky-filters-set" id="filters" {
                div class="ky-filters-head" { (t(lang, "筛选", "Filter")) button class="ky-iconbtn" type="button" data-sheet-close aria-label=(t(lang, "关闭", "Close")) { (icon14("x")) } }
                @for chip in &chips { (chip) }
                (bar::more(ask, lang))
                a class="ky-btn is-small is-text" href={ "/" (ask.at) } { (t(lang, "重置", "Reset")) }
                div class="ky-filters-foot" { button class="ky-btn is-primary" type="button" data-sheet-close { (t(lang, "看报表", "Show")) } }
            }
        }
    })
}

/// From which day an age is counted, and where its parts end.
fn ages(asked: &Asked, lang: Lang) -> Markup {
    let (query, ask) = (asked.query(), &asked.ask);
    let now = query.aged.as_deref().unwrap_or(asked.def.ages[0].name);
    let ends = query.buckets.as_deref().unwrap_or("30,60,90");
    let label = asked.def.ages.iter().find(|it| it.name == now).map_or("", |it| it.label.of(lang));
    html! {
        span class="ky-chip" {
            details data-menu {
                summary { (icon14("clock")) (t(lang, "账龄", "Ages")) " " b { (label) } (icon12("chevron-down")) }
                form class="ky-pop ky-pop-body" method="get" action={ "/" (ask.at) } {
                    @for (key, value) in ask.pairs("buckets").into_iter().filter(|it| !matches!(it.0, "aged" | "sort" | "page")) { input type="hidden" name=(key) value=(value); }
                    @for it in asked.def.ages { label class="ky-choice" { input class="ky-check" type="radio" name="aged" value=(it.name) checked[it.name == now]; span { (it.label.of(lang)) } } }
                    div class="ky-field" {
                        label class="ky-label" for="buckets" { (t(lang, "各段到第几天", "Parts end after days")) }
                        input class="ky-input" id="buckets" name="buckets" value=(ends) required pattern="[0-9 ,，]+" autocomplete="off";
                    }
                    button class="ky-btn is-small is-primary" { (t(lang, "查看", "Show")) }
                }
            }
        }
    }
}

/// The span of time, or the day at whose end things stand.
fn time(desk: &mut Desk, asked: &Asked) -> Result<Markup> {
    let lang = desk.actor.lang;
    let said = asked.time(desk)?;
    let is_state = asked.def.date.is_empty();
    let inner = if is_state {
        let today = desk.today();
        let ends = [
            (t(lang, "今天", "Today"), String::new()),
            (t(lang, "上月底", "End of last month"), "last_month".to_owned()),
            (t(lang, "上季度末", "End of last quarter"), "last_quarter".to_owned()),
            (t(lang, "去年底", "End of last year"), "last_year".to_owned()),
        ];
        html! {
            div class="ky-pop is-menu" {
                @for (label, day) in &ends { a href=(asked.ask.link(&[("as_of", day)])) { (icon14("calendar")) (label) } }
                form class="ky-pop-body ky-row" method="get" action={ "/" (asked.ask.at) } {
                    @for (key, value) in asked.ask.pairs("as_of") { input type="hidden" name=(key) value=(value); }
                    input class="ky-input" data-date autocomplete="off" name="as_of" value=(said) max=(today) aria-label=(t(lang, "截至日期", "As of"));
                    button class="ky-btn is-small is-primary" { (t(lang, "查看", "Show")) }
                }
            }
        }
    } else {
        let now = asked.query().period.clone().unwrap_or_else(|| asked.def.period.to_owned());
        html! { div class="ky-pop is-range" data-filter="period" { (filter::span(desk, &asked.ask, "period", &now)) } }
    };
    Ok(html! {
        span class="ky-chip" {
            details data-menu {
                summary { (icon14("calendar")) @if is_state { (t(lang, "截至 ", "As of ")) } b { (said) } (icon12("chevron-down")) }
                (inner)
            }
        }
    })
}
